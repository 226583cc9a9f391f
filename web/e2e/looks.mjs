// Takes the pictures that e2e/looks.spec.ts compares with, of the client at LAMBDAGRAM_WEB_URL. Each gets a palette of 256
// colours, by which it weighs a third: what that changes is less than what the comparison allows.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import UPNG from 'upng-js';

const FOLDER = fileURLToPath(new URL('looks/', import.meta.url));

/** The most that all pictures may weigh (bytes). */
const ALL = 450_000;

const run = ['playwright', 'test', 'looks.spec.ts', '--grep', 'looks as it did', '--update-snapshots=all'];
execFileSync('npx', ['--no-install', ...run], { stdio: 'inherit' });

let weight = 0;
for (const name of readdirSync(FOLDER)) {
  const file = join(FOLDER, name);
  const picture = UPNG.decode(readFileSync(file));
  const small = new Uint8Array(UPNG.encode(UPNG.toRGBA8(picture), picture.width, picture.height, 256));
  writeFileSync(file, small);
  weight += small.length;
}
console.log(`  ${(weight / 1000).toFixed(0)} KB in all`);
if (weight > ALL) throw new Error(`all pictures together may weigh ${ALL} bytes`);
