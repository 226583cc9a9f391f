import type { Page } from '@playwright/test';
import { expect, test } from './test';

const LIGHT = 'rgb(251, 250, 247)';
const DARK = 'rgb(19, 18, 21)';

/** Notes the colour of the text in each frame from the first on: that of the ground stands against it. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const look = () => {
      // Before there is a body, there is nothing to be painted.
      if (document.body) seen.push(getComputedStyle(document.body).color);
      if (seen.length < 60) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const frames = (page: Page) => page.evaluate(() => [...new Set((window as unknown as { seen: string[] }).seen)]);

test('dark is chosen, kept, and there from the first frame on', async ({ page, me }) => {
  expect(me.username).toBeTruthy();
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/settings/appearance');
  expect(await ground(page)).toBe(LIGHT);
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
  await expect.poll(() => ground(page)).toBe(DARK);

  await watch(page);
  await page.reload();
  await expect(page.getByRole('radio', { name: 'Dark' })).toBeChecked();
  expect(await ground(page)).toBe(DARK);
  expect(await frames(page)).toEqual(['rgb(243, 240, 246)']);
});

test('light is chosen on a dark system, and the system is followed again', async ({ page, me }) => {
  expect(me.username).toBeTruthy();
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/settings/appearance');
  await expect(page.getByRole('radio', { name: 'System' })).toBeChecked();
  expect(await ground(page)).toBe(DARK);
  await page.getByRole('radio', { name: 'Light' }).check({ force: true });
  await expect.poll(() => ground(page)).toBe(LIGHT);

  await watch(page);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Feed', exact: true })).toBeAttached();
  expect(await ground(page)).toBe(LIGHT);
  expect(await frames(page)).toEqual(['rgb(27, 26, 30)']);

  await page.goto('/settings/appearance');
  await page.getByRole('radio', { name: 'System' }).check({ force: true });
  await expect.poll(() => ground(page)).toBe(DARK);
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(() => ground(page)).toBe(LIGHT);
});

test('a language is chosen and kept', async ({ page, me }) => {
  expect(me.username).toBeTruthy();
  await page.goto('/settings/appearance');
  await page.getByRole('radio', { name: 'Deutsch' }).check({ force: true });
  await expect(page.getByRole('radio', { name: 'Dunkel' })).toBeAttached();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Dein Feed ist leer' })).toBeVisible();
});

test.describe('where no motion is wanted', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('all text takes the colours of another scheme at once', async ({ page, me }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(`/@${me.username}`);
    await expect(page.getByRole('heading', { name: me.username })).toBeVisible();
    const late = await page.evaluate(() => {
      const colours = () => [...document.querySelectorAll('body, body *')].map((node) => getComputedStyle(node).color);
      const ink = getComputedStyle(document.body).color;
      const before = colours().filter((colour) => colour === ink).length;
      document.documentElement.dataset.theme = 'dark';
      return { before: before > 0, after: colours().filter((colour) => colour === ink).length };
    });
    expect(late).toEqual({ before: true, after: 0 });
  });
});
