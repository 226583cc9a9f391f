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

/** The key of a message by its module. One module imports all of them, so that imports do not tell what is said. */
const keyOf = (id: string) => /\/paraglide\/messages\/_?(\w+)\.js$/.exec(id)?.[1];

const isSmall = (id: string) => !id.includes('/lib/upload/');

/**
 * Puts what screens share into three files of the client: one with all that the first screen shares with others, one
 * with what is shared beside it, and one with texts that two of the others say. Each of small size would be a request
 * of its own, and one that imports another a round trip. What makes pictures is large, and never of the first screen.
 */
export function fewFiles(): Plugin {
  /** What is loaded before the first screen shows. */
  const first = new Set<string>();
  /** The keys of the messages that it says. */
  const said = new Set<string>();
  const isFirst = (id: string) => first.has(id) || said.has(keyOf(id) ?? '');
  const groups = [
    { name: 'first', priority: 1, minShareCount: 2, test: isFirst },
    { name: 'shared', minShareCount: SHARED_BY, test: isSmall },
    { name: 'texts', minShareCount: 2, test: (id: string) => keyOf(id) !== undefined },
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
        const { importedIds = [], code } = this.getModuleInfo(id) ?? {};
        for (const imported of importedIds) if (!keyOf(imported)) walk(imported);
        for (const [, key = ''] of code?.matchAll(/\bm\.(\w+)/g) ?? []) said.add(key);
      };
      for (const id of this.getModuleIds()) {
        if (FIRST_ROUTES.includes(id) || FIRST.some((entry) => entry.test(id))) walk(id);
      }
      if (first.size === 0) this.error('the first screen has no code');
    },
  };
}
