import { get, set } from 'idb-keyval';
import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { isAway } from '$lib/data/away.svelte';
import { type Photo, photo } from '$lib/data/entities.svelte';
import { keptList, List, type Page } from '$lib/data/list.svelte';
import { session } from '$lib/session.svelte';

type Actor = Schemas['Actor'];
type FeedPage = Schemas['FeedPage'];

/** The first page as it was last seen on this device. */
interface Kept {
  user_id: string;
  at: number;
  page: FeedPage;
}

const KEY = 'feed';

/** How old a kept page may be that is shown while the new one is fetched (ms). Older ones are for being offline. */
const FRESH = 12 * 3600_000;

/** The key under which the feed's list is kept. */
export const FEED = 'feed';

class Feed {
  /** When the page that is shown was kept; undefined once it is the API's. */
  keptAt: number | undefined = $state();
  /** Who has newer photos than those shown. */
  newer: Actor[] | undefined = $state.raw();
  #next: FeedPage | undefined;

  get list(): List<Photo> {
    return keptList(FEED, () => new List((cursor) => this.#read(cursor), isLeftOut));
  }

  /** Shows the first page: the kept one at once, the API's when it is there. Resolves when the kept one is shown. */
  async start(): Promise<void> {
    if (this.list.begun || this.list.status === 'loading') return;
    const kept = await recall();
    const soon = kept && kept.page.photos.length > 0 && Date.now() - kept.at < FRESH && !reloaded();
    if (!soon) {
      void this.#begin(kept);
      return;
    }
    this.#show(kept);
    void this.#compare(kept);
  }

  /** Asks whether there are newer photos. A question that fails is asked again later. */
  async ask(): Promise<void> {
    const top = this.list.items.find((item) => item.card.user_id !== session.me?.user_id);
    if (!top || this.newer) return;
    try {
      const answer = await ok(api.GET('/api/v1/feed/newer', { params: { query: { than: top.id } } }));
      if (answer.newer) this.newer = answer.actors;
    } catch (error) {
      Problem.from(error);
    }
  }

  /** Shows what is newer. */
  async renew(): Promise<void> {
    const page = this.#next;
    if (page) this.#take(page);
    else await this.list.refresh();
    if (this.list.status !== 'failed') this.newer = undefined;
  }

  /** Takes somebody's photos out of the page that is kept: the next visit does not begin with them. */
  async leaveOut(userId: string): Promise<void> {
    const kept = await recall();
    if (!kept) return;
    const photos = kept.page.photos.filter((card) => card.user_id !== userId);
    await set(KEY, { ...kept, page: { ...kept.page, photos } }).catch(() => {});
  }

  async #read(cursor?: string): Promise<Page<Photo>> {
    const page = cursor ? await ok(api.GET('/api/v1/feed', { params: { query: { cursor } } })) : await first();
    if (!cursor) {
      this.keptAt = undefined;
      this.#next = undefined;
      keep(page);
    }
    return pageOf(page);
  }

  /** Reads the first page, and shows the kept one when that fails. */
  async #begin(kept: Kept | undefined): Promise<void> {
    await this.list.refresh();
    if (this.list.status === 'failed' && kept) this.#show(kept);
  }

  /** Reads the first page beside the kept one that is shown. */
  async #compare(kept: Kept): Promise<void> {
    try {
      const page = await first();
      if (page.photos[0]?.photo_id === kept.page.photos[0]?.photo_id) this.#take(page);
      else this.#offer(page);
    } catch (error) {
      Problem.from(error);
    }
  }

  #show(kept: Kept): void {
    this.keptAt = kept.at;
    this.list.start(pageOf(kept.page));
  }

  #take(page: FeedPage): void {
    this.keptAt = undefined;
    this.#next = undefined;
    this.list.start(pageOf(page));
    keep(page);
  }

  /**
   * Nothing is put above whom is reading: they are told, and take it when they like. What is no longer for them goes at
   * once: it was deleted, its author blocked them, or admits them no more.
   */
  #offer(page: FeedPage): void {
    this.#next = page;
    for (const id of gone(this.list.items, page)) this.list.remove(id);
    const authors = new Map(page.photos.map((card) => [card.user_id, card]));
    this.newer = [...authors.values()].slice(0, 3);
  }
}

/** Whether the person has asked for the page anew. Then they do not want what they had. */
function reloaded(): boolean {
  const [navigation] = performance.getEntriesByType('navigation');
  return (navigation as PerformanceNavigationTiming | undefined)?.type === 'reload';
}

/** Reads the first page: the answer that the boot script asked for, the first time. */
async function first(): Promise<FeedPage> {
  const early = window.bootFeed;
  window.bootFeed = undefined;
  const response = await early?.catch(() => undefined);
  if (response?.ok) return (await response.json()) as FeedPage;
  return ok(api.GET('/api/v1/feed'));
}

/**
 * Returns the ids of those that are no longer in a list, by its first page as it is now: those that were above one
 * that still is. Of what was below them all only a page that is the whole list says anything.
 */
export function gone(items: { id: string }[], { photos, has_more }: Pick<FeedPage, 'photos' | 'has_more'>): string[] {
  const there = new Set(photos.map((card) => card.photo_id));
  const said = has_more ? items.findLastIndex(({ id }) => there.has(id)) : items.length;
  return items.filter(({ id }, place) => place < said && !there.has(id)).map(({ id }) => id);
}

const isLeftOut = ({ card }: Photo) => isAway(card.user_id);

function pageOf(page: FeedPage): Page<Photo> {
  return { items: page.photos.map(photo), next_cursor: page.next_cursor ?? null, has_more: page.has_more };
}

/** Keeps the page. Where nothing can be kept, as in a private window, the next visit only starts later. */
function keep(page: FeedPage): void {
  if (!session.me) return;
  const kept: Kept = { user_id: session.me.user_id, at: Date.now(), page };
  set(KEY, kept).catch(() => {});
}

async function recall(): Promise<Kept | undefined> {
  const kept = await get<Kept>(KEY).catch(() => undefined);
  return kept && kept.user_id === session.me?.user_id ? kept : undefined;
}

export const feed = new Feed();

session.onEnd(() => {
  feed.keptAt = undefined;
  feed.newer = undefined;
});
