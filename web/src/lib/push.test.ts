import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '$lib/api/problem';
import '$lib/forget';
import { push } from '$lib/push.svelte';
import { renewDevice } from '$lib/push-device';
import { session } from '$lib/session.svelte';

const kept = new Map<string, unknown>();

vi.mock('idb-keyval', () => ({
  get: async (key: string) => kept.get(key),
  set: async (key: string, value: unknown) => kept.set(key, value),
  del: async (key: string) => kept.delete(key),
}));

const KEY = 'AQID-_8';
const KEY_BYTES = Uint8Array.from([1, 2, 3, 251, 255]).buffer;

/** The browser's side: one subscription at a time, each with another address. */
class Browser {
  permission: NotificationPermission = 'default';
  answer: NotificationPermission = 'granted';
  subscription: object | undefined;
  made = 0;
  fails = false;

  requestPermission = async () => {
    this.permission = this.answer;
    return this.answer;
  };
  getSubscription = async () => this.subscription ?? null;
  subscribe = async ({ applicationServerKey }: { applicationServerKey: string }) => {
    if (this.fails) throw new DOMException('no service', 'AbortError');
    return this.make(applicationServerKey);
  };

  make(_: string) {
    this.made += 1;
    const endpoint = `https://push.example/${this.made}`;
    this.subscription = {
      endpoint,
      options: { applicationServerKey: KEY_BYTES },
      toJSON: () => ({ endpoint, keys: { p256dh: 'p', auth: 'a' } }),
      unsubscribe: async () => {
        this.subscription = undefined;
        return true;
      },
    };
    return this.subscription as never;
  }
}

let browser: Browser;
let asked: string[];
let bodies: { subscription?: { endpoint: string }; language?: string }[];
let status: (call: string) => number;

beforeEach(async () => {
  kept.clear();
  browser = new Browser();
  asked = [];
  bodies = [];
  status = (call) => (call.startsWith('DELETE') ? 204 : 200);
  vi.stubGlobal('Notification', browser);
  Object.defineProperty(navigator, 'serviceWorker', {
    configurable: true,
    value: { getRegistration: async () => ({ pushManager: browser, getNotifications: async () => [] }) },
  });
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request = new Request(input, init);
    const call = `${request.method} ${request.url.split('/api/v1')[1]}`;
    asked.push(call);
    if (request.method === 'POST' && call.endsWith('devices')) bodies.push(await request.json());
    const code = status(call);
    if (code === 204) return new Response(null, { status: 204 });
    const body = { user_id: '1', username: 'anna', expires_in: 900, web_push_key: KEY, devices: [], device_id: 'd1' };
    return new Response(JSON.stringify(body), { status: code, headers: { 'Content-Type': 'application/json' } });
  });
  await session.signIn('anna', 'a test is no secret');
  asked = [];
  await push.look();
});

afterEach(() => {
  session.end();
  vi.unstubAllGlobals();
});

describe('notifications on this device', () => {
  it('are turned on when the person says so, and the API is told', async () => {
    expect(push.state).toBe('off');
    expect(await push.turnOn()).toBe(true);
    expect([push.state, push.id]).toEqual(['on', 'd1']);
    expect(asked).toEqual(['GET /devices', 'POST /devices']);
    expect(bodies).toEqual([
      {
        platform: 'web',
        subscription: { endpoint: 'https://push.example/1', keys: { p256dh: 'p', auth: 'a' } },
        language: 'en',
      },
    ]);
  });

  it('are not asked for again once refused', async () => {
    browser.answer = 'denied';
    expect(await push.turnOn()).toBe(false);
    expect([push.state, push.declined, asked]).toEqual(['blocked', true, []]);
  });

  it('stay off when the question is closed, which counts as an answer', async () => {
    browser.answer = 'default';
    expect(await push.turnOn()).toBe(false);
    expect([push.state, push.declined]).toEqual(['off', true]);
  });

  it('stay off when the browser reaches no service, or the API does not answer', async () => {
    browser.fails = true;
    await expect(push.turnOn()).rejects.toEqual(new Problem('push_failed', 0));
    browser.fails = false;
    status = () => 503;
    await expect(push.turnOn()).rejects.toBeInstanceOf(Problem);
    expect([push.state, push.busy, kept.size]).toEqual(['off', false, 0]);
  });

  it('are missing in a browser without them, and where no worker is', async () => {
    Object.defineProperty(navigator, 'serviceWorker', {
      configurable: true,
      value: { getRegistration: async () => undefined },
    });
    await push.look();
    expect(push.state).toBe('missing');
  });

  it('are on still when the page is opened again, and nobody is told what is known', async () => {
    await push.turnOn();
    asked = [];
    await push.look();
    expect([push.state, asked]).toEqual(['on', []]);
  });

  it('are subscribed to anew when the browser has given the subscription up', async () => {
    await push.turnOn();
    browser.subscription = undefined;
    await push.look();
    expect(push.state).toBe('on');
    expect(bodies.at(-1)?.subscription?.endpoint).toBe('https://push.example/2');
  });

  it('are turned off, though the API has forgotten the device by now', async () => {
    await push.turnOn();
    status = () => 404;
    await push.turnOff();
    expect([push.state, push.id, browser.subscription, kept.size]).toEqual(['off', undefined, undefined, 0]);
    expect(asked.at(-1)).toBe('DELETE /devices/d1');
  });

  it('go with the session', async () => {
    await push.turnOn();
    session.end();
    await vi.waitFor(() => expect(browser.subscription).toBeUndefined());
    expect([push.state, push.declined]).toEqual(['unknown', false]);
  });
});

describe('a subscription that the browser replaces', () => {
  const renew = (fresh?: PushSubscription | null) => renewDevice(browser as never, fresh);

  it('is told to the API by the worker, with a session that has to be renewed first', async () => {
    await push.turnOn();
    asked = [];
    let old = true;
    status = (call) => {
      if (call === 'POST /auth/refresh') old = false;
      return old ? 401 : 200;
    };
    await renew(browser.make(KEY));
    expect(asked).toEqual(['POST /devices', 'POST /auth/refresh', 'POST /devices']);
    expect(bodies.at(-1)).toMatchObject({ language: 'en', subscription: { endpoint: 'https://push.example/2' } });
    expect(kept.get('push')).toMatchObject({ id: 'd1', endpoint: 'https://push.example/2' });
  });

  it('is made anew where the browser has made none', async () => {
    await push.turnOn();
    browser.subscription = undefined;
    await renew(null);
    expect(bodies.at(-1)?.subscription?.endpoint).toBe('https://push.example/2');
  });

  it('is left alone where notifications are off', async () => {
    await renew(null);
    expect([asked, browser.made]).toEqual([[], 0]);
  });
});
