import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { isBlocked } from '$lib/data/away.svelte';
import { type Photo, photo } from '$lib/data/entities.svelte';
import { keptList, knownList, List } from '$lib/data/list.svelte';
import { listSaved, newestFirst, savedKey } from '$lib/data/saved-list';
import { session } from '$lib/session.svelte';

export type Collection = Schemas['CollectionView'];

/** What the person has saved, or put into a collection, newest photos first. Nobody else sees it. */
export function savedPhotos(collection?: string): List<Photo> {
  const hides = ({ save, card }: Photo) => !save.wanted || isBlocked(card.user_id);
  return keptList(savedKey(collection), () => {
    return new List(async (cursor) => {
      const params = { query: { ...(collection && { collection }), ...(cursor && { cursor }) } };
      const page = await ok(api.GET('/api/v1/users/me/saved', { params }));
      return { ...page, items: page.photos.map(photo) };
    }, hides);
  });
}

/** One's collections of saved photos. */
class Collections {
  /** All of them, oldest first. */
  all: Collection[] | undefined = $state.raw();
  /** The first photo of each, where it has been asked for; none where there is none. */
  covers: Record<string, Photo | undefined> = $state.raw({});
  problem: Problem | undefined = $state.raw();
  /** What is being changed. It is over before they are read: an answer from before would bring back what was. */
  #changing: Promise<unknown> = Promise.resolve();

  /** Reads them. What was read before stays until then, and when it fails. */
  async read(): Promise<void> {
    this.problem = undefined;
    await this.#changing;
    try {
      this.all = (await ok(api.GET('/api/v1/users/me/collections'))).collections;
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  find(id: string): Collection | undefined {
    return this.all?.find((one) => one.collection_id === id);
  }

  /** Makes one. Throws `Problem`. */
  async create(name: string): Promise<Collection> {
    const made = await this.#change(ok(api.POST('/api/v1/users/me/collections', { body: { name } })));
    this.all = [...(this.all ?? []), made];
    this.covers = { ...this.covers, [made.collection_id]: undefined };
    return made;
  }

  /** Gives one another name, at once. The old one comes back when that fails. Throws `Problem`. */
  async rename(id: string, name: string): Promise<void> {
    const before = this.all;
    this.all = before?.map((one) => (one.collection_id === id ? { ...one, name } : one));
    try {
      const params = { path: { collection_id: id } };
      await this.#change(ok(api.PATCH('/api/v1/users/me/collections/{collection_id}', { params, body: { name } })));
    } catch (error) {
      this.all = before;
      throw error;
    }
  }

  /** Deletes one. Its photos stay saved. Throws `Problem`. */
  async remove(id: string): Promise<void> {
    const before = this.all;
    this.all = this.all?.filter((one) => one.collection_id !== id);
    try {
      const params = { path: { collection_id: id } };
      await this.#change(ok(api.DELETE('/api/v1/users/me/collections/{collection_id}', { params })));
    } catch (error) {
      this.all = before;
      throw error;
    }
  }

  /** Saves a photo into one, at once. Throws `Problem`; then it is saved if it was. */
  async put(photo: Photo, id: string): Promise<void> {
    const before = photo.save.wanted;
    photo.save.overrule(true);
    try {
      await ok(
        api.POST('/api/v1/photos/{photo_id}/save', {
          params: { path: { photo_id: photo.id } },
          body: { collection: id },
        }),
      );
    } catch (error) {
      photo.save.overrule(before);
      throw error;
    }
    listSaved(photo);
    listSaved(photo, id);
    const cover = this.covers[id];
    if (!cover || newestFirst(photo, cover) < 0) this.covers = { ...this.covers, [id]: photo };
  }

  /** Takes a photo out of one, at once. It stays saved. Throws `Problem`; then it is in there still. */
  async takeOut(photo: Photo, id: string): Promise<void> {
    knownList<Photo>(savedKey(id))?.remove(photo.id);
    try {
      await ok(
        api.DELETE('/api/v1/photos/{photo_id}/save', {
          params: { path: { photo_id: photo.id } },
          body: { collection: id },
        }),
      );
    } catch (error) {
      listSaved(photo, id);
      throw error;
    }
    if (this.covers[id]?.id === photo.id) await this.readCover(id);
  }

  /** Reads the first photo of one. A collection whose photo cannot be read has no cover for now. */
  async readCover(id: string): Promise<void> {
    try {
      const { photos } = await ok(
        api.GET('/api/v1/users/me/saved', { params: { query: { collection: id, count: 1 } } }),
      );
      this.covers = { ...this.covers, [id]: photos[0] && photo(photos[0]) };
    } catch (error) {
      Problem.from(error);
    }
  }

  #change<T>(work: Promise<T>): Promise<T> {
    this.#changing = Promise.allSettled([this.#changing, work]);
    return work;
  }

  forget(): void {
    this.all = undefined;
    this.covers = {};
    this.problem = undefined;
  }
}

export const collections = new Collections();

session.onEnd(() => collections.forget());
