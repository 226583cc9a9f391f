import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Wanted } from './wanted.svelte';

const NIGHT = { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' };

type Body = { kinds?: Record<string, { push: boolean }>; quiet_hours?: object | null; digest?: boolean };

let stored: { kinds: Record<string, { push: boolean }>; quiet_hours: object | null; digest: boolean };
let told: Body[];
/** What each change is answered with, in their order; 200 where nothing is said. */
let answers: number[];
let waiting: (() => void)[];
let slow: boolean;

beforeEach(() => {
  stored = { kinds: { like: { push: true }, follow: { push: true } }, quiet_hours: null, digest: false };
  told = [];
  answers = [];
  waiting = [];
  slow = false;
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'PATCH') {
      const body = (await request.json()) as Body;
      told.push(body);
      if (slow) await new Promise<void>((resolve) => waiting.push(resolve));
      const status = answers.shift() ?? 200;
      if (status !== 200) return new Response('{"code":"busy"}', { status });
      const { quiet_hours = stored.quiet_hours, digest = stored.digest } = body;
      stored = { kinds: { ...stored.kinds, ...body.kinds }, quiet_hours, digest };
    }
    return new Response(JSON.stringify(stored), { headers: { 'Content-Type': 'application/json' } });
  });
});

afterEach(() => vi.unstubAllGlobals());

async function read(): Promise<Wanted> {
  const wanted = new Wanted();
  await wanted.read();
  return wanted;
}

const like = (push: boolean) => ({ kinds: { like: { push } } });
const pushed = ({ settings }: Wanted) => Object.entries(settings?.kinds ?? {}).map(([kind, { push }]) => [kind, push]);

test('a switch is where it was put before the API has answered', async () => {
  slow = true;
  const wanted = await read();
  const telling = wanted.change(like(false));
  expect(pushed(wanted)).toEqual([
    ['like', false],
    ['follow', true],
  ]);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  waiting[0]?.();
  await telling;
  expect(wanted.settings?.kinds.like?.push).toBe(false);
});

test('a switch goes back when the API refuses, and others stay', async () => {
  const wanted = await read();
  answers = [503, 200];
  const refused = wanted.change(like(false));
  const taken = wanted.change({ kinds: { follow: { push: false } }, quiet_hours: NIGHT });
  await expect(refused).rejects.toMatchObject({ status: 503 });
  await taken;
  expect(pushed(wanted)).toEqual([
    ['like', true],
    ['follow', false],
  ]);
  expect(wanted.settings?.quiet_hours).toEqual(NIGHT);
});

test('the daily mail is as it is wished at once, and as it was where it is not named', async () => {
  slow = true;
  const wanted = await read();
  const telling = wanted.change({ digest: true });
  expect(wanted.settings?.digest).toBe(true);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  waiting[0]?.();
  await telling;
  slow = false;
  await wanted.change(like(false));
  expect(wanted.settings).toMatchObject({ digest: true, quiet_hours: null });
});

test('the last of several wishes counts, whatever the API takes', async () => {
  slow = true;
  const wanted = await read();
  const wishes = [false, true, false].map((push) => wanted.change(like(push)));
  for (let wish = 0; wish < wishes.length; wish++) {
    expect(wanted.settings?.kinds.like?.push).toBe(false);
    await vi.waitFor(() => expect(waiting).toHaveLength(wish + 1));
    // One after the other, so that the API ends with the last.
    expect(told).toHaveLength(wish + 1);
    waiting[wish]?.();
  }
  await Promise.all(wishes);
  expect([stored.kinds.like?.push, wanted.settings?.kinds.like?.push]).toEqual([false, false]);
});
