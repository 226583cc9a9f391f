import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unread } from '$lib/data/unread.svelte';
import { session } from '$lib/session.svelte';
import { Activity, freshened, merged, type Row } from './activity.svelte';

vi.mock('idb-keyval', () => ({ get: async () => undefined, set: async () => {}, del: async () => {} }));

const moment = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const row = (id: string, told: number, read = true): Row => ({
  id,
  type: 'like',
  actors: [],
  actor_count: 1,
  photo_thumbnail: null,
  message: '',
  created_at: moment(told),
  read,
});
const ids = (rows: Row[]) => rows.map(({ id }) => id);

describe('rows that were told meanwhile', () => {
  it('come above those that are there', () => {
    expect(ids(merged([row('b', 2), row('a', 1)], [row('c', 3)]))).toEqual(['c', 'b', 'a']);
  });

  it('take the place of what they were', () => {
    const rows = merged([row('b', 2), row('a', 1)], [row('a', 5, false)]);
    expect(ids(rows)).toEqual(['a', 'b']);
    expect(rows[0]?.read).toBe(false);
  });

  it('are older than what is there, where their answer was overtaken', () => {
    const rows = merged([row('a', 5, false), row('b', 2)], [row('a', 3)]);
    expect(rows[0]?.read).toBe(false);
  });
});

describe('a first page that is read anew', () => {
  it('leaves what further pages gave', () => {
    const rows = [row('d', 4), row('c', 3), row('b', 2), row('a', 1)];
    expect(ids(freshened(rows, { notifications: [row('d', 4), row('c', 3)], has_more: true }))).toHaveLength(4);
  });

  it('has no row that has gone since', () => {
    const rows = [row('d', 4), row('c', 3), row('b', 2), row('a', 1)];
    expect(ids(freshened(rows, { notifications: [row('d', 4), row('b', 2)], has_more: true }))).toEqual([
      'd',
      'b',
      'a',
    ]);
    expect(ids(freshened(rows, { notifications: [row('a', 1)], has_more: false }))).toEqual(['a']);
    expect(freshened(rows, { notifications: [], has_more: false })).toEqual([]);
  });
});

describe('the list', () => {
  let answers: Record<string, object>;
  let asked: { address: string; body: string }[];

  beforeEach(async () => {
    answers = { '/auth/login': { user_id: '1', username: 'anna', expires_in: 900 } };
    asked = [];
    vi.stubGlobal('fetch', async (request: Request) => {
      const address = request.url.split('/api/v1')[1] ?? '';
      asked.push({ address, body: await request.text() });
      return new Response(JSON.stringify(answers[address]), { headers: { 'Content-Type': 'application/json' } });
    });
    await session.signIn('anna', 'a test is no secret');
  });

  afterEach(() => {
    session.end();
    vi.unstubAllGlobals();
  });

  const page = (notifications: Row[], rest: object = {}) => ({
    notifications,
    unread_count: 0,
    next_cursor: null,
    has_more: false,
    ...rest,
  });

  it('shows what was told during a walk once, at the top', async () => {
    answers['/notifications'] = page([row('d', 4), row('c', 3)], { next_cursor: 'on', has_more: true });
    answers['/notifications?cursor=on'] = page([row('b', 2), row('d', 4)], {
      newer: [row('e', 7, false), row('c', 6, false), row('a', 5, false)],
      unread_count: 3,
    });
    const list = new Activity();
    await list.more();
    await list.more();
    expect(ids(list.items)).toEqual(['e', 'c', 'a', 'd', 'b']);
    expect([list.status, unread.count]).toEqual(['done', 3]);
  });

  it('marks as read what was told up to the newest row that was seen', async () => {
    answers['/notifications'] = page([row('b', 2, false), row('a', 1)], { unread_count: 1 });
    answers['/notifications/read'] = { unread_count: 2 };
    const list = new Activity();
    await list.more();
    await list.markRead();
    expect(asked.at(-1)).toEqual({ address: '/notifications/read', body: JSON.stringify({ up_to: moment(2) }) });
    expect(list.items.every(({ read }) => read)).toBe(true);
    expect(unread.count).toBe(2);
    unread.hear(0);
    await list.markRead();
    expect(asked.filter(({ address }) => address === '/notifications/read')).toHaveLength(1);
  });
});
