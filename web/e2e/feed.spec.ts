import { cardOf, expect, test } from './test';

const LAKE = 'cat.jpg';

test('a photo of somebody followed appears, and a like of it stays', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { caption: 'By the lake', media: [[LAKE, 'A lake at dawn']] });
  await world.inFeed(me, id);
  await page.reload();

  const card = cardOf(page, id);
  await expect(card.getByRole('img', { name: 'A lake at dawn' })).toBeVisible();
  await expect(card.getByText('By the lake')).toBeVisible();

  const like = card.getByRole('button', { name: 'Like' });
  await like.click();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
  await expect(card.getByRole('link', { name: '1 like' })).toBeVisible();

  await expect(async () => {
    await page.reload();
    await expect(card.getByRole('link', { name: '1 like' })).toBeVisible({ timeout: 2000 });
  }).toPass();
  await card.getByRole('link', { name: '1 like' }).click();
  await expect(page.getByRole('heading', { name: 'Likes' })).toBeVisible();
  await expect(page.getByRole('link', { name: me.username })).toBeVisible();
});

test('a double tap likes with a heart, and a second one likes still', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [[LAKE, 'A lake']] });
  await world.inFeed(me, id);
  await page.reload();

  const card = cardOf(page, id);
  const image = card.getByRole('img', { name: 'A lake' });
  const like = card.getByRole('button', { name: 'Like' });
  await image.dblclick();
  await expect(card.locator('.heart')).toBeAttached();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
  await image.dblclick();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
});

test('home at home goes up, and at the top shows what is new', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const first = await world.post(anna, { media: [[LAKE, 'The first']] });
  await world.inFeed(me, first);
  await page.reload();
  await expect(cardOf(page, first)).toBeVisible();
  const second = await world.post(anna, { media: [[LAKE, 'The second']] });
  await world.inFeed(me, second);

  const home = page.getByRole('navigation').getByRole('link', { name: 'Home' });
  await page.setViewportSize({ width: 412, height: 480 });
  await page.mouse.wheel(0, 200);
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(0);
  await home.click();
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
  await home.click();
  await expect(cardOf(page, second)).toBeVisible();
});

test('ten quick taps end in the last wish', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [[LAKE, 'A lake']] });
  await world.inFeed(me, id);
  await page.reload();

  const like = cardOf(page, id).getByRole('button', { name: 'Like' });
  for (let tap = 0; tap < 9; tap++) await like.click();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
  await expect(async () => {
    const photo = await world.call<{ liked_by_user: boolean }>('GET', `photos/${id}`, undefined, me);
    expect(photo.liked_by_user).toBe(true);
  }).toPass();
});

test('a like without a connection is told when there is one', async ({ page, context, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [[LAKE, 'A lake']] });
  await world.inFeed(me, id);
  await page.reload();

  const like = cardOf(page, id).getByRole('button', { name: 'Like' });
  await expect(like).toBeVisible();
  await context.setOffline(true);
  await like.click();
  await expect(page.getByText('You are offline')).toBeVisible();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
  await context.setOffline(false);
  await expect(async () => {
    const photo = await world.call<{ liked_by_user: boolean }>('GET', `photos/${id}`, undefined, me);
    expect(photo.liked_by_user).toBe(true);
  }).toPass();
});

test('a carousel moves by buttons and keys, and says where it is', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const media: [string, string][] = [
    [LAKE, 'One'],
    [LAKE, 'Two'],
    [LAKE, 'Three'],
  ];
  const id = await world.post(anna, { media });
  await world.inFeed(me, id);
  await page.reload();

  const card = cardOf(page, id);
  await expect(card.getByText('1 of 3')).toBeVisible();
  await card.getByRole('button', { name: 'Next picture' }).click();
  await expect(card.getByText('2 of 3')).toBeVisible();
  await card.getByRole('group').focus();
  await page.keyboard.press('ArrowRight');
  await expect(card.getByText('3 of 3')).toBeVisible();
  await expect(card.getByRole('img', { name: 'Three' })).toBeInViewport();
  await page.keyboard.press('ArrowLeft');
  await expect(card.getByText('2 of 3')).toBeVisible();
});

test('Back from a photo and from a profile finds the same pixel of the feed', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const ids: string[] = [];
  for (const caption of ['one', 'two', 'three', 'four']) {
    ids.push(await world.post(anna, { caption, media: [[LAKE, caption]] }));
  }
  await world.inFeed(me, ids[3] ?? '');
  await page.reload();

  const card = cardOf(page, ids[1] ?? '');
  await card.getByRole('button', { name: 'Open' }).scrollIntoViewIfNeeded();
  const place = () => page.evaluate(() => scrollY);
  const before = await place();
  expect(before).toBeGreaterThan(300);

  await card.getByRole('button', { name: 'Open' }).click();
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await expect(dialog.getByText('two')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/p/${ids[1]}$`));
  await page.keyboard.press('ArrowRight');
  await expect(page).toHaveURL(new RegExp(`/p/${ids[0]}$`));
  await page.goBack();
  await expect(dialog).toBeHidden();
  expect(await place()).toBe(before);

  await card.getByRole('link', { name: anna.username }).first().click();
  await expect(page.getByRole('heading', { name: anna.username })).toBeVisible();
  await page.goBack();
  await expect(card.getByRole('button', { name: 'Open' })).toBeInViewport();
  await expect.poll(place).toBe(before);
});
