import { api, ok, type Schemas } from '$lib/api/client';
import type { Problem } from '$lib/api/problem';
import { commentLike } from '$lib/data/entities.svelte';
import { List } from '$lib/data/list.svelte';
import { HOLD, type Wish } from '$lib/data/wish.svelte';

export type View = Schemas['CommentView'];

/** What a comment needs of the thread that it is in. */
export interface Within {
  /** Folds a page of the API into the thread. */
  take(page: View[]): Comment[];
  /** Returns what was written here lately and is not among `listed`, newest first. */
  unlisted(listed: Comment[], parent?: string): Comment[];
  /** Hears that a like did not reach the API. */
  likeFailed(problem: Problem, comment: Comment): void;
}

/** A comment, or a reply to one, wherever it is shown. */
export class Comment {
  readonly id: string;
  view: View = $state.raw(undefined as never);
  readonly like: Wish;
  /** The replies to it. */
  readonly replies: List<Comment>;
  /** Whether they are shown. */
  opened = $state(false);
  #repliesHeldUntil = 0;

  constructor(view: View, within: Within) {
    this.id = view.comment_id;
    this.view = view;
    this.like = commentLike(view.photo_id, this.id, view.liked_by_user, (problem) => {
      within.likeFailed(problem, this);
    });
    this.replies = new List(async (cursor) => {
      const params = { path: pathOf(this.view), query: cursor ? { cursor } : {} };
      const page = await ok(api.GET('/api/v1/photos/{photo_id}/comments/{comment_id}/replies', { params }));
      const replies = within.take(page.comments);
      return { ...page, items: cursor ? replies : [...replies, ...within.unlisted(replies, this.id)] };
    });
  }

  /** Likes, the person's own wish included. */
  get likes(): number {
    return Math.max(0, this.view.likes_count + Number(this.like.wanted) - Number(this.view.liked_by_user));
  }

  hear(view: View): void {
    const { likes_count, liked_by_user, replies_count } = this.view;
    // The counts in the answer may be from before one's own like or reply.
    const likes = this.like.held ? { likes_count, liked_by_user } : {};
    const replies = Date.now() < this.#repliesHeldUntil ? { replies_count } : {};
    this.view = { ...view, ...likes, ...replies };
    this.like.hear(view.liked_by_user);
  }

  /** Counts replies that were written or deleted here. For a while that is believed over what the API says. */
  countReplies(by: number): void {
    this.view = { ...this.view, replies_count: Math.max(0, this.view.replies_count + by) };
    this.#repliesHeldUntil = Date.now() + HOLD;
  }
}

/** Where the API has a comment. */
export function pathOf({ photo_id, comment_id }: View): { photo_id: string; comment_id: string } {
  return { photo_id, comment_id };
}
