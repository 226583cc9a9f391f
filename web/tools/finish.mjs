// Ends the build: compresses the manifest, removes the worker if worker.json says so, and writes build/csp.json, the
// hashes of the inline scripts of the shells, which the content security policy in the header lets run. Fails when a
// shell has an inline style or an event attribute, which it never would.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { removeWorker } from './remove-worker.mjs';

const SHELLS = ['index.html', '200.html'];

const scripts = new Set();
for (const shell of SHELLS) {
  const html = readFileSync(`build/${shell}`, 'utf8');
  for (const [, attributes, text] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
    if (!/\bsrc=/.test(attributes)) scripts.add(`sha256-${createHash('sha256').update(text).digest('base64')}`);
  }
  if (/<style|\sstyle=|\son[a-z]+=/.test(html.replaceAll(/<script[\s\S]*?<\/script>/g, ''))) {
    throw new Error(`${shell} has an inline style or an event attribute`);
  }
}
writeFileSync('build/csp.json', `${JSON.stringify({ script: [...scripts], style: [] }, null, 2)}\n`);

// The adapter compresses all but this one.
const manifest = readFileSync('build/manifest.webmanifest');
writeFileSync('build/manifest.webmanifest.br', brotliCompressSync(manifest));
writeFileSync('build/manifest.webmanifest.gz', gzipSync(manifest, { level: 9 }));

if (JSON.parse(readFileSync('worker.json', 'utf8')).remove) removeWorker('build');
