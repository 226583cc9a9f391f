// Has Lighthouse judge the screens of the deployed client: `npm run lighthouse`, as in docs/bench-web.md. It is no package of
// the client, because all of its own would be installed with each checkout: npx fetches the one version.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { chromium } from '@playwright/test';

const LIGHTHOUSE = 'lighthouse@12.8.2';
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];

/** What a screen must have. Performance is measured by `make bench-web`: here it is only told. */
const LEAST = { performance: 0, accessibility: 1, 'best-practices': 1 };

const { values: options } = parseArgs({
  options: {
    login: { type: 'string', default: 'leila_farahani' },
    password: { type: 'string', default: 'a-demo-is-no-secret' },
  },
});
const base = process.env.LAMBDAGRAM_WEB_URL ?? 'http://127.0.0.1:4568';
const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-sync', '--password-store=basic'];
/** What the browser keeps: Lighthouse starts one of its own, which is signed in by it. */
const profile = await mkdtemp(join(tmpdir(), 'lighthouse-'));
try {
  console.log(`| ${LIGHTHOUSE} | ${CATEGORIES.join(' | ')} |`);
  console.log(`|---|${CATEGORIES.map(() => '---').join('|')}|`);
  await judge('login', '/login');
  const { photo_id, username } = await signIn();
  await judge('feed', '/');
  await judge('photo', `/p/${photo_id}`);
  await judge('profile', `/@${username}`);
} finally {
  await rm(profile, { recursive: true, force: true });
}

/** Prints how a screen is judged, and below it what it lacks. */
async function judge(name, path) {
  const report = await lighthouse(`${base}${path}`);
  if (new URL(report.finalDisplayedUrl).pathname !== path)
    throw new Error(`${path} leads to ${report.finalDisplayedUrl}`);
  const scores = CATEGORIES.map((category) => report.categories[category].score);
  console.log(`| ${name} | ${scores.map((score) => Math.round(score * 100)).join(' | ')} |`);
  for (const [index, category] of CATEGORIES.entries()) {
    if (scores[index] >= LEAST[category]) continue;
    process.exitCode = 1;
    for (const { id, weight } of report.categories[category].auditRefs) {
      const { score, title, details } = report.audits[id];
      if (weight === 0 || score === null || score === 1) continue;
      const where = details?.items?.map(
        ({ node, sourceLocation, description, url }) => node?.selector ?? sourceLocation?.url ?? description ?? url,
      );
      console.error(`  ${name}, ${category}: ${title} (${id})\n    ${where?.join('\n    ') ?? ''}`);
    }
  }
}

async function lighthouse(address) {
  const how = ['--output=json', '--quiet', '--disable-storage-reset', `--only-categories=${CATEGORIES.join(',')}`];
  const flags = ['--headless=new', ...FLAGS, `--user-data-dir=${profile}`];
  const command = ['--yes', LIGHTHOUSE, address, ...how, `--chrome-flags=${flags.join(' ')}`];
  const env = { ...process.env, CHROME_PATH: executablePath };
  const { stdout } = await promisify(execFile)('npx', command, { maxBuffer: 2 ** 28, env });
  return JSON.parse(stdout);
}

/** Signs in, and returns the first photo of the feed. */
async function signIn() {
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(`${base}/login`);
    await page.getByLabel('User name or e-mail').fill(options.login);
    await page.getByLabel('Password', { exact: true }).fill(options.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('article').first().waitFor();
    const { photos } = await page.evaluate(async () =>
      (await fetch('/api/v1/feed', { headers: { 'X-Session': 'cookie' } })).json(),
    );
    return photos[0];
  } finally {
    await browser.close();
  }
}
