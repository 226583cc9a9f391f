import type { Page } from '@playwright/test';
import { expect, test } from './test';
import type { Account, World } from './world';

const field = (page: Page) => page.getByRole('combobox', { name: 'Search people' });
const options = (page: Page) => page.getByRole('option');
const option = (page: Page, whom: Account) => page.getByRole('option', { name: whom.username });
const link = (page: Page, whom: Account) => page.getByRole('main').getByRole('link', { name: whom.username });

/** A word that nobody else is named by. */
const word = () => Array.from({ length: 10 }, () => 'bcdfghklmnprstvz'[Math.floor(Math.random() * 16)]).join('');

/** Opens an account that is found by its full name. */
async function named(world: World, me: Account, name: string, fullName: string): Promise<Account> {
  const account = await world.account(name);
  await world.rename(account, fullName);
  await world.searched(me, fullName, account);
  return account;
}

test('somebody is found by the beginning of a name, and kept among the recent ones', async ({ page, world, me }) => {
  const name = word();
  const anna = await named(world, me, 'anna', `Anna ${name}`);
  await page.getByRole('navigation').getByRole('link', { name: 'Search' }).click();
  await expect(page.getByRole('heading', { name: 'Find people' })).toBeVisible();
  await field(page).fill(name.slice(0, 6));
  await expect(option(page, anna)).toContainText(`Anna ${name}`);
  await expect(page.getByText('1 person found')).toBeAttached();
  await page.keyboard.press('ArrowDown');
  await expect(option(page, anna)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: anna.username })).toBeVisible();

  // Back finds what was typed.
  await page.goBack();
  await expect(field(page)).toHaveValue(name.slice(0, 6));
  await expect(option(page, anna)).toBeVisible();
  await page.getByRole('button', { name: 'Clear the text' }).click();
  await expect(link(page, anna)).toBeVisible();
  await page.reload();
  await link(page, anna).click();
  await expect(page).toHaveURL(new RegExp(`/@${anna.username}$`));
  await page.goBack();
  await page.getByRole('button', { name: `Remove ${anna.username} from recent searches` }).click();
  await expect(page.getByRole('heading', { name: 'Find people' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Find people' })).toBeVisible();
});

test('accents and capitals are no differences', async ({ page, world, me }) => {
  const name = word();
  const zoe = await named(world, me, 'zoe', `Zoë Ångström${name}`);
  await page.goto('/search');
  for (const typed of [`angstrom${name}`, `ÅNGSTRÖM${name.toUpperCase()} zoe`]) {
    await field(page).fill(typed);
    await expect(option(page, zoe)).toContainText('Zoë');
  }
});

test('all results have an address and buttons to follow, and Back leads to them', async ({ page, world, me }) => {
  const name = word();
  const anna = await named(world, me, 'anna', `Anna ${name}`);
  const bert = await named(world, me, 'bert', `Bert ${name}`);
  await world.makePrivate(bert);
  await page.goto('/search');
  await field(page).fill(name);
  await expect(options(page)).toHaveCount(2);
  await field(page).press('Enter');
  await expect(page).toHaveURL(`/search?q=${name}`);
  await expect(page.getByRole('heading', { name: `Results for “${name}”` })).toBeFocused();
  await expect(options(page)).toHaveCount(0);
  await expect(link(page, bert)).toBeVisible();
  const follow = page.getByRole('button', { name: `Follow ${anna.username}` });
  await follow.click();
  await expect(follow).toHaveText('Following');
  await link(page, anna).click();
  await expect(page.getByRole('heading', { name: anna.username })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(`/search?q=${name}`);
  await expect(field(page)).toHaveValue(name);
  await expect(follow).toHaveText('Following');
  // Whoever comes by the address finds the same.
  await page.reload();
  await expect(link(page, anna)).toBeVisible();
});

test('somebody renamed is found by the new name alone', async ({ page, world, me }) => {
  const [before, after] = [word(), word()];
  const anna = await named(world, me, 'anna', `Anna ${before}`);
  await world.rename(anna, `Anna ${after}`);
  await world.searched(me, after, anna);
  await world.searched(me, before, anna, false);
  await page.goto('/search');
  await field(page).fill(after);
  await expect(option(page, anna)).toContainText(`Anna ${after}`);
  await field(page).fill(before);
  await expect(page.getByText(`Nobody found for “${before}”`).first()).toBeVisible();
});

test('neither of two finds the other when one has blocked', async ({ page, world, me }) => {
  const name = word();
  const anna = await named(world, me, 'anna', `Anna ${name}`);
  const bert = await named(world, me, 'bert', `Bert ${name}`);
  await world.call('POST', `users/${me.user_id}/block`, undefined, anna);
  await world.call('POST', `users/${bert.user_id}/block`, undefined, me);
  await world.searched(me, name, anna, false);
  await world.searched(me, name, bert, false);
  await page.goto(`/search?q=${name}`);
  await expect(page.getByRole('heading', { name: `Nobody found for “${name}”` })).toBeVisible();
});

test('without a connection it says so, and finds people once there is one', async ({ page, context, world, me }) => {
  const name = word();
  const anna = await named(world, me, 'anna', `Anna ${name}`);
  await page.goto('/search');
  await page.waitForLoadState('networkidle');
  await context.setOffline(true);
  await field(page).fill(name);
  await expect(page.getByRole('alert')).toHaveText('There is no connection.');
  await context.setOffline(false);
  await expect(option(page, anna)).toBeVisible();
});

test('too many searches are said, and can be tried again', async ({ page, world, me }) => {
  const name = word();
  const anna = await named(world, me, 'anna', `Anna ${name}`);
  await page.goto('/search');
  await page.route(/\/api\/v1\/search/, (route) =>
    route.fulfill({
      status: 429,
      contentType: 'application/problem+json',
      headers: { 'Retry-After': '40' },
      json: { code: 'too_many_searches' },
    }),
  );
  await field(page).fill(name);
  await expect(page.getByRole('alert')).toHaveText('That was too much at once. Try again in 40 seconds.');
  await page.unroute(/\/api\/v1\/search/);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(option(page, anna)).toBeVisible();
});

test('a key leads to the field, from anywhere', async ({ page, me, isMobile }) => {
  test.skip(isMobile === true, 'keys are for devices that have some');
  expect(me.username).toBeTruthy();
  await expect(async () => {
    await page.keyboard.press('/');
    await expect(page).toHaveURL('/search', { timeout: 1000 });
  }).toPass();
  await expect(field(page)).toBeFocused();
  await page.getByRole('heading', { name: 'Search' }).focus();
  await page.keyboard.press('/');
  await expect(field(page)).toBeFocused();
  await expect(field(page)).toHaveValue('');
});
