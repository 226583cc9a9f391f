import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';
import { boot } from './tools/boot.ts';
import { fewFiles } from './tools/few-files.ts';
import { preload } from './tools/preload.ts';
import { strictStyles } from './tools/strict-styles.ts';

/** The deployed local cloud: it serves API and pictures, so that there is one origin here too. */
const edge = process.env.LAMBDAGRAM_WEB_URL ?? 'http://127.0.0.1:4568';
const proxied = { target: edge, changeOrigin: true };

export default defineConfig({
  plugins: [
    boot(),
    fewFiles(),
    preload(),
    strictStyles(),
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
    }),
    sveltekit(),
  ],
  server: {
    host: '127.0.0.1',
    port: 5173,
    // The socket is for pages of the client's own address.
    proxy: { '/api': proxied, '/photos': proxied, '/live': { ...proxied, ws: true, rewriteWsOrigin: true } },
  },
  // Tests run what a browser runs.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : undefined,
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts', 'tools/**/*.test.ts'] },
});
