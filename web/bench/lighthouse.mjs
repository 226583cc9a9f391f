// Has Lighthouse judge the screens of the deployed client: `npm run lighthouse`, as in docs/bench-web.md. It is no package of
// the client, because all of its own would be installed with each checkout: npx fetches the one version.
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
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
const port = await freePort();
const browser = await chromium.launchPersistentContext('', {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-sync', `--remote-debugging-port=${port}`],
});
try {
  console.log(`| ${LIGHTHOUSE} | ${CATEGORIES.join(' | ')} |`);
  console.log(`|---|${CATEGORIES.map(() => '---').join('|')}|`);
  await judge('login', '/login');
  const { photo_id, username } = await signIn();
  await judge('feed', '/');
  await judge('photo', `/p/${photo_id}`);
  await judge('profile', `/@${username}`);
} finally {
  await browser.close();
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
        ({ node, description, source, url }) => node?.selector ?? description ?? source ?? url,
      );
      console.error(`  ${name}, ${category}: ${title} (${id})\n    ${where?.join('\n    ') ?? ''}`);
    }
  }
}

async function lighthouse(address) {
  const how = ['--output=json', '--quiet', '--disable-storage-reset', `--only-categories=${CATEGORIES.join(',')}`];
  const command = ['--yes', LIGHTHOUSE, address, `--port=${port}`, ...how];
  const { stdout } = await promisify(execFile)('npx', command, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout);
}

/** Signs in, and returns the first photo of the feed. */
async function signIn() {
  const page = await browser.newPage();
  await page.goto(`${base}/login`);
  await page.getByLabel('User name or e-mail').fill(options.login);
  await page.getByLabel('Password', { exact: true }).fill(options.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('article').first().waitFor();
  const { photos } = await page.evaluate(async () =>
    (await fetch('/api/v1/feed', { headers: { 'X-Session': 'cookie' } })).json(),
  );
  await page.close();
  return photos[0];
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
