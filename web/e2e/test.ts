import { type Browser, type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { type Account, PASSWORD, World } from './world';

interface Fixtures {
  world: World;
  /** An account that the page is signed in to. */
  me: Account;
  /** What the browser reported against the content security policy. No test may leave any. */
  violations: string[];
}

export const test = base.extend<Fixtures>({
  world: async ({ baseURL }, use) => use(new World(baseURL ?? '')),

  violations: [
    async ({ page }, use) => {
      const violations: string[] = [];
      const errors: string[] = [];
      await page.exposeFunction('violated', (text: string) => violations.push(text));
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          const report = (window as unknown as { violated: (text: string) => void }).violated;
          report(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
        });
      });
      page.on('pageerror', (error) => errors.push(`${error.message}\n${error.stack}`));
      await use(violations);
      expect(violations, 'reports against the content security policy').toEqual([]);
      expect(errors, 'errors that nobody caught').toEqual([]);
    },
    { auto: true },
  ],

  me: async ({ page, world }, use) => {
    const me = await world.account('me');
    await signIn(page, me);
    await use(me);
  },
});

/** Signs the page in through the form, as a person does. */
export async function signIn(page: Page, account: Account): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('User name or e-mail').fill(account.username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { name: 'Feed', exact: true })).toBeAttached();
}

/** Another person at another device, which is a desktop whatever the first one has. */
export async function atAnother(browser: Browser, account: Account): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    isMobile: false,
    hasTouch: false,
  });
  const page = await context.newPage();
  await signIn(page, account);
  return { page, context };
}

/** The card of a photo in the feed. */
export function cardOf(page: Page, photoId: string) {
  return page.locator(`article[data-photo="${photoId}"]`);
}

export { expect };
