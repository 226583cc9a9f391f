import { del, get, set } from 'idb-keyval';
import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { isBlocked } from '$lib/data/away.svelte';
import { markRead } from '$lib/data/inbox';
import { keptList, List, type Page } from '$lib/data/list.svelte';
import { unread } from '$lib/data/unread.svelte';
import { session } from '$lib/session.svelte';

export type Row = Schemas['Notification'];
type Answer = Schemas['Notifications'];

/** The first page as it was read last, for when there is no connection. */
interface Kept {
  userId: string;
  at: number;
  page: Answer;
}

const KEY = 'activity';

/** What happened to oneself, what was told last first: a row moves up when it is told again. */
export class Activity extends List<Row> {
  /** When the rows were read, if they are those kept on this device (ms). */
  keptAt: number | undefined = $state();
  #freshening = false;

  constructor(private readonly now: () => number = Date.now) {
    super((cursor) => this.#page(cursor), isHidden);
  }

  /** Reads the first page anew: what was told since is above what is there, and what has gone is there no longer. */
  async freshen(): Promise<void> {
    if (!this.begun || this.keptAt !== undefined) return this.refresh();
    if (this.#freshening) return;
    this.#freshening = true;
    try {
      this.items = freshened(this.items, await this.#readAndKeep());
    } catch (error) {
      // What is there stays.
      Problem.from(error);
    } finally {
      this.#freshening = false;
    }
  }

  /** Marks all that is here as read, if something is unread. What came meanwhile was not seen, and stays unread. */
  async markRead(): Promise<void> {
    const unseen = unread.count > 0 || this.items.some((row) => !row.read);
    if (!this.begun || this.keptAt !== undefined || !unseen) return;
    this.items = this.items.map((row) => ({ ...row, read: true }));
    await markRead(this.items[0]?.created_at);
  }

  async #page(cursor?: string): Promise<Page<Row>> {
    if (cursor) {
      const page = await ok(api.GET('/api/v1/notifications', { params: { query: { cursor } } }));
      unread.hear(page.unread_count);
      this.items = merged(this.items, page.newer ?? []);
      return { ...page, items: page.notifications };
    }
    try {
      const page = await this.#readAndKeep();
      this.keptAt = undefined;
      return { ...page, items: page.notifications };
    } catch (error) {
      const kept = Problem.from(error).code === 'offline' && !this.begun ? await read() : undefined;
      if (!kept) throw error;
      this.keptAt = kept.at;
      return { items: kept.page.notifications, next_cursor: null, has_more: false };
    }
  }

  async #readAndKeep(): Promise<Answer> {
    const page = await ok(api.GET('/api/v1/notifications'));
    unread.hear(page.unread_count);
    void keep(page, this.now());
    return page;
  }
}

/** Whether a row is about nobody but people whom one has blocked. */
function isHidden({ actors }: Row): boolean {
  return actors.length > 0 && actors.every(({ user_id }) => isBlocked(user_id));
}

/** Returns the rows with `newer` in place of what they were, each once, as told last. */
export function merged(rows: Row[], newer: Row[]): Row[] {
  const all = new Map<string, Row>();
  for (const row of [...rows, ...newer]) {
    const known = all.get(row.id);
    // An answer may have been overtaken by one that was asked for later.
    if (!known || at(row) >= at(known)) all.set(row.id, row);
  }
  return [...all.values()].sort((one, other) => at(other) - at(one));
}

/** Returns the rows as the first page has them now, with those that are below it. */
export function freshened(rows: Row[], page: Pick<Answer, 'notifications' | 'has_more'>): Row[] {
  const last = page.notifications.at(-1);
  const end = page.has_more && last ? at(last) : Number.NEGATIVE_INFINITY;
  return merged(
    rows.filter((row) => at(row) < end),
    page.notifications,
  );
}

/** When a row was told last, by which rows are ordered (ms). */
const at = (row: Row) => Date.parse(row.created_at);

/** One's activity, the same list until the session ends. */
export function activity(): Activity {
  return keptList<Row>('activity', () => new Activity()) as Activity;
}

/** Keeping is a help and no duty: a browser may have no room or no storage. */
async function keep(page: Answer, at: number): Promise<void> {
  const userId = session.me?.user_id;
  if (userId) await set(KEY, { userId, at, page } satisfies Kept).catch(() => {});
}

async function read(): Promise<Kept | undefined> {
  const kept = await get<Kept>(KEY).catch(() => undefined);
  return kept?.userId === session.me?.user_id ? kept : undefined;
}

session.onEnd(() => void del(KEY).catch(() => {}));
