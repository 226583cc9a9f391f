import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  kit: {
    // index.html is the shell of the feed and knows its chunks; 200.html is that of every other address.
    adapter: adapter({ fallback: '200.html', precompress: true }),
    paths: { relative: false },
    // Registered by the layout, once the first screen is there.
    serviceWorker: { register: false },
  },
};
