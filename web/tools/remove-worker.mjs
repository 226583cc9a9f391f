import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const REMOVED = fileURLToPath(new URL('./removed-worker.js', import.meta.url));

/**
 * Makes a build take the service worker from every device. Two ways lead there, since nobody knows in which way a
 * worker is bad: pages that still start read `version.json` and remove it themselves, and in its place browsers
 * fetch one that removes itself, whatever the pages do.
 */
export function removeWorker(build) {
  const version = JSON.parse(readFileSync(`${build}/_app/version.json`, 'utf8'));
  put(`${build}/_app/version.json`, JSON.stringify({ ...version, worker: 'remove' }));
  put(`${build}/service-worker.js`, readFileSync(REMOVED, 'utf8'));
}

/** Writes a file with the variants that the adapter made of it. */
function put(file, text) {
  writeFileSync(file, text);
  writeFileSync(`${file}.br`, brotliCompressSync(text));
  writeFileSync(`${file}.gz`, gzipSync(text, { level: 9 }));
}
