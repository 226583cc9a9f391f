import { beforeEach, describe, expect, it, vi } from 'vitest';
import { addressOf, closeRead, show } from '$lib/notices';

const kept = new Map<string, unknown>();

vi.mock('idb-keyval', () => ({
  update: async (key: string, change: (value: unknown) => unknown) => kept.set(key, change(kept.get(key))),
}));

const NOW = Date.UTC(2026, 0, 1);
const minute = (count: number) => new Date(NOW + count * 60_000).toISOString();

interface Shown {
  title: string;
  body?: string;
  tag?: string;
  icon?: string;
  data: { url: string; at: number };
  close: () => void;
}

/** What the system shows: one of each tag, as browsers have it. */
class System {
  shown: Shown[] = [];
  /** What made a sound, or came up. */
  alerts: string[] = [];

  async getNotifications() {
    return [...this.shown] as never[];
  }

  async showNotification(title: string, options: NotificationOptions & { renotify?: boolean } = {}) {
    const before = this.shown.find(({ tag }) => tag === options.tag);
    if (!before || options.renotify) this.alerts.push(options.body ?? '');
    const one: Shown = { ...options, title, data: options.data, close: () => this.dismiss(one) };
    this.shown = [...this.shown.filter((other) => other !== before), one];
  }

  dismiss(one: Shown) {
    this.shown = this.shown.filter((other) => other !== one);
  }

  get bodies() {
    return this.shown.map(({ body }) => body);
  }
}

let system: System;
let badge: number | undefined;

const told = (tag: string, state: number, at: number, unread: number, rest: object = {}) =>
  JSON.stringify({
    row: tag,
    tag,
    state,
    kind: 'like',
    title: 'lambdagram',
    body: `${tag} ${state}`,
    url: '/p/1',
    icon: '/photos/face.webp',
    unread,
    at: minute(at),
    ...rest,
  });

beforeEach(() => {
  kept.clear();
  system = new System();
  badge = undefined;
  Object.defineProperty(navigator, 'setAppBadge', {
    configurable: true,
    value: async (count: number) => {
      badge = count;
    },
  });
});

const push = (text?: string, now = NOW) => show(system, text, now);

describe('a push', () => {
  it('is shown, counted, and leads to its place', async () => {
    await push(told('a', 1, 0, 3));
    expect(system.shown).toMatchObject([{ title: 'lambdagram', body: 'a 1', icon: '/photos/face.webp', tag: 'a' }]);
    expect([badge, system.alerts]).toEqual([3, ['a 1']]);
    expect(addressOf(system.shown[0] as never, 'https://example.org')).toBe('https://example.org/p/1');
  });

  it('takes the place of what was said of the same row, and says so', async () => {
    await push(told('a', 1, 0, 1));
    await push(told('a', 2, 1, 1));
    expect([system.bodies, system.alerts]).toEqual([['a 2'], ['a 1', 'a 2']]);
  });

  it('is dropped when it is a repeat, or was overtaken', async () => {
    await push(told('a', 2, 1, 1));
    await push(told('a', 2, 1, 1));
    await push(told('a', 1, 0, 9));
    expect([system.bodies, system.alerts, badge]).toEqual([['a 2'], ['a 2'], 1]);
  });

  it('does not come back as a repeat when it was put away', async () => {
    await push(told('a', 1, 0, 1));
    system.shown[0]?.close();
    await push(told('a', 1, 0, 1));
    expect(system.shown).toEqual([]);
    await push(told('a', 2, 1, 1));
    expect(system.bodies).toEqual(['a 2']);
  });

  it('counts anew when its row has gone and has come again', async () => {
    await push(told('a', 2, 0, 1));
    await push(told('a', 1, 5, 1));
    expect(system.alerts).toEqual(['a 2', 'a 1']);
  });

  it('is remembered for as long as a repeat may come, and no longer', async () => {
    await push(told('a', 1, 0, 1));
    await push(told('b', 1, 25 * 60, 1), NOW + 25 * 3600_000);
    expect(Object.keys(kept.get('told') as object)).toEqual(['b']);
  });

  it('shows something where it cannot be read', async () => {
    for (const text of [undefined, '', 'no json', '{}', 'null']) await push(text);
    expect(system.bodies).toEqual(['There is something new for you.']);
    expect(addressOf(system.shown[0] as never, 'https://example.org')).toBe('https://example.org/activity');
  });

  it('leads nowhere else', () => {
    const elsewhere = { data: { url: 'https://elsewhere.example/p/1', at: 0 } };
    expect(addressOf(elsewhere as never, 'https://example.org')).toBe('https://example.org/activity');
  });
});

describe('what was read elsewhere', () => {
  it('goes when the inbox says so: the newest are the unread ones', async () => {
    await push(told('b', 1, 2, 1));
    await push(told('c', 1, 3, 2));
    await push(told('d', 1, 4, 3));
    expect(system.bodies).toEqual(['b 1', 'c 1', 'd 1']);
    await closeRead(system, 1);
    expect(system.bodies).toEqual(['d 1']);
    await closeRead(system, 0);
    expect(system.bodies).toEqual([]);
  });

  it('goes with the next push', async () => {
    await push(told('a', 1, 0, 1));
    await push(told('b', 1, 1, 1));
    expect(system.bodies).toEqual(['b 1']);
  });

  it('is not what comes late', async () => {
    await push(told('b', 1, 2, 2));
    await push(told('a', 1, 1, 1));
    expect([system.bodies, badge]).toEqual([['b 1', 'a 1'], 2]);
  });
});
