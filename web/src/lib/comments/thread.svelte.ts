import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { knownPhoto } from '$lib/data/entities.svelte';
import { List, type Page } from '$lib/data/list.svelte';
import { m } from '$lib/paraglide/messages.js';
import { session } from '$lib/session.svelte';
import { Comment, pathOf, type View } from './comment.svelte';
import { dropSending, keepSending, keptSendings } from './kept';
import { Sending } from './sending.svelte';
import { commentProblemText } from './words';

export type Order = 'newest' | 'top';

/** How long a comment that was written here is shown although the API does not list it yet (ms). */
const LISTED_AFTER = 60_000;

/** The comments of a photo. It lives outside what shows it, so that coming back finds it as it was. */
export class Thread {
  order: Order = $state('newest');
  /** What is being sent, or waits, or was refused; newest first. */
  sendings: Sending[] = $state.raw([]);
  /** What is being written. */
  draft = $state('');
  /** The comment that it replies to. */
  replyTo: Comment | undefined = $state.raw();
  /** How many comments others have written since the list was read. */
  newer = $state(0);
  /** What has happened, for whom does not see it. The number tells one from the same again. */
  said = $state.raw({ id: 0, text: '' });
  /** What did not work. */
  wrong: string | undefined = $state();
  readonly #all = new Map<string, Comment>();
  readonly #lists: Record<Order, List<Comment>>;
  #written: { comment: Comment; at: number }[] = [];
  readonly #gone = new Set<string>();

  constructor(
    readonly photoId: string,
    private readonly now: () => number = Date.now,
  ) {
    this.sendings = keptSendings()
      .filter((kept) => kept.photoId === photoId)
      .map(({ text, replyTo, id, failed }) => {
        const sending = new Sending(text, replyTo, id);
        sending.status = failed ? 'failed' : 'waiting';
        return sending;
      })
      .reverse();
    this.#lists = {
      newest: new List((cursor) => this.#page('newest', cursor)),
      top: new List((cursor) => this.#page('top', cursor)),
    };
  }

  /** The comments in the order that was chosen, pinned ones first. */
  get list(): List<Comment> {
    return this.#lists[this.order];
  }

  /** Everybody who has written something here or is mentioned, latest first. */
  get people(): { user_id: string; username: string; profile_pic: string }[] {
    return [...this.#all.values()].map(({ view }) => view).reverse();
  }

  /** Reads the comments when they are shown: for the first time, or anew. */
  async show(): Promise<void> {
    this.newer = 0;
    if (this.list.begun) await this.list.refresh();
    else await this.list.more();
  }

  /** Shows the comments in another order. */
  async arrange(order: Order): Promise<void> {
    this.order = order;
    await this.show();
  }

  /**
   * Begins to answer a comment. There is one level of replies: an answer to one is another to the same comment, and
   * names whom it answers.
   */
  answer(comment: Comment): void {
    const top = this.#parentOf(comment);
    this.replyTo = top ?? comment;
    const mention = `@${comment.view.username} `;
    if (top && comment.view.user_id !== session.me?.user_id && !this.draft.startsWith(mention)) {
      this.draft = mention + this.draft;
    }
  }

  /** Sends what has been written. It is shown at once. */
  send(text: string): void {
    const sending = new Sending(text, this.replyTo?.id);
    if (this.replyTo) this.replyTo.opened = true;
    this.sendings = [sending, ...this.sendings];
    this.draft = '';
    this.replyTo = undefined;
    this.wrong = undefined;
    void this.retry(sending);
  }

  /** Sends again what was refused or waits. */
  async retry(sending: Sending): Promise<void> {
    const { id, text, replyTo } = sending;
    const kept = { id, photoId: this.photoId, text, replyTo };
    keepSending(kept);
    const view = await sending.send(this.photoId);
    if (view) return this.#arrived(sending, view);
    if (sending.status !== 'failed') return;
    keepSending({ ...kept, failed: true });
    this.say(m.comments_failed());
  }

  /** Sends what waits for a connection, oldest first, and reads what could not be read. */
  async resume(): Promise<void> {
    if (this.list.status === 'failed') void (this.list.begun ? this.list.more() : this.list.refresh());
    const waiting = this.sendings.filter(({ status }) => status === 'waiting').reverse();
    for (const sending of waiting) await this.retry(sending);
  }

  /** Gives up what was not sent. Its text can be written on, unless there is another. */
  discard(sending: Sending): void {
    this.#drop(sending);
    if (this.draft.trim()) return;
    this.draft = sending.text;
    this.replyTo = sending.replyTo === undefined ? undefined : this.#all.get(sending.replyTo);
  }

  /** Deletes a comment with the replies to it. Throws `Problem`. */
  async remove(comment: Comment): Promise<void> {
    await this.#tell(comment, () =>
      ok(api.DELETE('/api/v1/photos/{photo_id}/comments/{comment_id}', { params: { path: pathOf(comment.view) } })),
    );
    if (this.#gone.has(comment.id)) return;
    this.#forget(comment);
    knownPhoto(this.photoId)?.countComments(-1 - comment.view.replies_count);
    this.#parentOf(comment)?.countReplies(-1);
    this.say(m.comments_deleted());
  }

  /** Pins a comment below the photo, or no more. Throws `Problem`. */
  async pin(comment: Comment, pinned: boolean): Promise<void> {
    const params = { path: pathOf(comment.view) };
    const path = '/api/v1/photos/{photo_id}/comments/{comment_id}/pin';
    await this.#tell(comment, () => ok(pinned ? api.POST(path, { params }) : api.DELETE(path, { params })));
    comment.view = { ...comment.view, pinned };
    for (const list of Object.values(this.#lists)) list.items = pinnedFirst(list.items);
    if (!pinned) this.#lists.newest.items = newestFirst(this.#lists.newest.items);
    this.say(pinned ? m.comments_pinned_now() : m.comments_unpinned_now());
  }

  /**
   * Asks whether there are newer comments, and takes out what others have deleted. A question that fails is asked
   * again later.
   */
  async ask(): Promise<void> {
    const list = this.#lists.newest;
    if (this.order !== 'newest' || !list.begun || list.status === 'loading') return;
    try {
      const { comments, has_more } = await this.#read('newest');
      const views = new Map(comments.map((view) => [view.comment_id, view]));
      for (const view of comments) this.#all.get(view.comment_id)?.hear(view);
      this.newer = [...views.keys()].filter((id) => !this.#all.has(id) && !this.#gone.has(id)).length;
      // What is older than the page is not on it. A page may be empty and go on; then nothing is known.
      const last = comments.filter(({ pinned }) => !pinned).at(-1)?.created_at ?? '';
      const oldest = has_more ? Date.parse(last) : Number.NEGATIVE_INFINITY;
      const isGone = ({ id, view }: Comment) =>
        !views.has(id) && Date.parse(view.created_at) >= oldest && !this.#isFresh(id);
      list.items = list.items.filter((comment) => !isGone(comment));
    } catch (error) {
      Problem.from(error);
    }
  }

  /** Tells whoever does not see it what has happened. */
  say(text: string): void {
    this.said = { id: this.said.id + 1, text };
  }

  take(page: View[]): Comment[] {
    return page.filter(({ comment_id }) => !this.#gone.has(comment_id)).map((view) => this.#hear(view));
  }

  unlisted(listed: Comment[], parent?: string): Comment[] {
    return this.#written
      .map(({ comment }) => comment)
      .filter(({ id, view }) => (view.reply_to ?? undefined) === parent && this.#isFresh(id))
      .filter((comment) => !listed.includes(comment));
  }

  likeFailed(problem: Problem, comment: Comment): void {
    this.wrong = commentProblemText(problem);
    if (problem.code === 'comment_not_found') this.#forget(comment);
  }

  #read(order: Order, cursor?: string) {
    const params = { path: { photo_id: this.photoId }, query: { order, cursor } };
    return ok(api.GET('/api/v1/photos/{photo_id}/comments', { params }));
  }

  async #page(order: Order, cursor?: string): Promise<Page<Comment>> {
    const page = await this.#read(order, cursor);
    const listed = this.take(page.comments);
    return { ...page, items: cursor ? listed : pinnedFirst([...this.unlisted(listed), ...listed]) };
  }

  #hear(view: View): Comment {
    let comment = this.#all.get(view.comment_id);
    if (comment) {
      comment.hear(view);
    } else {
      comment = new Comment(view, this);
      this.#all.set(comment.id, comment);
    }
    return comment;
  }

  #isFresh(id: string): boolean {
    return this.#written.some(({ comment, at }) => comment.id === id && this.now() - at < LISTED_AFTER);
  }

  #arrived(sending: Sending, view: View): void {
    const comment = this.#hear(view);
    this.#written = [{ comment, at: this.now() }, ...this.#written];
    this.#drop(sending);
    const parent = this.#parentOf(comment);
    if (parent) {
      parent.countReplies(1);
      const { replies } = parent;
      if (!replies.begun) void replies.more();
      else if (!replies.items.includes(comment)) replies.items = [...replies.items, comment];
    } else {
      for (const list of Object.values(this.#lists)) {
        if (!list.begun) continue;
        list.insertTop(comment);
        list.items = pinnedFirst(list.items);
      }
    }
    knownPhoto(this.photoId)?.countComments(1);
    this.say(m.comments_sent());
  }

  #drop(sending: Sending): void {
    this.sendings = this.sendings.filter((other) => other !== sending);
    dropSending(sending.id);
  }

  #parentOf(comment: Comment): Comment | undefined {
    return comment.view.reply_to ? this.#all.get(comment.view.reply_to) : undefined;
  }

  /** Does something with a comment. Who finds that it is gone takes it out. Throws `Problem`. */
  async #tell(comment: Comment, work: () => Promise<unknown>): Promise<void> {
    this.wrong = undefined;
    try {
      await work();
    } catch (error) {
      const problem = Problem.from(error);
      if (problem.code === 'comment_not_found') this.#forget(comment);
      throw problem;
    }
  }

  #forget(comment: Comment): void {
    this.#gone.add(comment.id);
    this.#all.delete(comment.id);
    this.#written = this.#written.filter((one) => one.comment !== comment);
    for (const list of Object.values(this.#lists)) list.remove(comment.id);
    this.#parentOf(comment)?.replies.remove(comment.id);
    if (this.replyTo === comment) this.replyTo = undefined;
  }
}

function pinnedFirst(comments: Comment[]): Comment[] {
  return [...comments.filter(({ view }) => view.pinned), ...comments.filter(({ view }) => !view.pinned)];
}

/** Puts the comments that are not pinned into their order again. */
function newestFirst(comments: Comment[]): Comment[] {
  const time = ({ view }: Comment) => (view.pinned ? Number.POSITIVE_INFINITY : Date.parse(view.created_at));
  return [...comments].sort((one, other) => (time(one) === time(other) ? 0 : time(other) - time(one)));
}

/** How many threads are kept. The one used longest ago goes first. */
const KEPT = 20;
const threads = new Map<string, Thread>();

/** Returns the comments of a photo. */
export function threadOf(photoId: string): Thread {
  const thread = threads.get(photoId) ?? new Thread(photoId);
  threads.delete(photoId);
  threads.set(photoId, thread);
  for (const [id, oldest] of threads) {
    if (threads.size <= KEPT) break;
    if (oldest.sendings.length === 0 && id !== photoId) threads.delete(id);
  }
  return thread;
}

/** Sends what was written before the page was loaded and has not arrived. */
export function resumeKept(): void {
  const waiting = keptSendings().filter(({ failed }) => !failed);
  for (const photoId of new Set(waiting.map((kept) => kept.photoId))) void threadOf(photoId).resume();
}

addEventListener('online', () => {
  for (const thread of threads.values()) void thread.resume();
});

session.onEnd(() => threads.clear());
