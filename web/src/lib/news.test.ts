import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '$lib/api/problem';
import type { Socket } from '$lib/live';
import { followNews, type News } from '$lib/news';

const MINUTE = 60_000;

/** The server's side of a socket. */
class Server implements Socket {
  onopen: WebSocket['onopen'] = null;
  onclose: WebSocket['onclose'] = null;
  onmessage: WebSocket['onmessage'] = null;
  sent: object[] = [];
  closed = false;
  answersPings = true;
  #once: (() => void)[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text));
    if (this.answersPings) queueMicrotask(() => this.say({ pong: 1 }));
  }

  close(): void {
    this.closed = true;
  }

  addEventListener(_: string, run: unknown): void {
    this.#once.push(run as () => void);
  }

  accept(): void {
    this.onopen?.call(this as never, new Event('open'));
  }

  lose(): void {
    this.onclose?.call(this as never, new Event('close') as CloseEvent);
  }

  say(message: object | string): void {
    const data = typeof message === 'string' ? message : JSON.stringify(message);
    for (const run of this.#once.splice(0)) run();
    this.onmessage?.call(this as never, new MessageEvent('message', { data }));
  }
}

let sockets: Server[];
let asked: number;
let heard: object[];
let luck: number;
let ready: () => Promise<void>;
let news: News;

function show(state: DocumentVisibilityState): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
  document.dispatchEvent(new Event('visibilitychange'));
}

const newest = () => sockets.at(-1) as Server;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  sockets = [];
  asked = 0;
  heard = [];
  luck = 1;
  ready = async () => {};
  show('visible');
  news = followNews({
    ask: () => asked++,
    hear: (hint) => heard.push(hint),
    ready: () => ready(),
    connect: () => {
      sockets.push(new Server());
      return newest();
    },
    random: () => luck,
  });
  await pass(0);
});

afterEach(() => {
  news.end();
  vi.useRealTimers();
});

describe('a page that is seen', () => {
  it('hears what the server says, and asks for what was said before', async () => {
    expect([sockets.length, asked]).toEqual([1, 0]);
    newest().accept();
    expect(asked).toBe(1);
    newest().say({ inbox: { unread: 3 } });
    newest().say('not of today');
    expect(heard).toEqual([{ inbox: { unread: 3 } }]);
  });

  it('asks each minute without a socket, and seldom with one', async () => {
    newest().lose();
    expect(asked).toBe(1);
    ready = async () => Promise.reject(Problem.offline());
    await pass(10 * MINUTE);
    expect(asked).toBeGreaterThanOrEqual(10);
    ready = async () => {};
    dispatchEvent(new Event('online'));
    await pass(0);
    newest().accept();
    asked = 0;
    await pass(9 * MINUTE);
    expect(asked).toBe(0);
    await pass(2 * MINUTE);
    expect(asked).toBe(1);
  });

  it('says that it is there before the server takes it for gone, and replaces the socket in time', async () => {
    const first = newest();
    first.accept();
    await pass(104 * MINUTE);
    expect(first.sent).toEqual(Array.from({ length: 20 }, () => ({ ping: 1 })));
    expect(sockets).toHaveLength(1);
    await pass(11 * MINUTE);
    expect([sockets.length, first.closed]).toEqual([2, true]);
    newest().accept();
    first.lose();
    await pass(MINUTE);
    expect(sockets).toHaveLength(2);
  });

  it('takes a server that does not answer for gone', async () => {
    newest().accept();
    newest().answersPings = false;
    await pass(5 * MINUTE + 11_000);
    expect([sockets[0]?.closed, sockets.length]).toEqual([true, 2]);
  });

  it('does not wait for ever for a socket to open', async () => {
    await pass(11_000);
    expect([sockets[0]?.closed, sockets.length]).toEqual([true, 2]);
  });
});

describe('a photo that is watched', () => {
  const [first, second] = ['5', '6'];

  it('is the one on top, until it is left', () => {
    newest().accept();
    news.watch(first);
    news.watch(first);
    news.watch(second);
    news.watch(undefined);
    expect(newest().sent).toEqual([
      { watch: { photo: first } },
      { watch: { photo: second } },
      { unwatch: { photo: second } },
    ]);
  });

  it('is watched on each socket that is opened, before it is asked what was missed', async () => {
    news.watch(first);
    expect(newest().sent).toEqual([]);
    const before = asked;
    newest().accept();
    expect([newest().sent, asked]).toEqual([[{ watch: { photo: first } }], before + 1]);
    newest().lose();
    news.watch(second);
    await pass(1000);
    newest().accept();
    expect([sockets.length, newest().sent]).toEqual([2, [{ watch: { photo: second } }]]);
  });

  it.each([{ watching: { photo: first } }, { error: { code: 'too_many_watchers' } }])(
    'is asked for until the server answers: %j',
    async (answer) => {
      newest().accept();
      news.watch(first);
      await pass(11_000);
      expect(newest().sent).toEqual([{ watch: { photo: first } }, { watch: { photo: first } }]);
      newest().say({ watching: { photo: second } });
      await pass(10_000);
      expect(newest().sent).toHaveLength(3);
      newest().say(answer);
      await pass(MINUTE);
      expect(newest().sent).toHaveLength(3);
    },
  );

  it('is asked for no more once it is left', async () => {
    newest().accept();
    news.watch(first);
    news.watch(undefined);
    await pass(MINUTE);
    expect(newest().sent).toEqual([{ watch: { photo: first } }, { unwatch: { photo: first } }]);
  });

  it('is watched no more on a socket that is opened after it was left', async () => {
    news.watch(first);
    newest().accept();
    newest().lose();
    news.watch(undefined);
    await pass(1000);
    newest().accept();
    expect(newest().sent).toEqual([]);
  });
});

describe('a socket that is lost', () => {
  it('is opened again later each time, up to a bound', async () => {
    const waits: number[] = [];
    for (let time = 0; time < 9; time++) {
      const before = sockets.length;
      newest().lose();
      const from = Date.now();
      while (sockets.length === before) await pass(250);
      waits.push((Date.now() - from) / 1000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('comes back at a moment left to chance', async () => {
    luck = 0.25;
    newest().lose();
    await pass(249);
    expect(sockets).toHaveLength(1);
    await pass(1);
    expect(sockets).toHaveLength(2);
  });

  it('is soon back if it was steady, and not if it was accepted for a moment only', async () => {
    for (const seconds of [1, 2, 4]) {
      newest().accept();
      newest().lose();
      await pass(seconds * 1000 - 1);
      const before = sockets.length;
      await pass(1);
      expect(sockets).toHaveLength(before + 1);
    }
    newest().accept();
    await pass(MINUTE);
    newest().lose();
    await pass(1000);
    expect(sockets).toHaveLength(5);
  });

  it('is opened at once when there is a connection again', async () => {
    for (let time = 0; time < 6; time++) {
      newest().lose();
      await pass(2 * MINUTE);
    }
    newest().lose();
    const before = sockets.length;
    dispatchEvent(new Event('online'));
    await pass(0);
    expect(sockets).toHaveLength(before + 1);
  });
});

describe('a page that is not seen', () => {
  it('has no socket after a while, asks nothing, and comes back with one', async () => {
    newest().accept();
    show('hidden');
    await pass(29_000);
    expect(newest().closed).toBe(false);
    await pass(2000);
    expect(newest().closed).toBe(true);
    asked = 0;
    await pass(30 * MINUTE);
    expect([sockets.length, asked]).toEqual([1, 0]);
    show('visible');
    await pass(0);
    newest().accept();
    expect([sockets.length, asked]).toEqual([2, 1]);
  });

  it('keeps its socket when it is seen again soon, if that is still there', async () => {
    newest().accept();
    show('hidden');
    await pass(10_000);
    show('visible');
    await pass(MINUTE);
    expect([sockets.length, newest().closed, newest().sent]).toEqual([1, false, [{ ping: 1 }]]);
    newest().answersPings = false;
    show('hidden');
    show('visible');
    await pass(11_000);
    expect(sockets).toHaveLength(2);
  });

  it('opens none when its session has ended', async () => {
    news.end();
    dispatchEvent(new Event('online'));
    newest().lose();
    await pass(10 * MINUTE);
    expect([sockets.length, newest().closed, asked]).toEqual([1, true, 0]);
  });
});
