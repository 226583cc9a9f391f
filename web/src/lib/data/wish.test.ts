import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '$lib/api/problem';
import { session } from '$lib/session.svelte';
import { readWishes } from './kept-wishes';
import { flushWishes, Wish, type WishPorts, wishOf } from './wish.svelte';

async function signIn(name: string): Promise<void> {
  const answer = { user_id: name, username: name, expires_in: 900 };
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(answer)));
  await session.signIn(name, 'a test is no secret');
}

beforeEach(() => signIn('anna'));

afterEach(() => {
  session.end();
  localStorage.clear();
  vi.unstubAllGlobals();
});

const ports = (tell: WishPorts['tell'], more: Partial<WishPorts> = {}): WishPorts => ({
  tell,
  failed: () => expect.unreachable(),
  now: Date.now,
  ...more,
});

/** An API that is there only while it is told to be. */
function api() {
  const api = { online: false, told: [] as boolean[] };
  const tell = async (on: boolean) => {
    if (!api.online) throw Problem.offline();
    api.told.push(on);
  };
  return Object.assign(api, { ports: ports(tell) });
}

/** A source of chance that is the same in every run (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('ten taps end in the last wish, whatever order the answers take', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = chance(seed);
    let stored = false;
    let running = 0;
    const tell = async (on: boolean) => {
      running += 1;
      expect(running).toBe(1);
      for (let turns = Math.floor(random() * 5); turns > 0; turns--) await Promise.resolve();
      stored = on;
      running -= 1;
    };
    const wish = new Wish('like/1', false, ports(tell));
    const told: Promise<void>[] = [];
    let last = false;
    for (let tap = 0; tap < 10; tap++) {
      last = random() < 0.5;
      told.push(wish.set(last));
      if (random() < 0.5) await Promise.resolve();
    }
    await Promise.all(told);
    expect([stored, wish.wanted]).toEqual([last, last]);
  }
});

test('a wish that fails goes back and says so', async () => {
  const failures: string[] = [];
  const fails = () => Promise.reject(new Problem('too_many_likes', 429));
  const wish = new Wish('like/1', false, ports(fails, { failed: ({ code }) => failures.push(code) }));
  await wish.set(true);
  expect([wish.wanted, failures, readWishes()]).toEqual([false, ['too_many_likes'], {}]);
});

test('a wish without a connection stays and is told once when there is one', async () => {
  const world = api();
  const wish = wishOf('like/1', false, world.ports);
  const find = () => wish;
  await wish.set(true);
  await flushWishes(find);
  expect([wish.wanted, wish.held, world.told, readWishes()]).toEqual([true, true, [], { 'like/1': true }]);
  world.online = true;
  await Promise.all([flushWishes(find), flushWishes(find)]);
  await flushWishes(find);
  expect([world.told, readWishes()]).toEqual([[true], {}]);
});

test('a wish that is taken back before it is told is told to nobody', async () => {
  const world = api();
  const wish = wishOf('like/1', false, world.ports);
  await wish.set(true);
  await wish.set(false);
  expect([world.told, readWishes()]).toEqual([[], {}]);
});

test('after a reload a kept wish counts over a page of before, and is told once', async () => {
  const world = api();
  await new Wish('like/1', true, world.ports).set(false);
  // The page was kept before the photo was liked: it says what the person wishes now, which the API does not know.
  const wish = new Wish('like/1', false, world.ports);
  wish.hear(true);
  expect([wish.wanted, wish.held]).toEqual([false, true]);
  world.online = true;
  await flushWishes(() => wish);
  await flushWishes(() => wish);
  expect([world.told, readWishes()]).toEqual([[false], {}]);
});

test('a kept wish is told before anything shows it', async () => {
  const world = api();
  await new Wish('follow/2', false, world.ports).set(true);
  world.online = true;
  await flushWishes((key, wanted) => wishOf(key, !wanted, world.ports));
  expect(world.told).toEqual([true]);
  // Whoever shows it then has the same one: the word of the API may be of before.
  expect(wishOf('follow/2', false, world.ports).wanted).toBe(true);
});

test("what another tab has told is told no more, and the API's word counts again", async () => {
  const world = api();
  let now = 0;
  const wish = wishOf('like/1', false, { ...world.ports, now: () => now });
  await wish.set(true);
  const oldValue = localStorage.getItem('wishes');
  localStorage.removeItem('wishes');
  dispatchEvent(new StorageEvent('storage', { key: 'wishes', oldValue, newValue: null }));
  world.online = true;
  await flushWishes(() => wish);
  expect([world.told, wish.wanted]).toEqual([[], true]);
  now = 10_001;
  wish.hear(false);
  expect(wish.wanted).toBe(false);
});

test("nobody's wish is another's", async () => {
  const world = api();
  await wishOf('like/1', false, world.ports).set(true);
  await signIn('ben');
  world.online = true;
  await flushWishes(() => expect.unreachable());
  expect([wishOf('like/1', false, world.ports).wanted, world.told]).toEqual([false, []]);
});

test("the API's word counts again ten seconds after one's own", async () => {
  let now = 0;
  const wish = new Wish(
    'like/1',
    false,
    ports(async () => {}, { now: () => now }),
  );
  await wish.set(true);
  wish.hear(false);
  expect(wish.wanted).toBe(true);
  now = 10_001;
  wish.hear(false);
  expect(wish.wanted).toBe(false);
});
