// Weighs the build, in bytes as brotli makes them: what the first screen loads before it shows, all code, all styles.
// Fails when a budget is passed. `node tools/budget.mjs --print` prints the files as well.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const KIB = 1024;

// All code had 160 KiB before comments. They are 11 KiB, fetched when somebody opens them; search is 5 KiB.
const BUDGETS = { 'first screen, JavaScript': 60 * KIB, 'all JavaScript': 181 * KIB, 'all styles': 24 * KIB };

const weigh = (file) =>
  brotliCompressSync(readFileSync(file), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

/** What index.html preloads: SvelteKit names there all chunks of the feed. */
const shell = readFileSync('build/index.html', 'utf8');
const first = [...shell.matchAll(/href="(\/_app\/[^"]+\.js)" rel="modulepreload"/g)].map(([, path]) => `build${path}`);
if (first.length === 0) throw new Error('index.html preloads nothing');

const all = readdirSync('build/_app/immutable', { recursive: true }).map((name) => join('build/_app/immutable', name));
const groups = {
  'first screen, JavaScript': first,
  'all JavaScript': all.filter((name) => name.endsWith('.js')),
  'all styles': all.filter((name) => name.endsWith('.css')),
};

let passed = true;
for (const [name, files] of Object.entries(groups)) {
  const sizes = files.map((file) => [file, weigh(file)]).sort((a, b) => b[1] - a[1]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const within = total <= BUDGETS[name];
  passed &&= within;
  console.log(
    `${within ? 'ok  ' : 'OVER'} ${name}: ${kib(total)} of ${kib(BUDGETS[name])} KiB in ${files.length} files`,
  );
  if (process.argv.includes('--print')) for (const [file, size] of sizes) console.log(`       ${kib(size)} ${file}`);
}
process.exitCode = passed ? 0 : 1;

function kib(bytes) {
  return (bytes / KIB).toFixed(1);
}
