import type { Page, WebSocket } from '@playwright/test';
import { atAnother, cardOf, expect, signIn, test } from './test';
import type { Account, World } from './world';

const CAT = 'cat.jpg';

/** What is derived behind the API is seen within this time (ms). */
const SOON = { timeout: 60_000 };

/** Loads the page and waits until its socket is open and it has asked for what came before. Returns the socket. */
async function listening(page: Page, path = '/'): Promise<WebSocket> {
  const asked = page.waitForResponse((answer) => answer.url().endsWith('/notifications?count=1'));
  const opening = page.waitForEvent('websocket');
  await page.goto(path);
  const socket = await opening;
  await asked;
  return socket;
}

const activity = (page: Page, unread: number) =>
  page.getByRole('navigation').getByRole('link', { name: `Activity, ${unread} unread` });

test('a like at one device is a badge at another within two seconds', async ({ page, browser, world, me }) => {
  const cat = () => world.post(me, { media: [[CAT, 'A cat']] });
  const [id, second, anna] = await Promise.all([cat(), cat(), world.account('anna')]);
  const socket = await listening(page);
  expect(new URL(socket.url()).pathname).toBe('/live');
  // What is told first is told by functions that have to start.
  await world.follow(anna, me);
  await expect(activity(page, 1)).toBeVisible(SOON);

  const other = await atAnother(browser, anna);
  await other.page.goto(`/p/${id}`);
  const like = other.page.getByRole('button', { name: 'Like', exact: true }).first();
  await expect(like).toBeVisible();
  await like.click();
  const before = Date.now();
  await expect(activity(page, 2)).toBeVisible({ timeout: 2000 });
  test.info().annotations.push({ type: 'badge after', description: `${Date.now() - before} ms` });
  await expect(page).toHaveTitle(/^\(2\) Feed/);
  await other.context.close();

  // What is seen on the screen comes as well, and is read on leaving it.
  await activity(page, 2).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'likes your photo' })).toContainText('Unread:');
  const cleo = await world.account('cleo');
  await world.like(cleo, second);
  await expect(page.getByRole('listitem').filter({ hasText: cleo.username })).toBeVisible(SOON);
  await page.getByRole('navigation').getByRole('link', { name: 'Home' }).click();
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Activity', exact: true })).toBeVisible();
  await expect(page).toHaveTitle(/^Feed/);
});

test('a new photo of somebody followed is offered by the socket', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const first = await world.post(anna, { caption: 'Fog at seven', media: [[CAT, 'A cat']] });
  await world.inFeed(me, first);
  await listening(page);
  await expect(page.getByText('Fog at seven')).toBeVisible();
  await world.post(anna, { caption: 'Sun at nine', media: [[CAT, 'A cat']] });
  await page.getByRole('button', { name: 'New photos' }).click(SOON);
  await expect(page.getByText('Sun at nine')).toBeVisible();
});

test('likes of a photo are counted as they come, over the feed and in it', async ({ page, world, me }) => {
  const [anna, bert, cleo] = await Promise.all(['anna', 'bert', 'cleo'].map((name) => world.account(name)));
  if (!anna || !bert || !cleo) throw new Error('three were made');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [[CAT, 'A cat']] });
  await world.inFeed(me, id);
  const socket = await listening(page);
  const sent: string[] = [];
  socket.on('framesent', ({ payload }) => sent.push(String(payload)));
  const watching = socket.waitForEvent('framereceived', {
    predicate: ({ payload }) => String(payload) === JSON.stringify({ watching: { photo: id } }),
  });
  const card = cardOf(page, id);
  await card.getByRole('button', { name: 'Open' }).click();
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await watching;
  await world.like(bert, id);
  await expect(dialog.getByRole('link', { name: '1 like', exact: true })).toBeVisible(SOON);

  // One's own is counted at once, and once.
  await dialog.getByRole('button', { name: 'Like', exact: true }).first().click();
  await expect(dialog.getByRole('link', { name: '2 likes' })).toBeVisible();
  await world.like(cleo, id);
  await expect(dialog.getByRole('link', { name: '3 likes' })).toBeVisible(SOON);
  await page.keyboard.press('Escape');
  await expect(card.getByRole('link', { name: '3 likes' })).toBeVisible();
  await expect.poll(() => sent).toContain(JSON.stringify({ unwatch: { photo: id } }));
});

interface Settings {
  kinds: Record<string, { push: boolean }>;
  quiet_hours: { from: string; to: string; time_zone: string } | null;
}

const settingsOf = (world: World, me: Account) =>
  world.call<Settings>('GET', 'users/me/notification-settings', undefined, me);

test('what one is told of is chosen by kind, and a refusal is taken back', async ({ page, world, me }) => {
  await page.goto('/settings');
  await page.getByRole('link', { name: 'Notifications' }).click();
  const likes = page.getByRole('switch', { name: /^Likes Somebody likes a photo/ });
  await expect(likes).toBeChecked();
  await likes.click();
  await expect(likes).not.toBeChecked();
  await expect
    .poll(async () => (await settingsOf(world, me)).kinds)
    .toMatchObject({
      like: { push: false },
      comment: { push: true },
    });
  await page.reload();
  await expect(likes).not.toBeChecked();

  await page.route('**/notification-settings', (route) =>
    route.request().method() === 'PATCH' ? route.fulfill({ status: 503, json: { code: 'busy' } }) : route.continue(),
  );
  await likes.click();
  await expect(page.getByText('The service is busy.')).toBeVisible();
  await expect(likes).not.toBeChecked();
  expect((await settingsOf(world, me)).kinds.like?.push).toBe(false);
});

test("what happens to one and to one's account is chosen like any other kind", async ({ page, world, me }) => {
  await page.goto('/settings/notifications');
  for (const [name, kind] of [
    [/^New photos Somebody whose bell/, 'post'],
    [/^New logins/, 'session'],
    [/^Your password/, 'password'],
  ] as const) {
    const kindSwitch = page.getByRole('switch', { name });
    await expect(kindSwitch).toBeChecked();
    await kindSwitch.click();
    await expect.poll(async () => (await settingsOf(world, me)).kinds[kind]?.push).toBe(false);
  }
});

test('notifications of one photo are muted in its menu, and told again', async ({ page, world, me }) => {
  const id = await world.post(me, { media: [[CAT, 'A cat']] });
  const muted = async () =>
    (await world.call<{ notifications_muted: boolean }>('GET', `photos/${id}`, undefined, me)).notifications_muted;
  await page.goto(`/p/${id}`);
  const menu = page.getByRole('button', { name: 'More about this photo' });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Mute notifications of this photo' }).click();
  await expect(page.getByText('You are told nothing of what happens under this photo.')).toBeVisible();
  await expect.poll(muted).toBe(true);
  await page.reload();
  await menu.click();
  await page.getByRole('menuitem', { name: 'Unmute notifications of this photo' }).click();
  await expect.poll(muted).toBe(false);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(muted).toBe(true);

  // What is refused is taken back.
  await page.route(`**/api/v1/photos/${id}`, (route) =>
    route.request().method() === 'PATCH' ? route.fulfill({ status: 503, json: { code: 'busy' } }) : route.continue(),
  );
  await menu.click();
  await page.getByRole('menuitem', { name: 'Unmute notifications of this photo' }).click();
  await expect(page.getByText('The service is busy.')).toBeVisible();
  await menu.click();
  await expect(page.getByRole('menuitem', { name: 'Unmute notifications of this photo' })).toBeVisible();
});

test('quiet hours are those of the place where one is, and can be moved and left', async ({ browser, world }) => {
  const context = await browser.newContext({ timezoneId: 'Europe/Berlin' });
  const page = await context.newPage();
  const me = await world.account('me');
  await signIn(page, me);
  await page.goto('/settings/notifications');
  const quiet = page.getByRole('switch', { name: /^Quiet hours/ });
  const hours = async () => (await settingsOf(world, me)).quiet_hours;
  await expect(quiet).not.toBeChecked();
  await quiet.click();
  await expect(page.getByText('These are times of Europe/Berlin.')).toBeVisible();
  await expect.poll(hours).toEqual({ from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' });
  const from = page.getByLabel('From');
  await from.fill('23:30');
  await from.blur();
  const moved = { from: '23:30', to: '07:00', time_zone: 'Europe/Berlin' };
  await expect.poll(hours).toEqual(moved);

  // Somebody who has travelled says whether they take them along.
  const elsewhere = { quiet_hours: { ...moved, time_zone: 'Asia/Tokyo' } };
  await world.call('PATCH', 'users/me/notification-settings', elsewhere, me);
  await page.reload();
  await expect(page.getByText('These are times of Asia/Tokyo.')).toBeVisible();
  await page.getByRole('button', { name: 'Use the time of this device: Europe/Berlin' }).click();
  await expect.poll(hours).toEqual(moved);
  await quiet.click();
  await expect(from).toHaveCount(0);
  await expect.poll(hours).toBeNull();
  await context.close();
});
