import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { session } from '$lib/session.svelte';
import type { Photo, photo } from './entities.svelte';
import { collections, savedPhotos } from './saved.svelte';

const TRIPS = { collection_id: 'c1', name: 'Trips', created_at: '2026-01-01T00:00:00Z' };

let answers: Record<string, () => Response>;
let told: { what: string; body?: unknown }[];

function card(id: string): Parameters<typeof photo>[0] {
  return {
    photo_id: id,
    user_id: '7',
    username: 'anna',
    profile_pic: '',
    url: '',
    thumbnail_urls: { small: '', medium: '', large: '' },
    caption: null,
    created_at: `2026-01-01T00:00:0${id}Z`,
    likes_count: 0,
    comments_count: 0,
    comments: 'everyone',
    hide_like_count: false,
    liked_by_user: false,
    saved_by_user: true,
    audience: 'everyone',
    media: [],
    tags: [],
    location: null,
  };
}

const refused = () => Response.json({ code: 'busy' }, { status: 503 });

beforeEach(async () => {
  answers = {
    'POST auth/login': () => Response.json({ user_id: '1', username: 'me', expires_in: 900 }),
    'GET users/me/collections': () => Response.json({ collections: [TRIPS] }),
    'GET users/me/saved': () => Response.json({ photos: [card('2'), card('1')], next_cursor: null, has_more: false }),
    'GET users/me/saved?collection=c1': () =>
      Response.json({ photos: [card('1')], next_cursor: null, has_more: false }),
  };
  told = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const what = `${request.method} ${pathname.replace('/api/v1/', '')}${search}`;
    const text = await request.text();
    told.push({ what, ...(text && { body: JSON.parse(text) }) });
    return answers[what]?.() ?? new Response(null, { status: 204 });
  });
  await session.signIn('me', 'a test is no secret');
  await collections.read();
  await Promise.all([savedPhotos().more(), savedPhotos('c1').more()]);
  told = [];
});

afterEach(() => {
  session.end();
  localStorage.clear();
  vi.unstubAllGlobals();
});

const ids = (collection?: string) => savedPhotos(collection).items.map(({ id }) => id);
const first = (collection?: string) => savedPhotos(collection).items[0] as Photo;

test('what is saved no longer leaves all lists at once, and comes back when that fails', async () => {
  answers['DELETE photos/1/save'] = refused;
  const done = first('c1').save.set(false);
  expect([ids(), ids('c1')]).toEqual([['2'], []]);
  await done;
  expect([ids(), ids('c1')]).toEqual([['2', '1'], ['1']]);
});

test('a photo is put into a collection in its place, and is on its cover if it is the newest', async () => {
  const [two] = savedPhotos().items as [Photo];
  await two.save.set(false);
  told = [];
  const done = collections.put(two, 'c1');
  expect(two.save.wanted).toBe(true);
  await done;
  expect([ids('c1'), told[0]]).toEqual([['2', '1'], { what: 'POST photos/2/save', body: { collection: 'c1' } }]);
  expect(collections.covers.c1?.id).toBe('2');
  await collections.put(first(), 'c1');
  await collections.put(savedPhotos().items[1] as Photo, 'c1');
  expect([ids('c1'), collections.covers.c1?.id]).toEqual([['2', '1'], '2']);
});

test('a photo that could not be put into a collection is as it was', async () => {
  const [two] = savedPhotos().items as [Photo];
  await two.save.set(false);
  answers['POST photos/2/save'] = refused;
  await expect(collections.put(two, 'c1')).rejects.toMatchObject({ code: 'busy' });
  expect([two.save.wanted, ids('c1')]).toEqual([false, ['1']]);
});

test('a cover that is taken out makes room for the next', async () => {
  answers['GET users/me/saved?collection=c1&count=1'] = () =>
    Response.json({ photos: [card('1')], next_cursor: null, has_more: false });
  await collections.readCover('c1');
  expect(collections.covers.c1?.id).toBe('1');
  answers['GET users/me/saved?collection=c1&count=1'] = () =>
    Response.json({ photos: [], next_cursor: null, has_more: false });
  await collections.takeOut(first('c1'), 'c1');
  expect(collections.covers).toEqual({ c1: undefined });
});

test('a photo that is taken out stays saved, and comes back when that fails', async () => {
  const one = first('c1');
  await collections.takeOut(one, 'c1');
  expect([ids('c1'), ids(), one.save.wanted]).toEqual([[], ['2', '1'], true]);
  expect(told[0]).toEqual({ what: 'DELETE photos/1/save', body: { collection: 'c1' } });
  await collections.put(one, 'c1');
  answers['DELETE photos/1/save'] = refused;
  await expect(collections.takeOut(one, 'c1')).rejects.toMatchObject({ code: 'busy' });
  expect(ids('c1')).toEqual(['1']);
});

test('a collection has its new name at once, and its old one when that fails', async () => {
  answers['PATCH users/me/collections/c1'] = refused;
  const done = collections.rename('c1', 'Journeys');
  expect(collections.find('c1')?.name).toBe('Journeys');
  await expect(done).rejects.toMatchObject({ code: 'busy' });
  expect(collections.find('c1')?.name).toBe('Trips');
});

test('what is read while one is deleted does not bring it back', async () => {
  let there = [TRIPS];
  answers['GET users/me/collections'] = () => Response.json({ collections: there });
  answers['DELETE users/me/collections/c1'] = () => {
    there = [];
    return new Response(null, { status: 204 });
  };
  await Promise.all([collections.remove('c1'), collections.read()]);
  expect([collections.all, told.map(({ what }) => what)]).toEqual([
    [],
    ['DELETE users/me/collections/c1', 'GET users/me/collections'],
  ]);
});

test('a collection is made last of all, and deleted at once', async () => {
  answers['POST users/me/collections'] = () =>
    Response.json({ collection_id: 'c2', name: 'Food', created_at: '2026-01-02T00:00:00Z' }, { status: 201 });
  await collections.create('Food');
  expect(collections.all?.map(({ name }) => name)).toEqual(['Trips', 'Food']);
  const done = collections.remove('c2');
  expect(collections.all?.map(({ name }) => name)).toEqual(['Trips']);
  await done;
});
