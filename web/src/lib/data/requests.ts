import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import type { Person } from '$lib/data/entities.svelte';
import { keptList, List } from '$lib/data/list.svelte';
import { own } from '$lib/data/own.svelte';
import { followsOf, people, query, readPerson } from '$lib/data/pages';
import { session } from '$lib/session.svelte';

/** Who asks to follow one's private account. */
export function requests(): List<Person> {
  return keptList('requests', () => {
    return new List(async (cursor) =>
      people(await ok(api.GET('/api/v1/users/me/requests', { params: query(cursor) }))),
    );
  });
}

/**
 * Accepts or declines somebody's request. It leaves the list at once, and comes back when that fails. Returns whether
 * there still was one: it may have been withdrawn. Throws `Problem`.
 */
export async function answer(person: Person, accepted: boolean): Promise<boolean> {
  const list = requests();
  list.remove(person.id);
  own.countRequest(-1);
  const params = { path: { user_id: person.id } };
  const said = accepted ? 'accept' : 'decline';
  try {
    await ok(api.POST(`/api/v1/users/me/requests/{user_id}/${said}`, { params }));
    return true;
  } catch (error) {
    if (Problem.from(error).code === 'no_request') return false;
    list.insertTop(person);
    own.countRequest(1);
    throw error;
  }
}

/** How often it is asked whether an accepted request has become a follow, and how long apart (ms). */
const TRIES = 10;
const PAUSE = 1000;

/** Takes an acceptance back: the follow that it leads to a moment later is removed once it is there. Throws `Problem`. */
export async function takeBack(person: Person, wait = (ms: number) => new Promise((end) => setTimeout(end, ms))) {
  for (let tries = 0; tries < TRIES; tries++) {
    const { profile } = await readPerson(person.card.username);
    if (profile?.follows_you) break;
    await wait(PAUSE);
  }
  await removeFollower(person);
}

/** Takes somebody out of one's own followers, at once. They come back when that fails. Throws `Problem`. */
export async function removeFollower(person: Person): Promise<void> {
  const list = followsOf(session.me?.user_id ?? '', 'followers');
  const { profile } = person;
  list.remove(person.id);
  if (profile) person.profile = { ...profile, follows_you: false };
  try {
    await ok(api.DELETE('/api/v1/users/me/followers/{user_id}', { params: { path: { user_id: person.id } } }));
  } catch (error) {
    if (list.begun) list.insertTop(person);
    person.profile = profile;
    throw error;
  }
}
