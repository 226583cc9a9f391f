import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { isBlocked } from '$lib/data/away.svelte';
import {
  forgetPerson,
  forgetPhoto,
  knownPerson,
  type Person,
  type Photo,
  person,
  photo,
  photoView,
  profile,
} from '$lib/data/entities.svelte';
import { keptList, List, type Page } from '$lib/data/list.svelte';

type Cursor = { query: { cursor?: string } };

/** Returns the parameters of a page's call. */
export const query = (cursor?: string): Cursor => ({ query: cursor ? { cursor } : {} });

/** Somebody's photos, newest first. */
export function photosOf(userId: string): List<Photo> {
  return keptList(`photos/${userId}`, () => {
    return new List(async (cursor) => {
      const params = { path: { user_id: userId }, ...query(cursor) };
      const page = await ok(api.GET('/api/v1/users/{user_id}/photos', { params }));
      return { ...page, items: page.photos.map(photo) };
    });
  });
}

const isHidden = ({ id }: Person) => isBlocked(id);

/** Who likes a photo. */
export function likersOf(photoId: string): List<Person> {
  return keptList(`likers/${photoId}`, () => {
    return new List(async (cursor) => {
      const params = { path: { photo_id: photoId }, ...query(cursor) };
      return people(await ok(api.GET('/api/v1/photos/{photo_id}/likes', { params })));
    }, isHidden);
  });
}

/** Who follows somebody, or whom they follow. */
export function followsOf(userId: string, side: 'followers' | 'following'): List<Person> {
  return keptList(`${side}/${userId}`, () => {
    return new List(async (cursor) => {
      const params = { path: { user_id: userId }, ...query(cursor) };
      return people(await ok(api.GET(`/api/v1/users/{user_id}/${side}`, { params })));
    }, isHidden);
  });
}

/** Folds a page of people into the store. */
export function people(page: {
  users: Parameters<typeof person>[0][];
  next_cursor?: string | null;
  has_more: boolean;
}): Page<Person> {
  return { items: page.users.map(person), next_cursor: page.next_cursor ?? null, has_more: page.has_more };
}

const reading = new Map<string, Promise<Photo>>();

/**
 * Reads one photo; whoever wants it at once shares the call. Throws `Problem` `photo_not_found` when it is gone or hidden;
 * then nothing shows it any longer.
 */
export function readPhoto(id: string): Promise<Photo> {
  const known = reading.get(id);
  if (known) return known;
  const read = readAnew(id).finally(() => reading.delete(id));
  reading.set(id, read);
  return read;
}

async function readAnew(id: string): Promise<Photo> {
  try {
    return photoView(await ok(api.GET('/api/v1/photos/{photo_id}', { params: { path: { photo_id: id } } })));
  } catch (error) {
    if (Problem.from(error).code === 'photo_not_found') forgetPhoto(id);
    throw error;
  }
}

/**
 * Reads somebody's profile by user name. Throws `Problem` `user_not_found` when there is nobody, or nobody that one
 * sees; then nothing shows them any longer.
 */
export async function readPerson(username: string): Promise<Person> {
  try {
    return profile(await ok(api.GET('/api/v1/users/by-name/{username}', { params: { path: { username } } })));
  } catch (error) {
    const known = knownPerson(username);
    if (Problem.from(error).code === 'user_not_found' && known) forgetPerson(known.id);
    throw error;
  }
}
