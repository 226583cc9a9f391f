import { expect, test } from 'vitest';
import { Problem } from '$lib/api/problem';
import { flushWishes, Wish } from './wish.svelte';

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
    const wish = new Wish(false, tell, () => expect.unreachable());
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
  const wish = new Wish(
    false,
    () => Promise.reject(new Problem('too_many_likes', 429)),
    ({ code }) => failures.push(code),
  );
  await wish.set(true);
  expect([wish.wanted, failures]).toEqual([false, ['too_many_likes']]);
});

test('a wish without a connection stays and is told when there is one', async () => {
  let online = false;
  const told: boolean[] = [];
  const wish = new Wish(
    false,
    async (on) => {
      if (!online) throw Problem.offline();
      told.push(on);
    },
    () => expect.unreachable(),
  );
  await wish.set(true);
  expect([wish.wanted, wish.held, told]).toEqual([true, true, []]);
  online = true;
  flushWishes();
  await Promise.resolve();
  await Promise.resolve();
  expect(told).toEqual([true]);
});

test("the API's word counts again ten seconds after one's own", async () => {
  let now = 0;
  const wish = new Wish(
    false,
    async () => {},
    () => expect.unreachable(),
    () => now,
  );
  await wish.set(true);
  wish.hear(false);
  expect(wish.wanted).toBe(true);
  now = 10_001;
  wish.hear(false);
  expect(wish.wanted).toBe(false);
});
