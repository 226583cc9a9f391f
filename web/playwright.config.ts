import { defineConfig, devices } from '@playwright/test';

/** Where the deployed client is; `make test` says so. */
const baseURL = process.env.LAMBDAGRAM_WEB_URL ?? 'http://127.0.0.1:4568';

const launchOptions = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
};
const chromium = { baseURL, launchOptions, locale: 'en-GB', trace: 'retain-on-failure' } as const;

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 1,
  timeout: 90_000,
  // Work behind the API is awaited by looking again, until this.
  expect: {
    timeout: 20_000,
    toHaveScreenshot: {
      pathTemplate: '{testDir}/looks/{arg}-{projectName}{ext}',
      // Edges of letters and curves differ from one machine to the next by a little, and what is designed does not.
      threshold: 0.1,
      maxDiffPixelRatio: 0.001,
    },
  },
  // A picture that is missing is a fault, and no reason to take one: `npm run looks` takes them.
  updateSnapshots: 'none',
  forbidOnly: true,
  reporter: [['list']],
  projects: [
    { name: 'phone', use: { ...devices['Pixel 7'], ...chromium } },
    { name: 'desktop', use: { viewport: { width: 1280, height: 900 }, ...chromium } },
  ],
});
