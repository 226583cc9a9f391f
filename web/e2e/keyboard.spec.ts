import type { Locator, Page } from '@playwright/test';
import { cardOf, expect, test } from './test';
import { PASSWORD, picture, type World } from './world';

// Keys are for devices that have some.
test.skip(({ isMobile }) => isMobile === true);

/** Goes on by Tab until something has the focus, which is then to be seen. */
async function tabTo(page: Page, wanted: Locator, most = 60): Promise<void> {
  await expect(wanted).toBeAttached();
  const focused = () => wanted.evaluate((element) => element === document.activeElement);
  for (let press = 0; press < most; press++) {
    if (await focused()) break;
    await page.keyboard.press('Tab');
  }
  expect(await focused(), `${wanted} has the focus`).toBe(true);
  // A field for files is its label to the eye, so its place is what counts.
  const place = await wanted.evaluate((element) => element.getBoundingClientRect().toJSON());
  expect(place.bottom).toBeGreaterThan(0);
  expect(place.top).toBeLessThan(await page.evaluate(() => innerHeight));
}

/** Signs up by the form, and returns the account. */
async function signUp(page: Page, world: World) {
  const username = `key_${Math.random().toString(36).slice(2, 10)}`;
  await page.goto('/register');
  await tabTo(page, page.getByLabel('User name'));
  await page.keyboard.type(username);
  await tabTo(page, page.getByLabel('E-mail address'));
  await page.keyboard.type(`${username}@example.org`);
  await tabTo(page, page.getByLabel('Password', { exact: true }));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Your feed is empty' })).toBeVisible();
  const session = await world.call<{ user_id: string; access_token: string }>('POST', 'auth/login', {
    login: username,
    password: PASSWORD,
  });
  return { user_id: session.user_id, username, token: session.access_token };
}

test('everything is done by the keyboard alone', async ({ page, world }) => {
  test.setTimeout(180_000);
  const anna = await world.account('anna');
  const posted = world.post(anna, {
    media: [
      ['cat.jpg', 'One'],
      ['bricks.jpg', 'Two'],
    ],
  });
  const me = await signUp(page, world);
  const id = await posted;

  await test.step('somebody is found and followed', async () => {
    await tabTo(page, page.getByRole('searchbox', { name: 'User name' }));
    await page.keyboard.type(anna.username);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: anna.username })).toBeFocused();
    const follow = page.getByRole('button', { name: `Follow ${anna.username}` });
    await tabTo(page, follow);
    await page.keyboard.press('Space');
    await expect(follow).toHaveAttribute('aria-pressed', 'true');
    await world.inFeed(me, id);
  });

  const card = cardOf(page, id);
  await test.step('a photo is liked, and its pictures are gone through', async () => {
    await page.goto('/');
    await expect(card).toBeVisible();
    // The first stop leads past the navigation.
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
    await page.keyboard.press('Enter');
    await tabTo(page, card.getByRole('group'));
    await page.keyboard.press('ArrowRight');
    await expect(card.getByText('2 of 2')).toBeVisible();
    const like = card.getByRole('button', { name: 'Like' });
    await tabTo(page, like);
    await page.keyboard.press('Space');
    await expect(like).toHaveAttribute('aria-pressed', 'true');
  });

  await test.step('a photo is opened, and closing it leads back to where one was', async () => {
    const open = card.getByRole('button', { name: 'Open' });
    await tabTo(page, open);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Photo' });
    const like = dialog.getByRole('button', { name: 'Like' });
    await tabTo(page, like);
    await page.keyboard.press('Space');
    await expect(like).toHaveAttribute('aria-pressed', 'false');
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(open).toBeFocused();
  });

  await test.step('the menu of a photo is gone through by arrows', async () => {
    const menu = card.getByRole('button', { name: 'More about this photo' });
    await menu.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('menuitem', { name: 'Open' })).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(page.getByRole('menuitem', { name: 'Copy link' })).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(menu).toBeFocused();
  });

  await test.step('a new photo is made and shared', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await expect(page.getByRole('heading', { name: 'New photo' })).toBeFocused();
    await tabTo(page, page.getByLabel('Choose pictures'));
    const choosing = page.waitForEvent('filechooser');
    await page.keyboard.press('Space');
    await (await choosing).setFiles([picture('cat.jpg'), picture('bricks.jpg')]);
    await expect(page.getByRole('heading', { name: 'New photo' })).toBeFocused();

    await tabTo(page, page.getByLabel(/^Part of picture 1/));
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowLeft');
    await tabTo(page, page.getByRole('button', { name: 'Move later' }));
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Picture 2 of 2' })).toHaveAttribute('aria-pressed', 'true');
    await tabTo(page, page.getByRole('tab', { name: 'Crop' }));
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('tab', { name: 'Filter' })).toBeFocused();
    await tabTo(page, page.getByRole('radio', { name: 'None' }));
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('radio', { name: 'Safelight' })).toBeChecked();
    await page.getByRole('tab', { name: 'Filter' }).focus();
    await page.keyboard.press('ArrowRight');
    await tabTo(page, page.getByLabel('What the picture shows'));
    await page.keyboard.type('A cat on a wall');

    const next = page.getByRole('button', { name: 'Next', exact: true });
    // Backwards it is near: the title and its buttons are above.
    await expect(async () => {
      await page.keyboard.press('Shift+Tab');
      await expect(next).toBeFocused({ timeout: 10 });
    }).toPass({ intervals: [10] });
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByLabel('Caption'));
    await page.keyboard.type('By keys alone');
    const share = page.getByRole('button', { name: 'Share', exact: true });
    await expect(async () => {
      await page.keyboard.press('Shift+Tab');
      await expect(share).toBeFocused({ timeout: 10 });
    }).toPass({ intervals: [10] });
    await page.keyboard.press('Enter');
    await expect(page.getByRole('article').first().getByText('By keys alone')).toBeVisible({ timeout: 60_000 });
  });
});
