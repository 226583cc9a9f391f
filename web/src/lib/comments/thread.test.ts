import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { View } from './comment.svelte';
import { Thread } from './thread.svelte';

/** A request as the API got it. */
interface Asked {
  method: string;
  path: string;
  query: string;
  key: string | null;
  body?: { text: string; reply_to?: string };
}

let asked: Asked[];
/** What is answered, one after the other; `offline` is none. */
let answers: ((asked: Asked) => { status: number; body?: object } | 'offline')[];

beforeEach(() => {
  asked = [];
  answers = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    const one: Asked = {
      method: request.method,
      path: pathname.replace('/api/v1/photos/p/comments', ''),
      query: search,
      key: request.headers.get('Idempotency-Key'),
      body: text ? JSON.parse(text) : undefined,
    };
    asked.push(one);
    const answer = answers.shift()?.(one) ?? { status: 500 };
    if (answer === 'offline') throw new TypeError('no connection');
    return new Response(answer.body ? JSON.stringify(answer.body) : null, { status: answer.status });
  });
});

afterEach(() => vi.unstubAllGlobals());

const view = (id: string, minute: number, more: Partial<View> = {}): View => ({
  comment_id: id,
  photo_id: 'p',
  user_id: 'anna',
  username: 'anna',
  profile_pic: '',
  text: id,
  mentions: [],
  created_at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  likes_count: 0,
  replies_count: 0,
  liked_by_user: false,
  pinned: false,
  ...more,
});
const page =
  (comments: View[], next_cursor: string | null = null) =>
  () => ({
    status: 200,
    body: { comments, next_cursor, has_more: next_cursor !== null },
  });
const written =
  (id: string, minute: number, more: Partial<View> = {}) =>
  ({ body }: Asked) => ({
    status: 201,
    body: view(id, minute, { text: body?.text, reply_to: body?.reply_to, ...more }),
  });
const refused = (status: number, code: string) => () => ({ status, body: { code } });
const done = () => ({ status: 204 });

/** Waits until everything that was asked has been answered. */
const settled = () => vi.waitFor(() => expect(answers).toEqual([])).then(() => new Promise((go) => setTimeout(go)));
const ids = (thread: Thread) => thread.list.items.map(({ id }) => id);

async function shown(comments: View[], now?: () => number): Promise<Thread> {
  const thread = new Thread('p', now);
  answers = [page(comments)];
  await thread.show();
  return thread;
}

describe('a comment that is written', () => {
  test('is there at once, and takes its place below the pinned ones', async () => {
    const thread = await shown([view('pinned', 1, { pinned: true }), view('old', 2)]);
    answers = [written('new', 3)];
    thread.draft = 'hello';
    thread.send('hello');
    expect(thread.sendings.map(({ text, status }) => [text, status])).toEqual([['hello', 'sending']]);
    expect(thread.draft).toBe('');
    await settled();
    expect([thread.sendings, ids(thread)]).toEqual([[], ['pinned', 'new', 'old']]);
    expect(thread.said.text).toBe('The comment is sent.');
  });

  test('that is refused stays and is sent again under the same key', async () => {
    const thread = await shown([]);
    answers = [refused(503, 'temporarily_unavailable'), written('new', 3)];
    thread.send('hello');
    await vi.waitFor(() => expect(thread.sendings[0]?.status).toBe('failed'));
    expect(thread.sendings[0]?.problem?.code).toBe('temporarily_unavailable');
    const [sending] = thread.sendings;
    if (sending) await thread.retry(sending);
    expect([thread.sendings, ids(thread)]).toEqual([[], ['new']]);
    const keys = asked.filter(({ method }) => method === 'POST').map(({ key }) => key);
    expect(keys).toEqual([sending?.id, sending?.id]);
  });

  test('without a connection waits for one', async () => {
    const thread = await shown([]);
    answers = [() => 'offline', () => 'offline'];
    thread.send('one');
    await vi.waitFor(() => expect(thread.sendings[0]?.status).toBe('waiting'));
    thread.send('two');
    await vi.waitFor(() => expect(thread.sendings[0]?.status).toBe('waiting'));
    answers = [written('1', 1), written('2', 2)];
    await thread.resume();
    expect(asked.slice(-2).map(({ body }) => body?.text)).toEqual(['one', 'two']);
    expect([thread.sendings, ids(thread)]).toEqual([[], ['2', '1']]);
  });

  test('is sent under the same key when the page is left before it has arrived', async () => {
    localStorage.setItem('session', JSON.stringify({ user_id: 'me', username: 'me', until: Date.now() + 900_000 }));
    dispatchEvent(new StorageEvent('storage', { key: 'session' }));
    const before = await shown([]);
    answers = [() => 'offline'];
    before.send('hello');
    await vi.waitFor(() => expect(before.sendings[0]?.status).toBe('waiting'));
    const key = before.sendings[0]?.id;

    const after = await shown([]);
    expect(after.sendings.map(({ text, status }) => [text, status])).toEqual([['hello', 'waiting']]);
    answers = [written('new', 1)];
    await after.resume();
    expect([asked.at(-1)?.key, ids(after), after.sendings]).toEqual([key, ['new'], []]);
    expect((await shown([])).sendings).toEqual([]);

    // What was refused is for its writer to send again.
    answers = [refused(503, 'temporarily_unavailable')];
    after.send('again');
    await vi.waitFor(() => expect(after.sendings[0]?.status).toBe('failed'));
    const later = await shown([]);
    await later.resume();
    expect(later.sendings.map(({ text, status }) => [text, status])).toEqual([['again', 'failed']]);
    localStorage.clear();
    dispatchEvent(new StorageEvent('storage', { key: 'session' }));
  });

  test('that is given up can be written on', async () => {
    const thread = await shown([view('a', 1)]);
    const [comment] = thread.list.items;
    if (comment) thread.answer(comment);
    answers = [refused(400, 'comment_too_long')];
    thread.send('too long');
    await vi.waitFor(() => expect(thread.sendings[0]?.status).toBe('failed'));
    const [sending] = thread.sendings;
    if (sending) thread.discard(sending);
    expect([thread.draft, thread.replyTo, thread.sendings]).toEqual(['too long', comment, []]);
  });

  test('is there although the API does not list it yet, for a minute', async () => {
    let now = 0;
    const thread = await shown([view('old', 1)], () => now);
    answers = [written('new', 2)];
    thread.send('hello');
    await settled();
    answers = [page([view('old', 1)])];
    await thread.show();
    expect(ids(thread)).toEqual(['new', 'old']);
    now = 60_001;
    answers = [page([view('old', 1)])];
    await thread.show();
    expect(ids(thread)).toEqual(['old']);
  });
});

describe('replies', () => {
  test('are read with one’s own among them', async () => {
    const thread = await shown([view('a', 1, { replies_count: 1 })]);
    const [comment] = thread.list.items;
    if (!comment) throw new Error('there is a comment');
    thread.answer(comment);
    answers = [written('a.2', 3), page([view('a.1', 2, { reply_to: 'a' })])];
    thread.send('mine');
    await settled();
    expect(asked.at(-2)?.body).toEqual({ text: 'mine', reply_to: 'a' });
    expect([comment.opened, comment.view.replies_count]).toEqual([true, 2]);
    expect(comment.replies.items.map(({ id }) => id)).toEqual(['a.1', 'a.2']);
    expect(ids(thread)).toEqual(['a']);
  });

  test('to a reply are to the comment above it, and name whom they answer', async () => {
    const thread = await shown([view('a', 1, { replies_count: 1 })]);
    const [comment] = thread.list.items;
    answers = [page([view('a.1', 2, { reply_to: 'a', user_id: 'bert', username: 'bert' })])];
    await comment?.replies.more();
    const [reply] = comment?.replies.items ?? [];
    if (reply) thread.answer(reply);
    expect([thread.replyTo, thread.draft]).toEqual([comment, '@bert ']);
  });
});

describe('a comment that is deleted', () => {
  test('goes, and does not come back with a page of before', async () => {
    const thread = await shown([view('a', 1), view('b', 0)]);
    const [comment] = thread.list.items;
    answers = [done, page([view('a', 1), view('b', 0)])];
    if (comment) await thread.remove(comment);
    expect(ids(thread)).toEqual(['b']);
    await thread.show();
    expect(ids(thread)).toEqual(['b']);
  });

  test('by somebody else goes when that is found', async () => {
    const thread = await shown([view('a', 1)]);
    const [comment] = thread.list.items;
    answers = [refused(404, 'comment_not_found')];
    if (comment) await expect(thread.remove(comment)).rejects.toThrow('comment_not_found');
    expect(ids(thread)).toEqual([]);
  });
});

describe('pins', () => {
  test('lead the list, and go back to their place', async () => {
    const thread = await shown([view('c', 3), view('b', 2), view('a', 1)]);
    const oldest = thread.list.items[2];
    if (!oldest) throw new Error('there are three');
    answers = [done, done];
    await thread.pin(oldest, true);
    expect([ids(thread), oldest.view.pinned]).toEqual([['a', 'c', 'b'], true]);
    await thread.pin(oldest, false);
    expect([ids(thread), oldest.view.pinned]).toEqual([['c', 'b', 'a'], false]);
    expect(asked.slice(-2).map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /a/pin', 'DELETE /a/pin']);
  });

  test('that are too many change nothing', async () => {
    const thread = await shown([view('b', 2), view('a', 1)]);
    const last = thread.list.items[1];
    answers = [refused(409, 'too_many_pins')];
    if (last) await expect(thread.pin(last, true)).rejects.toThrow('too_many_pins');
    expect([ids(thread), last?.view.pinned]).toEqual([['b', 'a'], false]);
  });
});

describe('asking for newer comments', () => {
  test('counts them and leaves the list as it is, until one wants them', async () => {
    const thread = await shown([view('a', 1)]);
    const now = [view('c', 3), view('b', 2), view('a', 1, { likes_count: 4 })];
    answers = [page(now), page(now)];
    await thread.ask();
    expect([thread.newer, ids(thread), thread.list.items[0]?.likes]).toEqual([2, ['a'], 4]);
    await thread.show();
    expect([thread.newer, ids(thread)]).toEqual([0, ['c', 'b', 'a']]);
  });

  test('takes out what others have deleted, of what the page would have', async () => {
    const thread = await shown([view('d', 4), view('c', 3), view('b', 2), view('a', 1)]);
    answers = [page([view('d', 4), view('b', 2)], 'more')];
    await thread.ask();
    expect(ids(thread)).toEqual(['d', 'b', 'a']);
    // Those of people whom a block hides are left out, and the page goes on.
    answers = [page([view('0', 0, { pinned: true })], 'more')];
    await thread.ask();
    expect(ids(thread)).toEqual(['d', 'b', 'a']);
  });
});

test('the order of the list is the API’s', async () => {
  const thread = await shown([view('b', 2), view('a', 1)]);
  answers = [page([view('a', 1), view('b', 2)])];
  await thread.arrange('top');
  expect([ids(thread), asked.at(-1)?.query]).toEqual([['a', 'b'], '?order=top']);
});
