import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

const ENTRY = fileURLToPath(new URL('../src/boot.ts', import.meta.url));

/** Gives `virtual:boot` the text of `src/boot.ts` and all it imports, as one small script for the shell. */
export function boot(): Plugin {
  return {
    name: 'boot',
    resolveId: (id) => (id === 'virtual:boot' ? '\0virtual:boot' : undefined),
    async load(id) {
      if (id !== '\0virtual:boot') return undefined;
      this.addWatchFile(ENTRY);
      const built = await build({
        configFile: false,
        logLevel: 'warn',
        resolve: { alias: { $lib: fileURLToPath(new URL('../src/lib', import.meta.url)) } },
        build: { write: false, lib: { entry: ENTRY, formats: ['iife'], name: 'boot' }, minify: true },
      });
      const [output] = Array.isArray(built) ? built : [built];
      const chunk = output && 'output' in output ? output.output[0] : undefined;
      if (!chunk) throw new Error('src/boot.ts came to nothing');
      return `export default ${JSON.stringify(chunk.code.trim())}`;
    },
  };
}
