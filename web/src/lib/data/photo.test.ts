import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { session } from '$lib/session.svelte';
import { knownPhoto, type Photo, type PhotoCard, photo, photoView } from './entities.svelte';
import { HOLD } from './wish.svelte';

const card = (likes_count: number | null, liked_by_user = false) =>
  ({ photo_id: '7', likes_count, liked_by_user, comments_count: 0, saved_by_user: false }) as PhotoCard;

/** What a wish is answered with. */
let status: number;
let told: string[];

beforeEach(async () => {
  vi.useFakeTimers();
  status = 204;
  told = [];
  const answer = { user_id: '1', username: 'me', expires_in: 900 };
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.url.endsWith('/login')) return Response.json(answer);
    told.push(`${request.method} ${await request.text()}`);
    return new Response(status === 204 ? null : '{"code":"busy"}', { status });
  });
  await session.signIn('me', 'a test is no secret');
});

afterEach(() => {
  session.end();
  localStorage.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const shown = ({ likes, like }: Photo) => [likes, like.wanted];

test('likes that are said live are counted wherever the photo is shown', () => {
  const anna = photo(card(3, true));
  knownPhoto('7')?.hearLikes(5);
  expect(shown(anna)).toEqual([5, true]);
  knownPhoto('7')?.hearLikes(4);
  expect(shown(anna)).toEqual([4, true]);
});

test.each([3, 4])("one's own like is counted once beside %i that are said live", async (said) => {
  const anna = photo(card(3));
  const liking = anna.like.set(true);
  anna.hearLikes(said);
  expect(shown(anna)).toEqual([4, true]);
  await liking;
  anna.hearLikes(said);
  expect(shown(anna)).toEqual([4, true]);
});

test("what was said live beside one's own like is shown once that has settled", async () => {
  const anna = photo(card(3));
  await anna.like.set(true);
  anna.hearLikes(4);
  anna.hearLikes(9);
  expect(shown(anna)).toEqual([4, true]);
  await vi.advanceTimersByTimeAsync(HOLD);
  expect(shown(anna)).toEqual([9, true]);
  await anna.like.set(false);
  expect(shown(anna)).toEqual([8, false]);
});

test('a like that is refused is taken back from what was said live before it', async () => {
  const anna = photo(card(3));
  anna.hearLikes(6);
  status = 503;
  const liking = anna.like.set(true);
  expect(shown(anna)).toEqual([7, true]);
  await liking;
  expect(shown(anna)).toEqual([6, false]);
});

test('what was read later counts over what was said live and waits', async () => {
  const anna = photo(card(3));
  await anna.like.set(true);
  anna.hearLikes(4);
  await vi.advanceTimersByTimeAsync(HOLD - 1);
  vi.setSystemTime(Date.now() + 1);
  photo(card(12, true));
  await vi.advanceTimersByTimeAsync(HOLD);
  expect(shown(anna)).toEqual([12, true]);
});

test('a number that its author hides is not shown by what is said live', () => {
  const anna = photo(card(null));
  anna.hearLikes(5);
  expect(anna.likes).toBeUndefined();
});

test('what waits is of no photo that has gone with the session', async () => {
  const anna = photo(card(3));
  await anna.like.set(true);
  anna.hearLikes(9);
  session.end();
  await vi.advanceTimersByTimeAsync(HOLD);
  expect([shown(anna), vi.getTimerCount()]).toEqual([[4, true], 0]);
});

const own = (notifications_muted?: boolean) =>
  photoView({ ...card(3), status: 'ready', notifications_muted } as Parameters<typeof photoView>[0]);

test('whether one is told of a photo is known of one that was read, and of no other', () => {
  expect(photo(card(3)).muted).toBeUndefined();
  expect(own().muted).toBeUndefined();
  expect(own(true).muted?.wanted).toBe(true);
  // A list does not say it.
  expect(photo(card(3)).muted?.wanted).toBe(true);
  expect(own(false).muted?.wanted).toBe(false);
});

test('a photo is muted at once, and not when that is refused', async () => {
  const { muted } = own(false);
  const muting = muted?.set(true);
  expect(muted?.wanted).toBe(true);
  await muting;
  expect([muted?.said, told]).toEqual([true, ['PATCH {"notifications_muted":true}']]);
  status = 503;
  await muted?.set(false);
  expect([muted?.wanted, told.at(-1)]).toEqual([true, 'PATCH {"notifications_muted":false}']);
});
