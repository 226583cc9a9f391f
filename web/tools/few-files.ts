import type { Plugin } from 'vite';

/** In how many entries code is that goes into the one file that all share. */
const SHARED_BY = 3;

const isSmall = (id: string) => !id.includes('/lib/upload/');

/**
 * Puts what many screens share into one file of the client. Each of small size would be a request of its own: with 2
 * the first screen passes its budget, with none it has three times as many files. What makes pictures is large, and
 * never of the first screen.
 */
export function fewFiles(): Plugin {
  const codeSplitting = { groups: [{ name: 'shared', minShareCount: SHARED_BY, test: isSmall }] };
  return {
    name: 'few-files',
    configEnvironment: (name) =>
      name === 'client' ? { build: { rolldownOptions: { output: { codeSplitting } } } } : undefined,
  };
}
