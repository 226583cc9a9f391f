// Ends the build: takes the styles of what is loaded later out of the shells, compresses what the adapter does not,
// removes the worker if worker.json says so, and writes build/csp.json, the hashes of the inline scripts of the shells,
// which the content security policy in the header lets run. Fails when a shell has an inline style or an event attribute,
// which it never would.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { removeWorker } from './remove-worker.mjs';

const SHELLS = ['index.html', '200.html'];

/** What the build says of each of its files, by the address that shells name. */
const chunks = new Map(
  Object.values(JSON.parse(readFileSync('.svelte-kit/output/client/.vite/manifest.json', 'utf8'))).map((chunk) => [
    `/${chunk.file}`,
    chunk,
  ]),
);

const scripts = new Set();
for (const shell of SHELLS) {
  const html = ownStyles(readFileSync(`build/${shell}`, 'utf8'));
  writeFileSync(`build/${shell}`, html);
  compress(shell);
  for (const [, attributes, text] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
    if (!/\bsrc=/.test(attributes)) scripts.add(`sha256-${createHash('sha256').update(text).digest('base64')}`);
  }
  if (/<style|\sstyle=|\son[a-z]+=/.test(html.replaceAll(/<script[\s\S]*?<\/script>/g, ''))) {
    throw new Error(`${shell} has an inline style or an event attribute`);
  }
}
writeFileSync('build/csp.json', `${JSON.stringify({ script: [...scripts], style: [] }, null, 2)}\n`);

// The adapter compresses all but this one.
compress('manifest.webmanifest');

if (JSON.parse(readFileSync('worker.json', 'utf8')).remove) removeWorker('build');

/**
 * Leaves the styles of the code that the shell preloads. SvelteKit names those of what this code imports later as well:
 * each would hold the first screen up, and is fetched with its code.
 */
function ownStyles(html) {
  const preloaded = [...html.matchAll(/href="([^"]+)" rel="modulepreload"/g)].flatMap(
    ([, path]) => chunks.get(path) ?? [],
  );
  const own = new Set(preloaded.flatMap(({ css = [] }) => css.map((path) => `/${path}`)));
  if (own.size === 0) throw new Error('a shell has no styles');
  return html.replaceAll(/\s*<link href="([^"]+)" rel="stylesheet">/g, (link, path) => (own.has(path) ? link : ''));
}

function compress(file) {
  const content = readFileSync(`build/${file}`);
  writeFileSync(`build/${file}.br`, brotliCompressSync(content));
  writeFileSync(`build/${file}.gz`, gzipSync(content, { level: 9 }));
}
