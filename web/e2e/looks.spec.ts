import type { Page } from '@playwright/test';
import { still, TOMAS } from './looks.world';
import { expect, test } from './test';

// Screens are compared with how they looked: `npm run looks` takes their pictures anew.
test.use({ contextOptions: { reducedMotion: 'reduce' }, timezoneId: 'UTC', serviceWorkers: 'block' });

test.setTimeout(180_000);

interface Look {
  name: string;
  path: string;
  /** What is there once all of it is. */
  seen: string;
  signedOut?: boolean;
  /** What leads on from there, on a phone. Elsewhere it looks as what is there already. */
  onPhone?: (page: Page) => Promise<void>;
}

const LOOKS: Look[] = [
  { name: 'login', path: '/login', seen: 'Log in', signedOut: true },
  { name: 'feed', path: '/', seen: 'Feed' },
  { name: 'photo', path: '/p/2', seen: `Photo by ${TOMAS}` },
  {
    name: 'comments',
    path: '/p/2',
    seen: `Photo by ${TOMAS}`,
    onPhone: (page) => page.getByRole('button', { name: 'View all 2 comments' }).click(),
  },
  { name: 'profile', path: `/@${TOMAS}`, seen: TOMAS },
];

async function open(page: Page, { path, seen, signedOut, onPhone }: Look): Promise<void> {
  await still(page, !signedOut);
  await page.goto(path);
  await expect(page.getByRole('heading', { name: seen, exact: true }).first()).toBeAttached();
  await onPhone?.(page);
  await page.waitForLoadState('networkidle');
  await expect(page.locator('main [aria-busy="true"], .skeleton')).toHaveCount(0);
}

/** Photographs are covered: what they show is not ours, and weighs much. Where they are, and how large, is compared. */
const pictures = (page: Page) => ({
  mask: [page.locator('main .picture img')],
  maskColor: '#808080',
  // Two pictures in a row have to be the same: on a machine with much to do that takes a while.
  timeout: 60_000,
});

for (const look of LOOKS) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`${look.name} looks as it did, in ${colorScheme}`, async ({ page, isMobile }) => {
      test.skip(look.onPhone !== undefined && !isMobile);
      await page.emulateMedia({ colorScheme });
      await open(page, look);
      await expect(page).toHaveScreenshot(`${look.name}-${colorScheme}.png`, pictures(page));
    });
  }
}

const CHANGES = {
  'a margin of 8 pixels': 'main { padding-top: 8px }',
  'another colour of buttons': ':root { --accent: #0b7ab9 }',
};

for (const [change, rule] of Object.entries(CHANGES)) {
  test(`${change} would be seen`, async ({ page }) => {
    const [login] = LOOKS;
    if (!login) throw new Error('there is no look');
    await page.emulateMedia({ colorScheme: 'light' });
    await open(page, login);
    await expect(page).toHaveScreenshot('login-light.png', pictures(page));
    await page.evaluate((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      document.adoptedStyleSheets = [sheet];
    }, rule);
    await expect(page).not.toHaveScreenshot('login-light.png', pictures(page));
  });
}
