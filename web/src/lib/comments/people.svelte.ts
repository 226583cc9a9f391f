import { knownPhoto, type Person } from '$lib/data/entities.svelte';
import type { List } from '$lib/data/list.svelte';
import { followsOf } from '$lib/data/pages';
import { session } from '$lib/session.svelte';
import { type Candidate, offered } from './mentions';
import type { Thread } from './thread.svelte';

/** How many of those whom one follows are read for a mention, at most. */
const MOST = 400;

/** Who can be mentioned under a photo: the people of the thread, then whom one follows. */
export class People {
  constructor(private readonly thread: Thread) {}

  /** Returns who is offered for what was written of a name. Oneself is not. */
  offer(written: string): Candidate[] {
    const photo = knownPhoto(this.thread.photoId);
    const followed = this.#followed()?.items.map(({ card }) => card) ?? [];
    const people = [...(photo ? [photo.card] : []), ...this.thread.people, ...followed].filter(
      ({ user_id }) => user_id !== session.me?.user_id,
    );
    return offered(people, written);
  }

  /** Reads those whom one follows, page by page, until somebody fits or there are no more. */
  async read(written: string): Promise<void> {
    const list = this.#followed();
    while (list && list.items.length < MOST && this.offer(written).length === 0) {
      if (list.status === 'done' || list.status === 'loading') return;
      await list.more();
      if (list.status === 'failed') return;
    }
  }

  #followed(): List<Person> | undefined {
    return session.me ? followsOf(session.me.user_id, 'following') : undefined;
  }
}
