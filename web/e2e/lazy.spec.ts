import { cardOf, expect, test } from './test';

// Without a worker every part that is fetched later needs the connection.
test.use({ serviceWorkers: 'block' });
test.skip(({ isMobile }) => !isMobile, 'parts are the same on every device');

const OFFLINE = 'You are offline. This comes as soon as there is a connection.';

test('a part that is wanted without a connection says so, and comes with it', async ({ page, context, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { caption: 'Fog', media: [['cat.jpg', 'A cat']] });
  await world.inFeed(me, id);
  await page.reload();
  const card = cardOf(page, id);
  await expect(card.getByRole('img', { name: 'A cat' })).toBeVisible();
  await page.waitForLoadState('networkidle');

  await context.setOffline(true);
  await card.getByRole('button', { name: 'Open' }).click();
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByText(OFFLINE)).toBeHidden();
  await expect(page).toHaveURL('/');

  await card.getByRole('button', { name: 'Open' }).click();
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await context.setOffline(false);
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await expect(dialog.getByText('Fog')).toBeVisible();
  // It has its styles: those failed before it.
  expect(await dialog.evaluate((node) => getComputedStyle(node).borderTopWidth)).toBe('0px');
  await expect(dialog.getByRole('button', { name: 'Close' })).toHaveCSS('border-radius', '50%');
});

test('a part that fails says so, and comes when one tries again', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [['cat.jpg', 'A cat']] });
  await world.inFeed(me, id);
  await page.reload();
  const card = cardOf(page, id);
  await expect(card.getByRole('img', { name: 'A cat' })).toBeVisible();
  await page.waitForLoadState('networkidle');

  await page.route(/\/_app\/immutable\//, (route) => route.abort());
  await card.getByRole('button', { name: 'More about this photo' }).click();
  await expect(page.getByText('This could not be loaded.')).toBeVisible();
  await page.unroute(/\/_app\/immutable\//);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('menuitem', { name: 'Copy link' })).toBeVisible();
});

test('a screen that is wanted without a connection says so, and comes with it', async ({ page, context, me }) => {
  await expect(page.getByRole('heading', { name: 'Your feed is empty' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Activity' }).click();
  await expect(page.getByRole('heading', { name: 'There is no connection' })).toBeVisible();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'There is no connection' })).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: 'Activity', exact: true })).toBeVisible();
  await expect(page).toHaveURL('/activity');
  expect(me.username).toBeTruthy();
});
