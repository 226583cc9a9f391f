import { expect, test } from './test';

const LAKE = 'cat.jpg';

test('likes are told as one, counted until seen, and read on leaving', async ({ page, world, me }) => {
  const id = await world.post(me, { media: [[LAKE, 'A cat']] });
  const fans = [await world.account('anna'), await world.account('bert'), await world.account('cleo')];
  for (const fan of fans) await world.like(fan, id);
  const inbox = () => world.call<{ unread_count: number; notifications: Row[] }>('GET', 'notifications', undefined, me);
  await expect(async () => {
    const { notifications } = await inbox();
    expect(notifications.map((row) => row.actor_count)).toEqual([3]);
  }).toPass({ timeout: 60_000 });

  await page.reload();
  const badge = page.getByRole('navigation').getByRole('link', { name: 'Activity, 1 unread' });
  await expect(badge).toBeVisible();
  await badge.click();
  const row = page.getByRole('listitem').filter({ hasText: '1 other like your photo' });
  await expect(row).toContainText('Unread:');
  await expect(row.getByRole('link', { name: fans[2]?.username })).toBeVisible();
  await expect.poll(() => row.locator('img[src*="/photos/"]').last().evaluate(loaded)).toBe(true);

  await page.getByRole('navigation').getByRole('link', { name: 'Home' }).click();
  const read = page.getByRole('navigation').getByRole('link', { name: 'Activity', exact: true });
  await expect(read).toBeVisible();
  await expect.poll(async () => (await inbox()).unread_count).toBe(0);
  await page.reload();
  await read.click();
  await expect(row).toBeVisible();
  await expect(row).not.toContainText('Unread:');
  await row.getByRole('link', { name: 'Your photo' }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${id}$`));
});

test('what is said to one leads to where it is said, and a request to the requests', async ({ page, world, me }) => {
  const [id, anna, cleo] = await Promise.all([
    world.post(me, { media: [[LAKE, 'A cat']] }),
    world.account('anna'),
    world.account('cleo'),
  ]);
  await world.makePrivate(me);
  await world.follow(cleo, me);
  await world.follow(anna, me);
  const soon = (act: () => Promise<unknown>) => expect(act).toPass({ timeout: 60_000 });
  await soon(() => world.call('POST', `users/me/requests/${anna.user_id}/accept`, undefined, me));
  await soon(() => world.call('POST', `photos/${id}/comments`, { text: `A cat, @${me.username}` }, anna));
  const inbox = () => world.call<{ notifications: Row[] }>('GET', 'notifications', undefined, me);
  await soon(async () => {
    const types = (await inbox()).notifications.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['follow', 'mention', 'request']));
  });

  await page.goto('/activity');
  await page.getByRole('listitem').filter({ hasText: 'wants to follow you' }).getByRole('link').last().click();
  await expect(page).toHaveURL(/\/activity\/requests$/);
  await expect(page.getByText(cleo.username)).toBeVisible();
  await page.goBack();
  const said = page.getByRole('listitem').filter({ hasText: 'mentioned you in a comment' });
  await said.getByRole('link', { name: 'Photo' }).click();
  await expect(page.getByText('A cat, @')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/p/${id}$`));
});

test('a photo of somebody whose bell is on leads to it', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  await expect(() => world.call('POST', `users/${anna.user_id}/bell`, undefined, me)).toPass({ timeout: 60_000 });
  const id = await world.post(anna, { media: [[LAKE, 'A cat']] });
  await expect(async () => {
    const { notifications } = await world.call<{ notifications: Row[] }>('GET', 'notifications', undefined, me);
    expect(notifications.map(({ type }) => type)).toContain('post');
  }).toPass({ timeout: 60_000 });

  await page.goto('/activity');
  const photo = page.getByRole('listitem').filter({ hasText: `${anna.username} shared a new photo` });
  await photo.getByRole('link', { name: 'Photo' }).click();
  await expect(page).toHaveURL(new RegExp(`/p/${id}$`));
});

interface Row {
  type: string;
  actor_count: number;
}

function loaded(image: Element): boolean {
  return (image as HTMLImageElement).naturalWidth > 0;
}

test('caption and description are edited, and a photo leaves the grid', async ({ page, world, me }) => {
  const first = await world.post(me, { caption: 'A cat', media: [[LAKE, 'An animal']] });
  const id = await world.post(me, { caption: 'A dogg', media: [[LAKE, 'An animal'], [LAKE]] });
  await page.goto(`/p/${id}`);
  await page.getByRole('button', { name: 'More about this photo' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await page.getByLabel('Caption').fill('A cat again');
  await page.getByLabel('What the picture shows · Picture 1').fill('A cat on a sofa');
  await page.getByLabel('What the picture shows · Picture 2').fill('The same cat');
  await page.getByLabel('Tags').fill('cats #sofa');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/p/${id}$`));
  await page.reload();
  await expect(page.getByText('A cat again')).toBeVisible();
  await expect(page.getByRole('img', { name: 'A cat on a sofa' })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Tags' })).toHaveText(/#cats\s*#sofa/);
  const photo = await world.call<{ media: { alt: string }[] }>('GET', `photos/${id}`, undefined, me);
  expect(photo.media.map((medium) => medium.alt)).toEqual(['A cat on a sofa', 'The same cat']);

  await page.goto(`/@${me.username}`);
  const grid = page.getByRole('main').locator('a[href^="/p/"]');
  await expect(grid).toHaveCount(2);
  await grid.first().click();
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await dialog.getByRole('button', { name: 'More about this photo' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete this photo?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('The photo is deleted.')).toBeVisible();
  await expect(dialog).toBeHidden();
  await expect(grid).toHaveCount(1);
  await expect(grid).toHaveAttribute('href', `/p/${first}`);
});
