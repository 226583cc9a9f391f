import { Problem } from '$lib/api/problem';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  has_more: boolean;
}

/**
 * A list that is read page by page. It lives outside the screens, so that coming back finds it as it was.
 * A short page is not the end: only `has_more` says so.
 */
export class List<T extends { id: string }> {
  #all: T[] = $state.raw([]);
  #shown!: () => T[];
  status: 'idle' | 'loading' | 'failed' | 'done' = $state('idle');
  problem: Problem | undefined = $state.raw();
  /** Whether a first page has come. */
  begun = $state(false);
  #cursor: string | null = null;
  #generation = 0;

  /** `hides` says what is not shown for now, whatever the API lists: the person has just wished it away. */
  constructor(
    private readonly read: (cursor?: string) => Promise<Page<T>>,
    private readonly hides: (item: T) => boolean = () => false,
  ) {
    // Of no screen: what the one that makes the list derives is derived no longer when it is left.
    $effect.root(() => {
      const shown = $derived(this.#all.filter((item) => !this.hides(item)));
      this.#shown = () => shown;
    });
  }

  get items(): T[] {
    return this.#shown();
  }

  set items(items: T[]) {
    this.#all = items;
  }

  /** Reads the next page, if there is one and none is being read. */
  async more(): Promise<void> {
    if (this.status === 'loading' || this.status === 'done') return;
    await this.#load(this.#cursor ?? undefined, (page) => this.#append(page));
  }

  /** Reads the first page anew. What is there stays until it has come. */
  async refresh(): Promise<void> {
    await this.#load(undefined, (page) => this.start(page));
  }

  /** Begins the list with `page`. */
  start(page: Page<T>): void {
    this.#generation += 1;
    this.#all = unique(page.items);
    this.begun = true;
    this.#follow(page);
  }

  /** Forgets what was read, as if the list were new. */
  reset(): void {
    this.start({ items: [], next_cursor: null, has_more: true });
    this.begun = false;
  }

  insertTop(item: T): void {
    this.#all = unique([item, ...this.#all]);
  }

  /** Puts an item into its place among those that have been read. */
  insert(item: T, order: (one: T, other: T) => number): void {
    this.#all = unique([item, ...this.#all]).sort(order);
  }

  remove(id: string): void {
    this.#all = this.#all.filter((item) => item.id !== id);
  }

  async #load(cursor: string | undefined, take: (page: Page<T>) => void): Promise<void> {
    const generation = ++this.#generation;
    this.status = 'loading';
    try {
      const page = await this.read(cursor);
      // A refresh has overtaken this page.
      if (generation === this.#generation) take(page);
    } catch (error) {
      const problem = Problem.from(error);
      if (generation !== this.#generation) return;
      this.problem = problem;
      this.status = 'failed';
    }
  }

  #append(page: Page<T>): void {
    this.#all = unique([...this.#all, ...page.items]);
    this.begun = true;
    this.#follow(page);
  }

  #follow(page: Page<T>): void {
    this.#cursor = page.next_cursor;
    this.problem = undefined;
    this.status = page.has_more ? 'idle' : 'done';
  }
}

/** Drops ids that are there already: a photo may come on two pages when the list moves meanwhile. */
function unique<T extends { id: string }>(items: T[]): T[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(item.id) && seen.add(item.id));
}

/** How many lists are kept. The one used longest ago goes first. */
const KEPT = 40;
const lists = new Map<string, List<never>>();

/** Returns the list that is kept under `key`, made by `make` the first time. */
export function keptList<T extends { id: string }>(key: string, make: () => List<T>): List<T> {
  const list = (lists.get(key) as List<T> | undefined) ?? make();
  lists.delete(key);
  lists.set(key, list as unknown as List<never>);
  for (const oldest of lists.keys()) {
    if (lists.size <= KEPT) break;
    lists.delete(oldest);
  }
  return list;
}

/** Returns the list under `key`, if it is kept. */
export function knownList<T extends { id: string }>(key: string): List<T> | undefined {
  return lists.get(key) as List<T> | undefined;
}

/** Takes what is gone out of every list. */
export function removeFromLists(id: string): void {
  for (const list of lists.values()) list.remove(id);
}

export function clearLists(): void {
  lists.clear();
}
