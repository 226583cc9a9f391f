import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const OURS = fileURLToPath(new URL('../src/lib/preload.ts', import.meta.url));

/** Has what is imported later fetched by `src/lib/preload.ts`, in the place of Vite's helper. */
export function preload(): Plugin {
  let used = false;
  return {
    name: 'preload',
    enforce: 'pre',
    apply: 'build',
    load(id) {
      if (id !== '\0vite/preload-helper.js') return undefined;
      used = true;
      return `export { preload as __vitePreload } from ${JSON.stringify(OURS)}`;
    },
    buildEnd() {
      if (this.environment.name === 'client' && !used) this.error('the helper of Vite has another name');
    },
  };
}
