import { api, ok, type Schemas } from '$lib/api/client';
import type { Problem } from '$lib/api/problem';
import { clearLists, knownList, removeFromLists } from '$lib/data/list.svelte';
import { flushWishes, HOLD, type Wish, wishOf } from '$lib/data/wish.svelte';
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
  readonly save: Wish;
  /** Whether one is told nothing of what happens under it: said of one's own photo alone, and not by lists. */
  muted: Wish | undefined = $state.raw();
  /** Comments, with one's own that the API does not count yet. */
  comments = $state(0);
  #commentsHeldUntil = 0;
  #likesLater: ReturnType<typeof setTimeout> | undefined;

  constructor(card: PhotoCard) {
    this.id = card.photo_id;
    this.card = card;
    this.comments = card.comments_count;
    this.like = wishFor('like', card.photo_id, card.liked_by_user);
    this.save = wishFor('save', card.photo_id, card.saved_by_user);
  }

  /** Likes, the person's own wish included; `undefined` while the author hides how many there are. */
  get likes(): number | undefined {
    const { likes_count, liked_by_user } = this.card;
    if (likes_count === null) return undefined;
    return Math.max(0, likes_count + Number(this.like.wanted) - Number(liked_by_user));
  }

  /** Counts comments that were written or deleted here. For a while that is believed over what the API says. */
  countComments(by: number): void {
    this.comments = Math.max(0, this.comments + by);
    this.#commentsHeldUntil = Date.now() + HOLD;
  }

  /** Takes how many like it, as it was said live. That waits while the person's own wish counts over the API's word. */
  hearLikes(likes: number): void {
    clearTimeout(this.#likesLater);
    if (this.card.likes_count === null) return;
    if (this.like.held) this.#likesLater = setTimeout(() => knownPhoto(this.id)?.hearLikes(likes), HOLD);
    else this.card = { ...this.card, likes_count: likes, liked_by_user: this.like.said };
  }

  hear(card: PhotoCard): void {
    if (Date.now() >= this.#commentsHeldUntil) this.comments = card.comments_count;
    this.save.hear(card.saved_by_user);
    if (this.like.held) {
      // The count in the answer may be from before one's own like.
      const { likes_count, liked_by_user } = this.card;
      this.card = { ...card, likes_count, liked_by_user };
      return;
    }
    clearTimeout(this.#likesLater);
    this.card = card;
    this.like.hear(card.liked_by_user);
  }
}

/** How one stands to somebody: `requested` is waiting for the word of a private account. */
export type Following = 'none' | 'requested' | 'following';

type FollowState = Schemas['FollowState'];

/** A person, wherever they are shown. */
export class Person {
  readonly id: string;
  /** Whether they are private is not said everywhere. */
  card: Pick<UserCard, 'user_id' | 'username' | 'full_name' | 'profile_pic'> & { private?: boolean } = $state.raw(
    undefined as never,
  );
  /** What only their profile says. */
  profile: Profile | undefined = $state.raw();
  /** Whether one follows them, or has asked to. */
  readonly follow: Wish;
  /** Whether one is told of each photo of theirs. It ends with the follow. */
  readonly bell: Wish;
  /** How many follow them, and whether that counts the caller. */
  #counted: { followers: number | null; followed: boolean } = $state.raw({ followers: 0, followed: false });
  #followed = $state(false);

  constructor(card: Person['card'], followed: boolean) {
    this.id = card.user_id;
    this.card = card;
    this.#followed = followed;
    this.follow = wishFor('follow', card.user_id, followed);
    this.bell = wishFor('bell', card.user_id);
  }

  /** How one stands to them, the person's own wish included. */
  get following(): Following {
    if (!this.follow.wanted) return 'none';
    return this.#followed || !this.card.private ? 'following' : 'requested';
  }

  /** Followers, the person's own wish included; null where one is not admitted. */
  get followers(): number | null {
    const { followers, followed } = this.#counted;
    if (followers === null) return null;
    return Math.max(0, followers + Number(this.following === 'following') - Number(followed));
  }

  /** Whether they are private and do not admit one: their photos and whom they know are hidden. */
  get closed(): boolean {
    if (this.id === session.me?.user_id) return false;
    if (this.profile) return this.profile.photo_count === null;
    return this.card.private === true && this.following !== 'following';
  }

  /** Takes the API's word. A list does not say whether one has asked: then what is known of it stays. */
  hear(card: Person['card'], followed: boolean, profile?: Profile): void {
    // A first count is taken whatever is wished: there is none before it.
    const first = profile && (!this.profile || this.#counted.followers === null);
    const asked = profile ? profile.requested_by_you : this.following === 'requested';
    this.card = { ...card, private: card.private ?? this.card.private };
    if (profile) {
      this.profile = profile;
      this.bell.hear(profile.bell);
    }
    // Somebody may have accepted a moment after one asked.
    if (followed && this.follow.wanted) this.#followed = true;
    if (!this.follow.held || first) {
      this.#followed = followed;
      if (profile) this.#counted = { followers: profile.follower_count, followed };
      this.follow.hear(followed || asked);
    }
    if (this.closed) forgetPhotosOf(this.id);
  }

  /** Takes what following or unfollowing them led to. */
  hearFollow({ following, requested, follower_count: followers }: FollowState): void {
    this.#followed = following;
    if (!following) this.bell.overrule(false);
    if (requested) this.card = { ...this.card, private: true };
    if (followers === null) this.close();
  }

  /** Takes away what is seen only of somebody who admits one. */
  close(): void {
    this.#counted = { followers: null, followed: false };
    if (this.profile) {
      this.profile = { ...this.profile, follower_count: null, following_count: null, photo_count: null };
    }
    forgetPhotosOf(this.id);
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
  const muted = view.notifications_muted ?? undefined;
  if (muted !== undefined) entity.muted = wishFor('mute-photo', entity.id, muted);
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

/** Takes what is somebody's out of everything that shows it: one sees it no longer. */
export function forgetPhotosOf(userId: string): void {
  for (const { id, card } of [...photos.values()]) if (card.user_id === userId) forgetPhoto(id);
  knownList(`photos/${userId}`)?.reset();
}

/** Takes somebody whom one does not see any longer out of everything that shows them. */
export function forgetPerson(userId: string): void {
  const known = people.get(userId);
  if (known) idsByName.delete(known.card.username.toLowerCase());
  people.delete(userId);
  removeFromLists(userId);
  forgetPhotosOf(userId);
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

/** Returns who is known by that id. */
export function knownPersonById(userId: string): Person | undefined {
  return people.get(userId);
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

const ON_PHOTOS = ['like', 'save', 'mute-photo'] as const;
const ON_PEOPLE = ['follow', 'bell', 'block', 'mute', 'close-friend'] as const;
type OnPhotos = (typeof ON_PHOTOS)[number];
type OnPeople = (typeof ON_PEOPLE)[number];

/** Returns the one wish of that kind about a photo or a person. `said` is what the API says of it, where it does. */
export function wishFor(kind: OnPhotos | OnPeople, id: string, said?: boolean): Wish {
  const tell = (on: boolean) => (isOnPhotos(kind) ? tellOfPhoto(kind, id, on) : tellOfPerson(kind, id, on));
  return wishOf(`${kind}/${id}`, said, { tell, failed: (problem) => report(problem), now: Date.now });
}

function isOnPhotos(kind: OnPhotos | OnPeople): kind is OnPhotos {
  return (ON_PHOTOS as readonly string[]).includes(kind);
}

function tellOfPhoto(kind: OnPhotos, id: string, on: boolean): Promise<unknown> {
  const path = { params: { path: { photo_id: id } } };
  if (kind === 'mute-photo') {
    return ok(api.PATCH('/api/v1/photos/{photo_id}', { ...path, body: { notifications_muted: on } }));
  }
  return ok(
    on ? api.POST(`/api/v1/photos/{photo_id}/${kind}`, path) : api.DELETE(`/api/v1/photos/{photo_id}/${kind}`, path),
  );
}

async function tellOfPerson(kind: OnPeople, id: string, on: boolean): Promise<void> {
  const path = { params: { path: { user_id: id } } };
  const state = await ok<unknown>(
    on ? api.POST(`/api/v1/users/{user_id}/${kind}`, path) : api.DELETE(`/api/v1/users/{user_id}/${kind}`, path),
  );
  if (kind === 'follow' && state) people.get(id)?.hearFollow(state as FollowState);
}

/** Returns the wish to like a comment. `failed` hears that it did not reach the API. */
export function commentLike(
  photo_id: string,
  comment_id: string,
  said: boolean,
  failed: (problem: Problem) => void,
): Wish {
  const path = '/api/v1/photos/{photo_id}/comments/{comment_id}/like';
  const params = { path: { photo_id, comment_id } };
  const tell = (on: boolean): Promise<unknown> => ok(on ? api.POST(path, { params }) : api.DELETE(path, { params }));
  return wishOf(`comment/${photo_id}/${comment_id}`, said, { tell, failed, now: Date.now });
}

/** Tells the API what waited for a connection, of photos and people of before as well. */
export function tellWaiting(): Promise<void> {
  return flushWishes((key, wanted) => {
    const [kind, id, comment] = key.split('/');
    if (kind === 'comment' && id && comment) return commentLike(id, comment, !wanted, report);
    const known = [...ON_PHOTOS, ...ON_PEOPLE].find((one) => one === kind);
    return known && id ? wishFor(known, id, !wanted) : undefined;
  });
}

// The next person to sign in on this device sees nothing of this one.
session.onEnd(() => {
  photos.clear();
  people.clear();
  idsByName.clear();
  clearLists();
});
