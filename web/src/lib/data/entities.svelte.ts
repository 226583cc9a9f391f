import { api, ok, type Schemas } from '$lib/api/client';
import type { Problem } from '$lib/api/problem';
import { clearLists, removeFromLists } from '$lib/data/list.svelte';
import { flushWishes, type Wish, type WishPorts, wishOf } from '$lib/data/wish.svelte';
import { session } from '$lib/session.svelte';

export type PhotoCard = Schemas['PhotoCard'];
export type Status = Schemas['StatusView'];
type PhotoView = Schemas['PhotoView'];
type UserCard = Schemas['UserCard'];
type Profile = Schemas['Profile'];

/** A photo, wherever it is shown: feed, grid and its own page hold the same one. */
export class Photo {
  readonly id: string;
  card: PhotoCard = $state.raw(undefined as never);
  /** How far it is. Cards are only ever of ready ones. */
  status: Status = $state('ready');
  failure: Schemas['FailureView'] | undefined = $state.raw();
  readonly like: Wish;

  constructor(card: PhotoCard) {
    this.id = card.photo_id;
    this.card = card;
    this.like = likeOf(card.photo_id, card.liked_by_user);
  }

  /** Likes, the person's own wish included. */
  get likes(): number {
    const { likes_count, liked_by_user } = this.card;
    return Math.max(0, likes_count + Number(this.like.wanted) - Number(liked_by_user));
  }

  hear(card: PhotoCard): void {
    if (this.like.held) {
      // The count in the answer may be from before one's own like.
      const { likes_count, liked_by_user } = this.card;
      this.card = { ...card, likes_count, liked_by_user };
      return;
    }
    this.card = card;
    this.like.hear(card.liked_by_user);
  }
}

/** A person, wherever they are shown. */
export class Person {
  readonly id: string;
  card: Pick<UserCard, 'user_id' | 'username' | 'full_name' | 'profile_pic'> = $state.raw(undefined as never);
  /** What only their profile says. */
  profile: Profile | undefined = $state.raw();
  readonly follow: Wish;
  #followers = $state(0);
  #followed = $state(false);

  constructor(card: Person['card'], followed: boolean) {
    this.id = card.user_id;
    this.card = card;
    this.#followed = followed;
    this.follow = followOf(card.user_id, followed);
  }

  /** Followers, the person's own wish included. */
  get followers(): number {
    return Math.max(0, this.#followers + Number(this.follow.wanted) - Number(this.#followed));
  }

  hear(card: Person['card'], followed?: boolean, profile?: Profile): void {
    // A first count is taken whatever is wished: there is none before it.
    const first = profile && !this.profile;
    this.card = card;
    if (profile) this.profile = profile;
    if (followed === undefined || (this.follow.held && !first)) return;
    this.#followed = followed;
    if (profile) this.#followers = profile.follower_count;
    this.follow.hear(followed);
  }
}

const photos = new Map<string, Photo>();
const people = new Map<string, Person>();
const idsByName = new Map<string, string>();

/** Folds a photo of an answer into the store. */
export function photo(card: PhotoCard): Photo {
  const known = photos.get(card.photo_id);
  if (known) {
    known.hear(card);
    return known;
  }
  const made = new Photo(card);
  photos.set(made.id, made);
  return made;
}

/** Folds a single photo with its state into the store. */
export function photoView(view: PhotoView): Photo {
  const entity = photo(view);
  entity.status = view.status;
  entity.failure = view.failure ?? undefined;
  return entity;
}

export function knownPhoto(id: string): Photo | undefined {
  return photos.get(id);
}

/** Takes a deleted photo out of everything that shows it. */
export function forgetPhoto(id: string): void {
  photos.delete(id);
  removeFromLists(id);
}

/** Folds somebody in a list into the store. */
export function person(card: UserCard): Person {
  return fold(card, card.followed_by_you);
}

/** Folds a profile into the store. */
export function profile(view: Profile): Person {
  return fold(view, view.followed_by_you, view);
}

/** Returns who is known by that user name. */
export function knownPerson(username: string): Person | undefined {
  const id = idsByName.get(username.toLowerCase());
  return id === undefined ? undefined : people.get(id);
}

function fold(card: Person['card'], followed: boolean, view?: Profile): Person {
  let entity = people.get(card.user_id);
  if (!entity) {
    entity = new Person(card, followed);
    people.set(entity.id, entity);
    idsByName.set(card.username.toLowerCase(), entity.id);
  }
  entity.hear(card, followed, view);
  return entity;
}

let report: (problem: Problem) => void = () => {};

/** Says how a wish that failed is told to the person. */
export function onWishFailed(tell: (problem: Problem) => void): void {
  report = tell;
}

function portsOf(tell: WishPorts['tell']): WishPorts {
  return { tell, failed: (problem) => report(problem), now: Date.now };
}

function likeOf(id: string, said: boolean): Wish {
  const path = { params: { path: { photo_id: id } } };
  const tell = (on: boolean) =>
    ok(on ? api.POST('/api/v1/photos/{photo_id}/like', path) : api.DELETE('/api/v1/photos/{photo_id}/like', path));
  return wishOf(`like/${id}`, said, portsOf(tell));
}

function followOf(id: string, said: boolean): Wish {
  const path = { params: { path: { user_id: id } } };
  const tell = (on: boolean) =>
    ok(on ? api.POST('/api/v1/users/{user_id}/follow', path) : api.DELETE('/api/v1/users/{user_id}/follow', path));
  return wishOf(`follow/${id}`, said, portsOf(tell));
}

/** Tells the API what waited for a connection, of photos and people of before as well. */
export function tellWaiting(): Promise<void> {
  return flushWishes((key, wanted) => {
    const [kind, id] = key.split('/');
    if (!id) return undefined;
    if (kind === 'like') return likeOf(id, !wanted);
    return kind === 'follow' ? followOf(id, !wanted) : undefined;
  });
}

// The next person to sign in on this device sees nothing of this one.
session.onEnd(() => {
  photos.clear();
  people.clear();
  idsByName.clear();
  clearLists();
});
