import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from './test';

// The worker is the same on every device.
test.skip(({ isMobile }) => !isMobile);

/** The push service that stands in (localstack/cloud/push_service.py). */
const SERVICE = `${process.env.LAMBDAGRAM_ENDPOINT}/_lambdagram/push/subscriptions`;

/** What is derived behind the API is seen within this time (ms). */
const SOON = { timeout: 60_000 };

interface Subscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

/** The browser's part of push, which headless ones have with no service: it subscribes at the one that stands in. */
class Browser {
  subscription: Subscription | null = null;
  #cdp!: CDPSession;
  #worker = '';

  constructor(private readonly page: Page) {}

  async start(): Promise<void> {
    await this.page.context().grantPermissions(['notifications']);
    await this.page.exposeFunction('subscribed', () => this.subscription);
    await this.page.exposeFunction('subscribe', async (applicationServerKey: string) => {
      const body = JSON.stringify({ applicationServerKey });
      this.subscription = await (await fetch(SERVICE, { method: 'POST', body })).json();
    });
    await this.page.exposeFunction('unsubscribe', () => this.#unsubscribe());
    await this.page.addInitScript(() => {
      const here = window as unknown as {
        subscribed: () => Promise<Subscription | null>;
        subscribe: (key: string) => Promise<void>;
        unsubscribe: () => Promise<void>;
      };
      let key: Uint8Array<ArrayBuffer> | undefined;
      PushManager.prototype.getSubscription = async () => {
        const one = await here.subscribed();
        const made = { ...one, options: { applicationServerKey: key?.buffer }, toJSON: () => one };
        return one && ({ ...made, unsubscribe: here.unsubscribe } as unknown as PushSubscription);
      };
      PushManager.prototype.subscribe = async function (options) {
        const text = String(options?.applicationServerKey);
        const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
        key = Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
        await here.subscribe(text);
        return (await this.getSubscription()) as PushSubscription;
      };
    });
    this.#cdp = await this.page.context().newCDPSession(this.page);
    this.#cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      this.#worker = registrations[0]?.registrationId ?? this.#worker;
    });
    await this.#cdp.send('ServiceWorker.enable');
  }

  /** Waits for as many messages, and has the worker get the newest. Returns what it says. */
  async push(count: number): Promise<{ body: string }> {
    let text = '';
    await expect(async () => {
      const messages: { text: string }[] = await (await fetch(this.#listed())).json();
      expect(messages).toHaveLength(count);
      text = messages.at(-1)?.text ?? '';
    }).toPass(SOON);
    await this.deliver(text);
    return JSON.parse(text);
  }

  async deliver(data: string): Promise<void> {
    const origin = new URL(this.page.url()).origin;
    await this.#cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId: this.#worker, data });
  }

  /** What the system shows. */
  shown(): Promise<string[]> {
    return this.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ body }) => body);
    });
  }

  /** Clicks on what is shown. */
  async click(): Promise<void> {
    const [worker] = this.page.context().serviceWorkers();
    await worker?.evaluate(async () => {
      const here = self as unknown as { registration: ServiceWorkerRegistration } & EventTarget;
      const [notification] = await here.registration.getNotifications();
      const Click = Reflect.get(self, 'NotificationEvent');
      here.dispatchEvent(new Click('notificationclick', { notification }));
    });
  }

  #listed(): string {
    return this.subscription?.endpoint.replace('/to/', '/subscriptions/') ?? '';
  }

  async #unsubscribe(): Promise<boolean> {
    await fetch(this.#listed(), { method: 'DELETE' });
    this.subscription = null;
    return true;
  }
}

test('one is asked where there is something to be told of, and told from then on', async ({ page, world, me }) => {
  const browser = new Browser(page);
  await browser.start();
  const cat = () => world.post(me, { media: [['cat.jpg', 'A cat']] });
  const [id, other, anna] = await Promise.all([cat(), cat(), world.account('anna')]);
  await page.goto('/activity');
  await expect(page.getByRole('heading', { name: 'Nothing yet' })).toBeVisible();
  const card = page.getByRole('region', { name: 'Hear of it at once' });
  await expect(card).toHaveCount(0);
  await world.follow(anna, me);
  await expect(card).toBeVisible(SOON);
  await card.getByRole('button', { name: 'Turn on' }).click();
  await expect(page.getByText('Notifications are on.')).toBeVisible();
  await expect(card).toHaveCount(0);
  const devices = async () => (await world.call<Devices>('GET', 'devices', undefined, me)).devices.map(kind);
  expect(await devices()).toEqual(['web en']);

  await world.like(anna, id);
  const likes = await browser.push(1);
  expect(likes.body).toBe(`${anna.username} likes your photo`);
  await expect.poll(() => browser.shown()).toEqual([likes.body]);
  // What comes again is nothing new, and what cannot be read shows something.
  await browser.push(1);
  await expect(async () => {
    await browser.deliver('not what the API says');
    expect(await browser.shown()).toHaveLength(2);
  }).toPass();

  // All of it is read at another device, and something else comes: only what is unread stays.
  await world.call('POST', 'notifications/read', {}, me);
  await world.like(await world.account('cleo'), other);
  const newer = await browser.push(2);
  await expect.poll(() => browser.shown()).toEqual([newer.body]);

  await page.evaluate(() => Object.assign(window, { same: true }));
  await browser.click();
  await expect(page).toHaveURL(new RegExp(`/p/${other}$`));
  expect(await page.evaluate(() => 'same' in window)).toBe(true);
  await expect.poll(() => browser.shown()).toEqual([]);

  await logOut(page);
  await expect.poll(() => browser.subscription).toBeNull();
  await expect.poll(devices).toEqual([]);
});

test('a device is turned on and removed in the settings', async ({ page, world, me }) => {
  const browser = new Browser(page);
  await browser.start();
  await page.goto('/settings/notifications');
  const here = page.getByRole('switch', { name: /^Notifications on this device/ });
  await expect(page.getByText('No device yet.')).toBeVisible();
  await expect(here).toBeEnabled();
  await here.click();
  await expect(here).toBeChecked();
  await expect(page.getByText('This device', { exact: true })).toBeVisible();
  await page.reload();
  await expect(here).toBeChecked();
  await page.getByRole('button', { name: 'Remove: This device' }).click();
  await expect(page.getByText('No device yet.')).toBeVisible();
  await expect(here).not.toBeChecked();
  expect(browser.subscription).toBeNull();
  expect((await world.call<Devices>('GET', 'devices', undefined, me)).devices).toEqual([]);
});

test('phones and tablets are named among the devices, and removed like any other', async ({ page, me }) => {
  expect(me.username).toBeTruthy();
  const devices = ['ios', 'android'].map((platform) => ({
    device_id: platform,
    platform,
    language: 'en',
    current: false,
    created_at: new Date().toISOString(),
  }));
  await page.route('**/api/v1/devices', (route) => route.fulfill({ json: { devices, web_push_key: 'AQID' } }));
  await page.route('**/api/v1/devices/*', (route) => route.fulfill({ status: 204 }));
  await page.goto('/settings/notifications');
  const row = (name: string) => page.getByRole('listitem').filter({ hasText: name });
  await expect(row('Android')).toContainText('Added');
  await row('iPhone or iPad').getByRole('button', { name: 'Remove: iPhone or iPad' }).click();
  await expect(row('iPhone or iPad')).toHaveCount(0);
  await expect(row('Android')).toBeVisible();
});

test('a refusal is explained, and nobody is asked twice', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(anna, me);
  await page.goto('/activity');
  const card = page.getByRole('region', { name: 'Hear of it at once' });
  await expect(card).toBeVisible(SOON);
  // This browser refuses when it is asked.
  await card.getByRole('button', { name: 'Turn on' }).click();
  await expect(card.getByRole('alert')).toContainText('blocked in this browser');
  await card.getByRole('button', { name: 'Close' }).click();
  await expect(card).toHaveCount(0);

  await page.goto('/settings/notifications');
  await expect(page.getByRole('alert')).toContainText('blocked in this browser');
  await expect(page.getByRole('switch', { name: /^Notifications on this device/ })).toBeDisabled();
  // Who allows them after all is not asked again: the settings have the switch.
  await page.context().grantPermissions(['notifications']);
  await page.goto('/activity');
  await expect(page.getByText(anna.username)).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(card).toHaveCount(0);
  await page.goto('/settings/notifications');
  await expect(page.getByRole('switch', { name: /^Notifications on this device/ })).toBeEnabled();
});

interface Devices {
  devices: { platform: string; language: string }[];
}

const kind = ({ platform, language }: Devices['devices'][number]) => `${platform} ${language}`;

async function logOut(page: Page): Promise<void> {
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
}
