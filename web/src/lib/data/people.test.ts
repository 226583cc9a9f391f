import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { session } from '$lib/session.svelte';
import { isAway, isBlocked } from './away.svelte';
import { circleList, circleOf } from './circle.svelte';
import { forgetPerson, knownPerson, type Person, person, photo, profile } from './entities.svelte';
import { feed } from './feed.svelte';
import { own } from './own.svelte';
import { readPerson, readPhoto } from './pages';
import { answer, removeFollower, requests, takeBack } from './requests';

/** What is kept on this device. */
const kept = vi.hoisted(() => new Map<string, unknown>());
vi.mock('idb-keyval', () => ({
  get: async (key: string) => kept.get(key),
  set: async (key: string, value: unknown) => kept.set(key, value),
  del: async (key: string) => kept.delete(key),
}));

type View = Parameters<typeof profile>[0];
type Card = Parameters<typeof photo>[0];

const ANNA = { user_id: '7', username: 'anna', full_name: null, profile_pic: '/7.jpg' };

const view = (more: Partial<View> = {}): View => ({
  ...ANNA,
  bio: null,
  follower_count: 5,
  following_count: 2,
  photo_count: 3,
  followed_by_you: false,
  private: false,
  muted: null,
  requested_by_you: false,
  follows_you: false,
  close_friend: false,
  bell: false,
  created_at: '2026-01-01T00:00:00Z',
  ...more,
});

const CLOSED = { private: true, follower_count: null, following_count: null, photo_count: null };

const card = (id: string, more: Partial<Card> = {}): Card => ({
  photo_id: id,
  ...ANNA,
  url: '',
  thumbnail_urls: { small: '', medium: '', large: '' },
  caption: null,
  created_at: `2026-01-01T00:00:0${id}Z`,
  likes_count: 0,
  comments_count: 0,
  comments: 'everyone',
  hide_like_count: false,
  liked_by_user: false,
  saved_by_user: false,
  audience: 'everyone',
  media: [],
  tags: [],
  location: null,
  ...more,
});

/** What the API answers, by method and path; anything else is done and says nothing. */
let answers: Record<string, () => Response>;
let told: string[];

const refused = (status: number, code: string) => () => Response.json({ code }, { status });
const page = (users: View[]) => () => Response.json({ users, next_cursor: null, has_more: false });

beforeEach(async () => {
  answers = { 'POST auth/login': () => Response.json({ user_id: '1', username: 'me', expires_in: 900 }) };
  told = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const what = `${request.method} ${new URL(request.url).pathname.replace('/api/v1/', '')}`;
    told.push(what);
    return answers[what]?.() ?? new Response(null, { status: 204 });
  });
  await session.signIn('me', 'a test is no secret');
  told = [];
});

afterEach(() => {
  kept.clear();
  own.forget();
  session.end();
  localStorage.clear();
  vi.unstubAllGlobals();
});

/** What following Anna leads to. */
function follows(state: object) {
  answers['POST users/7/follow'] = () =>
    Response.json({ user_id: '7', follower_count: null, following_count: null, following: false, ...state });
}

describe('a private account', () => {
  it('is asked, shows nothing until it accepts, and then is followed', async () => {
    const anna = profile(view(CLOSED));
    expect([anna.following, anna.followers, anna.closed]).toEqual(['none', null, true]);
    follows({ requested: true });
    await anna.follow.set(true);
    expect([anna.following, anna.followers, anna.closed]).toEqual(['requested', null, true]);

    // It is taken back to what a profile of before said, though not by a list, which does not say it.
    person({ ...ANNA, followed_by_you: false, private: true });
    expect(anna.following).toBe('requested');
    // A moment later they accept.
    profile(view({ private: true, followed_by_you: true, follower_count: 6 }));
    expect([anna.following, anna.followers, anna.closed]).toEqual(['following', 6, false]);
  });

  it('is followed at once when it has become public meanwhile', async () => {
    const anna = profile(view(CLOSED));
    follows({ following: true, requested: false, follower_count: 6, following_count: 2 });
    await anna.follow.set(true);
    expect(anna.following).toBe('following');
  });

  it('is asked when it has become private meanwhile', async () => {
    const anna = profile(view());
    follows({ requested: true });
    await anna.follow.set(true);
    expect([anna.following, anna.card.private, anna.closed]).toEqual(['requested', true, true]);
  });

  it('takes its photos away from whom it no longer admits', async () => {
    const anna = profile(view({ private: true, followed_by_you: true }));
    feed.list.start({ items: [photo(card('2')), photo(card('1'))], next_cursor: null, has_more: false });
    answers['DELETE users/7/follow'] = () =>
      Response.json({ user_id: '7', following: false, requested: false, follower_count: null, following_count: null });
    await anna.follow.set(false);
    expect([anna.following, anna.followers, anna.closed]).toEqual(['none', null, true]);
    expect(feed.list.items).toEqual([]);
  });

  it('is asked no more when the request is withdrawn', async () => {
    const anna = profile(view({ ...CLOSED, requested_by_you: true }));
    expect(anna.following).toBe('requested');
    answers['DELETE users/7/follow'] = () =>
      Response.json({ user_id: '7', following: false, requested: false, follower_count: null, following_count: null });
    await anna.follow.set(false);
    expect([anna.following, told]).toEqual(['none', ['DELETE users/7/follow']]);
  });

  it('is closed to nobody whom it admits, and to oneself never', () => {
    expect(profile(view({ private: true, followed_by_you: true })).closed).toBe(false);
    expect(profile(view({ user_id: '1', username: 'me', private: true })).closed).toBe(false);
  });
});

describe('a bell', () => {
  const rings = (bell: boolean) => () => Response.json({ bell });

  beforeEach(() => {
    answers['POST users/7/bell'] = rings(true);
    answers['DELETE users/7/bell'] = rings(false);
  });

  it('is on at once, and leaves the follow as it is', async () => {
    const anna = profile(view({ followed_by_you: true }));
    const done = anna.bell.set(true);
    expect(anna.bell.wanted).toBe(true);
    await done;
    expect([anna.bell.said, anna.following, told]).toEqual([true, 'following', ['POST users/7/bell']]);
    await anna.bell.set(false);
    expect([anna.bell.wanted, told.at(-1)]).toEqual([false, 'DELETE users/7/bell']);
  });

  it('goes back when the API refuses', async () => {
    const anna = profile(view({ followed_by_you: true }));
    answers['POST users/7/bell'] = refused(409, 'not_following');
    await anna.bell.set(true);
    expect([anna.bell.wanted, anna.bell.said]).toEqual([false, false]);
  });

  it('is what their profile says of it', () => {
    expect(profile(view({ followed_by_you: true, bell: true })).bell.wanted).toBe(true);
    expect(profile(view({ followed_by_you: true })).bell.wanted).toBe(false);
  });

  it('ends with the follow, and is off for who follows again', async () => {
    const anna = profile(view({ followed_by_you: true, bell: true }));
    follows({ following: true, requested: false, follower_count: 5 });
    answers['DELETE users/7/follow'] = () =>
      Response.json({ user_id: '7', following: false, requested: false, follower_count: 4, following_count: 2 });
    await anna.follow.set(false);
    expect(anna.bell.wanted).toBe(false);
    await anna.follow.set(true);
    expect([anna.following, anna.bell.wanted, told.length]).toEqual(['following', false, 2]);
  });

  it('stays on when unfollowing fails', async () => {
    const anna = profile(view({ followed_by_you: true, bell: true }));
    answers['DELETE users/7/follow'] = refused(503, 'busy');
    await anna.follow.set(false);
    expect([anna.following, anna.bell.wanted]).toEqual(['following', true]);
  });

  it('ends with a block', async () => {
    const anna = profile(view({ followed_by_you: true, bell: true }));
    await circleOf('7').setBlocked(true);
    expect(anna.bell.wanted).toBe(false);
  });
});

describe('somebody who is blocked', () => {
  it('leaves feed and lists at once, and is followed no more', async () => {
    const anna = profile(view({ followed_by_you: true, follows_you: true }));
    const other = card('2', { user_id: '8', username: 'bert' });
    feed.list.start({ items: [photo(card('1')), photo(other)], next_cursor: null, has_more: false });
    const done = circleOf('7').setBlocked(true);
    expect(feed.list.items.map(({ id }) => id)).toEqual(['2']);
    await done;
    expect([anna.follow.wanted, anna.following, isBlocked('7'), isBlocked('8')]).toEqual([false, 'none', true, false]);
    expect(told).toEqual(['POST users/7/block']);
  });

  it('is not in the page that the next visit begins with', async () => {
    const photos = [card('2'), card('1', { user_id: '8', username: 'bert' })];
    kept.set('feed', { user_id: '1', at: 7, page: { photos, next_cursor: null, has_more: false } });
    await circleOf('7').setBlocked(true);
    expect(kept.get('feed')).toMatchObject({ at: 7, page: { photos: [{ photo_id: '1' }] } });
  });

  it('is seen as before when the API refuses', async () => {
    profile(view({ followed_by_you: true }));
    feed.list.start({ items: [photo(card('1'))], next_cursor: null, has_more: false });
    answers['POST users/7/block'] = refused(429, 'too_many_blocks');
    await circleOf('7').setBlocked(true);
    expect([isBlocked('7'), feed.list.items.length, knownPerson('anna')?.following]).toEqual([false, 1, 'following']);
  });

  it('is seen again when the API agrees, and not before', async () => {
    const circle = circleOf('7');
    await circle.setBlocked(true);
    const done = circle.setBlocked(false);
    expect([circle.block.wanted, isBlocked('7')]).toEqual([false, true]);
    await done;
    expect(isBlocked('7')).toBe(false);
  });

  it('is listed until they are unblocked', async () => {
    answers['GET users/me/blocks'] = page([view()]);
    const list = circleList('blocked');
    await list.more();
    expect([list.items.map(({ id }) => id), isBlocked('7')]).toEqual([['7'], true]);
    void circleOf('7').setBlocked(false);
    expect(list.items).toEqual([]);
  });
});

it('whoever is muted leaves the feed, and comes back to their places when that is undone', async () => {
  const ids = () => feed.list.items.map(({ id }) => id);
  const bert = { user_id: '8', username: 'bert' };
  feed.list.start({
    items: [photo(card('3', bert)), photo(card('2')), photo(card('1', bert))],
    next_cursor: null,
    has_more: false,
  });
  void circleOf('7').setMuted(true);
  expect([ids(), isAway('7'), isBlocked('7')]).toEqual([['3', '1'], true, false]);
  // What the API lists for a while yet is not shown either.
  feed.list.insertTop(photo(card('4')));
  expect(ids()).toEqual(['3', '1']);
  await circleOf('7').setMuted(false);
  expect(ids()).toEqual(['4', '3', '2', '1']);
});

it('reads a photo once for all who want it at once, and anew afterwards', async () => {
  answers['GET photos/1'] = () => Response.json(card('1'));
  const [one, other] = await Promise.all([readPhoto('1'), readPhoto('1')]);
  expect([one === other, told]).toEqual([true, ['GET photos/1']]);
  await readPhoto('1');
  expect(told).toEqual(['GET photos/1', 'GET photos/1']);
});

describe('what the API shows no longer', () => {
  it('leaves every list: a photo', async () => {
    feed.list.start({ items: [photo(card('1')), photo(card('2'))], next_cursor: null, has_more: false });
    answers['GET photos/1'] = refused(404, 'photo_not_found');
    await expect(readPhoto('1')).rejects.toMatchObject({ code: 'photo_not_found' });
    expect(feed.list.items.map(({ id }) => id)).toEqual(['2']);
  });

  it('leaves every list: a person, with all of their photos', async () => {
    profile(view());
    feed.list.start({ items: [photo(card('1'))], next_cursor: null, has_more: false });
    answers['GET users/by-name/anna'] = refused(404, 'user_not_found');
    await expect(readPerson('anna')).rejects.toMatchObject({ code: 'user_not_found' });
    expect([feed.list.items, knownPerson('anna')]).toEqual([[], undefined]);
  });
});

describe('a request', () => {
  let anna: Person;

  beforeEach(async () => {
    forgetPerson('7');
    answers['GET users/me'] = () =>
      Response.json(view({ user_id: '1', username: 'me', private: true, request_count: 2 }));
    answers['GET users/me/requests'] = page([view()]);
    await own.read();
    await requests().more();
    anna = requests().items[0] as Person;
    told = [];
  });

  it('leaves the list and the count at once', async () => {
    const done = answer(anna, true);
    expect([requests().items, own.profile?.request_count]).toEqual([[], 1]);
    expect([await done, told]).toEqual([true, ['POST users/me/requests/7/accept']]);
  });

  it('comes back when the answer fails', async () => {
    answers['POST users/me/requests/7/decline'] = refused(503, 'busy');
    await expect(answer(anna, false)).rejects.toMatchObject({ code: 'busy' });
    expect([requests().items.length, own.profile?.request_count]).toEqual([1, 2]);
  });

  it('that was accepted is taken back once it has become a follow', async () => {
    let asked = 0;
    answers['GET users/by-name/anna'] = () => Response.json(view({ follows_you: ++asked === 3 }));
    await takeBack(anna, async () => {});
    expect(told.at(-1)).toBe('DELETE users/me/followers/7');
    expect(asked).toBe(3);
  });

  it('that was withdrawn is gone all the same', async () => {
    answers['POST users/me/requests/7/accept'] = refused(404, 'no_request');
    expect([await answer(anna, true), requests().items]).toEqual([false, []]);
  });
});

it('a follower who cannot be removed follows still', async () => {
  const anna = profile(view({ follows_you: true }));
  answers['DELETE users/me/followers/7'] = refused(503, 'busy');
  const done = removeFollower(anna);
  expect(anna.profile?.follows_you).toBe(false);
  await expect(done).rejects.toMatchObject({ code: 'busy' });
  expect(anna.profile?.follows_you).toBe(true);
});
