import type { Page } from '@playwright/test';
import { NEWER, type Relay, startRelay } from './relay';
import { test as base, cardOf, expect, signIn } from './test';
import { picture } from './world';

const test = base.extend<{ relay: Relay }>({
  /** The client through a relay that can make it newer. */
  relay: async ({ baseURL }, use) => {
    const relay = await startRelay(baseURL ?? '');
    await use(relay);
    relay.close();
  },
});

test.skip(({ isMobile }) => !isMobile, 'the worker is the same on every device');

test('without a connection the client starts with the feed that was kept', async ({ page, context, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { caption: 'Seen before', media: [['cat.jpg', 'A cat']] });
  await world.inFeed(me, id);
  await underWorker(page);
  const card = cardOf(page, id);
  await expect(card.getByText('Seen before')).toBeVisible();
  await expect.poll(() => card.getByRole('img', { name: 'A cat' }).evaluate(isLoaded)).toBe(true);

  await context.setOffline(true);
  await page.goto('/settings');
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await page.goto('/');
  await expect(card.getByText('Seen before')).toBeVisible();
  const connected = await sayOffline(page);
  await expect(page.getByText(/You are offline\. Showing what was kept at \d+:\d\d.*\./)).toBeVisible();
  await expect.poll(() => card.getByRole('img', { name: 'A cat' }).evaluate(isLoaded)).toBe(true);

  await context.setOffline(false);
  await connected();
  await expect(page.getByText(/You are offline/)).toHaveCount(0);
});

/**
 * Tells the page again that there is no connection: at a navigation Chromium's emulation cuts the connection still, and
 * forgets to say so. Returns what takes that back.
 */
async function sayOffline(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  const say = async (offline: boolean) => {
    const speed = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await session.send('Network.emulateNetworkConditions', { offline, ...speed });
  };
  await session.send('Network.enable');
  await say(true);
  return () => say(false);
}

function isLoaded(image: Element): boolean {
  return (image as HTMLImageElement).naturalWidth > 0;
}

test('a newer version is offered, and taken only when one says so', async ({ page, context, relay }) => {
  await page.goto(`${relay.address}/login`);
  await underWorker(page);
  const name = page.getByLabel('User name or e-mail address');
  const newer = page.locator(NEWER);
  const other = await context.newPage();
  await other.goto(`${relay.address}/login`);
  await other.getByLabel('User name or e-mail address').fill('half another');
  relay.renew();

  await page.reload();
  await name.fill('half a na');
  // The worker has fetched all of the newer client by then.
  await expect(page.getByText('A new version is ready.')).toBeVisible();
  await expect(name).toHaveValue('half a na');
  await page.getByRole('button', { name: 'Close' }).click();

  // Who goes on with the old one is asked again the next time.
  await page.reload();
  await expect(page.getByText('A new version is ready.')).toBeVisible();
  await expect(newer).toHaveCount(0);
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(newer).toHaveCount(1);
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await expect(page.getByText('A new version is ready.')).toHaveCount(0);
  // Another tab is left as it is.
  await expect(other.getByLabel('User name or e-mail address')).toHaveValue('half another');
  await expect(other.locator(NEWER)).toHaveCount(0);
});

for (const also of [undefined, 'worker'] as const) {
  const how = also ? 'by a worker in its place' : 'by pages';
  test(`a deployment can take a bad worker away, ${how}`, async ({ page, relay }) => {
    await page.goto(`${relay.address}/login`);
    await underWorker(page);
    // The old worker goes on answering with the old client: nobody would ever see the newer one.
    relay.renew();
    relay.removeWorker(also);
    let loads = 0;
    page.on('load', () => loads++);
    await page.reload();
    await expect(page.locator(NEWER)).toHaveCount(1);
    await expect.poll(() => traces(page)).toEqual([]);
    await page.waitForLoadState('networkidle');
    expect(loads).toBe(2);
    // It stays away.
    await page.reload();
    await page.waitForLoadState('networkidle');
    expect(await traces(page)).toEqual([]);
    expect(loads).toBe(3);
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  });
}

/** What there is of a worker: registrations, its control of the page, the client that it kept. */
function traces(page: Page): Promise<string[]> {
  return page.evaluate(async () => [
    ...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
    ...(navigator.serviceWorker.controller ? ['controller'] : []),
    ...(await caches.keys()),
  ]);
}

test('pictures that another app shares become a draft', async ({ page, world }) => {
  await signIn(page, await world.account());
  await underWorker(page);
  // The form that a system posts for an app: the worker answers it.
  await page.evaluate(() => {
    const form = Object.assign(document.createElement('form'), {
      id: 'share',
      action: '/share',
      method: 'post',
      enctype: 'multipart/form-data',
    });
    form.append(Object.assign(document.createElement('input'), { type: 'file', name: 'photos', multiple: true }));
    document.body.append(form);
  });
  await page.locator('#share input').setInputFiles([picture('cat.jpg'), picture('coffee.jpg')]);
  await page.evaluate(() => document.querySelector<HTMLFormElement>('#share')?.submit());
  const pictures = page.getByRole('button', { name: /^Picture \d of 2$/ });
  await expect(pictures).toHaveCount(2);
  await expect(page).toHaveURL(/\/new$/);
  await page.reload();
  await expect(pictures).toHaveCount(2);
});

/** Loads the page again once the worker is there, so that it is the worker's. */
async function underWorker(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.reload();
  expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
}

test('a like made offline outlives a reload, and is told once', async ({ page, context, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [['cat.jpg', 'A cat']] });
  await world.inFeed(me, id);
  await underWorker(page);
  const like = cardOf(page, id).getByRole('button', { name: 'Like' });
  await expect(like).toBeVisible();
  await context.setOffline(true);
  await like.click();
  await expect(like).toHaveAttribute('aria-pressed', 'true');

  await page.reload();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
  const connected = await sayOffline(page);
  let told = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith(`/photos/${id}/like`)) told++;
  });
  await context.setOffline(false);
  await connected();
  await expect(async () => {
    const photo = await world.call<{ liked_by_user: boolean }>('GET', `photos/${id}`, undefined, me);
    expect(photo.liked_by_user).toBe(true);
  }).toPass();
  await expect.poll(() => page.evaluate(() => localStorage.getItem('wishes'))).toBeNull();
  await page.reload();
  await expect(like).toHaveAttribute('aria-pressed', 'true');
  expect(told).toBe(1);
});
