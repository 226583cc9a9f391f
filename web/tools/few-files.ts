import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** In how many entries code is that goes into the one file that all screens share. */
const SHARED_BY = 3;

const ROUTES = fileURLToPath(new URL('../src/routes/', import.meta.url));

/** Where the first screen begins: SvelteKit's own two entries, the frame, the feed, and the error page fetched with them. */
const FIRST = [/\/kit\/src\/runtime\/client\/entry\.js$/, /\/generated\/client-optimized\/app\.js$/];
const FIRST_ROUTES = ['+layout.svelte', '+layout.ts', '+page.svelte', '+page.ts', '+error.svelte'].map(
  (name) => ROUTES + name,
);

const isSmall = (id: string) => !id.includes('/lib/upload/');

/**
 * Puts what screens share into two files of the client: one with all that the first screen shares with others, one
 * with the rest. Each of small size would be a request of its own, and one that imports another a round trip. What
 * makes pictures is large, and never of the first screen.
 */
export function fewFiles(): Plugin {
  /** What is loaded before the first screen shows. */
  const first = new Set<string>();
  const groups = [
    { name: 'first', priority: 1, minShareCount: 2, test: (id: string) => first.has(id) },
    { name: 'shared', minShareCount: SHARED_BY, test: isSmall },
  ];
  return {
    name: 'few-files',
    configEnvironment: (name) =>
      name === 'client' ? { build: { rolldownOptions: { output: { codeSplitting: { groups } } } } } : undefined,
    buildEnd() {
      if (this.environment.name !== 'client') return;
      const walk = (id: string) => {
        if (first.has(id)) return;
        first.add(id);
        for (const imported of this.getModuleInfo(id)?.importedIds ?? []) walk(imported);
      };
      for (const id of this.getModuleIds()) {
        if (FIRST_ROUTES.includes(id) || FIRST.some((entry) => entry.test(id))) walk(id);
      }
      if (first.size === 0) this.error('the first screen has no code');
    },
  };
}
