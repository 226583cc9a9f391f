// Times the client in Chromium on an emulated phone: slow 4G (562 ms a round trip, 1.47 Mbit/s) and a quarter of this
// machine's processor, as Lighthouse's. Builds take turns, run by run. `make bench-web ARGS='--help'`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, devices } from '@playwright/test';
import { makeCertificate, serve } from './server.mjs';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    against: { type: 'string', multiple: true, default: [] },
    login: { type: 'string', default: 'leila_farahani' },
    password: { type: 'string', default: 'a-demo-is-no-secret' },
    help: { type: 'boolean' },
  },
});
if (options.help) {
  console.log(
    '--runs 5  --against <commit> (a build of it takes turns with this one)  --login, --password (who reads)',
  );
  process.exit(0);
}

const cloud = process.env.LAMBDAGRAM_WEB_URL ?? 'http://127.0.0.1:4568';
const SLOW_4G = { offline: false, latency: 562.5, downloadThroughput: 1_474_560 / 8, uploadThroughput: 675_000 / 8 };
const SLOWER = 4;
const CARDS = 900;

const certificate = await makeCertificate();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-sync',
    // A certificate that is only overlooked would keep everything out of the cache.
    `--ignore-certificate-errors-spki-list=${certificate.digest}`,
  ],
});
const builds = [{ name: 'this', folder: 'build' }, ...options.against.map(checkOut)];
for (const build of builds)
  Object.assign(build, { server: await serve(build.folder, cloud, certificate), figures: {} });

for (let run = 1; run <= Number(options.runs); run++) {
  for (const build of builds) {
    for (const [name, value] of Object.entries(await measure(build.server.address))) {
      build.figures[name] ??= [];
      build.figures[name].push(value);
    }
    console.error(`run ${run} of ${options.runs}: ${build.name}`);
  }
}
print();
await browser.close();
for (const build of builds) build.server.close();

/** Builds the client of another commit beside this one. */
function checkOut(commit) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-web-'));
  const git = (...args) => execFileSync('git', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  git('worktree', 'add', '--detach', folder, commit);
  process.on('exit', () => git('worktree', 'remove', '--force', folder));
  const npm = (...args) =>
    execFileSync('npm', args, { cwd: join(folder, 'web'), stdio: ['ignore', 'ignore', 'inherit'] });
  npm('ci');
  npm('run', 'build');
  return { name: commit, folder: join(folder, 'web', 'build') };
}

async function measure(address) {
  const figures = await asReader(address, async (context) => {
    const cold = await visit(context, address, SLOW_4G);
    const second = await visit(context, address, SLOW_4G);
    const { first, last } = await taps(context, address);
    return {
      'first contentful paint, empty cache (ms)': cold.fcp,
      'largest contentful paint, empty cache (ms)': cold.lcp,
      'largest contentful paint, second visit (ms)': second.lcp,
      'layout shift, empty cache': cold.cls,
      'API calls before the first picture': cold.calls,
      'JavaScript of the first visit (KiB)': cold.script,
      'interaction, 1st card (ms)': first,
      [`interaction, ${CARDS}th card (ms)`]: last,
    };
  });
  const renewed = await asReader(address, async (context) => {
    await age(context, address);
    return visit(context, address, SLOW_4G);
  });
  return { ...figures, 'largest contentful paint, empty cache, session renewed first (ms)': renewed.lcp };
}

/** Runs `work` in a browser of its own, signed in and with nothing of the client in its cache. */
async function asReader(address, work) {
  const context = await browser.newContext({ ...devices['Pixel 7'], viewport: { width: 412, height: 823 } });
  try {
    await signIn(context, address);
    return await work(context);
  } finally {
    await context.close();
  }
}

/** Makes the session so old that it has to be renewed. */
async function age(context, address) {
  const page = await context.newPage();
  await page.goto(`${address}/icon.svg`);
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem('session'));
    localStorage.setItem('session', JSON.stringify({ ...session, until: 0 }));
  });
  await page.close();
}

/** Signs in on a page without the client, so that nothing of it is in the cache. */
async function signIn(context, address) {
  const page = await context.newPage();
  await page.goto(`${address}/icon.svg`);
  await page.evaluate(
    async ({ login, password }) => {
      const headers = { 'X-Session': 'cookie', 'Content-Type': 'application/json' };
      const body = JSON.stringify({ login, password });
      const answer = await fetch('/api/v1/auth/login', { method: 'POST', headers, body });
      const { user_id, username, expires_in } = await answer.json();
      localStorage.setItem('session', JSON.stringify({ user_id, username, until: Date.now() + expires_in * 1000 }));
    },
    { login: options.login, password: options.password },
  );
  await page.close();
}

async function visit(context, address, network) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', network);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  await page.addInitScript(watch);
  await page.goto(`${address}/`, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.figures.picture, undefined, { timeout: 60_000 });
  const figures = await page.evaluate(() => window.figures);
  await devtools.send('Network.emulateNetworkConditions', {
    ...network,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  // The worker has kept the client, and the page its photos, when the second visit begins.
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  const script = await page.evaluate(
    () =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.endsWith('.js') && !name.endsWith('/service-worker.js'))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1024,
  );
  await page.close();
  return { ...figures, script };
}

/** Runs in the page, before anything of it. */
function watch() {
  const figures = { fcp: 0, lcp: 0, cls: 0, calls: 0, picture: false };
  window.figures = figures;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === 'first-contentful-paint') figures.fcp = entry.startTime;
  }).observe({ type: 'paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) figures.cls += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      figures.lcp = entry.startTime;
      if (!entry.url.includes('/photos/')) continue;
      figures.picture = true;
      const calls = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/'));
      figures.calls = calls.filter(({ responseEnd }) => responseEnd > 0 && responseEnd < entry.startTime).length;
    }
  }).observe({ type: 'largest-contentful-paint', buffered: true });
}

/** Taps the heart of the first card and of one far down, and returns how long each took to show (ms). */
async function taps(context, address) {
  const page = await context.newPage();
  await page.setExtraHTTPHeaders({ 'x-long-feed': '1' });
  const devtools = await context.newCDPSession(page);
  await page.addInitScript(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (entry.interactionId) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  });
  // What is there is the kept page; asking anew begins the long one.
  await page.goto(`${address}/`);
  await page.reload();
  await page.waitForSelector('article[data-photo]');
  const tap = async (place) => {
    // The heart comes before what saves the photo.
    const like = page.locator(`article[aria-posinset="${place}"] button[aria-pressed]`).first();
    await like.scrollIntoViewIfNeeded();
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await page.evaluate(() => {
      window.longest = 0;
    });
    await like.tap();
    const longest = await page.waitForFunction(() => window.longest, undefined, { timeout: 20_000 });
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    return longest.jsonValue();
  };
  const first = await tap(1);
  const reached = () =>
    page.evaluate(() =>
      Math.max(...[...document.querySelectorAll('article')].map((card) => Number(card.getAttribute('aria-posinset')))),
    );
  while ((await reached()) < CARDS) {
    const before = await page.evaluate(() => {
      scrollTo(0, document.body.scrollHeight);
      return document.body.scrollHeight;
    });
    await page.waitForFunction((height) => document.body.scrollHeight > height, before, { timeout: 20_000 });
  }
  // The cards before are empty boxes by now.
  const last = await tap(await reached());
  await page.close();
  return { first, last };
}

function print() {
  const names = Object.keys(builds[0].figures);
  console.log(`| median of ${options.runs} | ${builds.map(({ name }) => name).join(' | ')} |`);
  console.log(`|---|${builds.map(() => '---').join('|')}|`);
  for (const name of names) {
    console.log(`| ${name} | ${builds.map(({ figures }) => round(median(figures[name]))).join(' | ')} |`);
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function round(value) {
  return value < 10 && value % 1 !== 0 ? value.toFixed(3) : Math.round(value);
}
