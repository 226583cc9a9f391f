import { Problem } from '$lib/api/problem';
import { dropWish, KEY, keepWish, readWishes } from '$lib/data/kept-wishes';
import { session } from '$lib/session.svelte';

/** How long what the person wished is believed over what the API says (ms): counters are derived later. */
export const HOLD = 10_000;

/** What a wish does to the world. */
export interface WishPorts {
  tell: (on: boolean) => Promise<unknown>;
  failed: (problem: Problem) => void;
  now: () => number;
}

/**
 * Something to be on or off, as the person wished last. Taps change `wanted` alone. One call at a time tells the
 * API, until both agree. A wish that fails goes back and says so; one that finds no connection is kept on the device
 * and waits for one.
 */
export class Wish {
  /** What the person sees. */
  wanted = $state(false);
  #said = $state(false);
  #running = false;
  #heldUntil = 0;
  readonly #owner = session.me?.user_id;

  /** `key` names what is wished on this device. One that was kept counts over `said`. */
  constructor(
    private readonly key: string,
    said: boolean,
    private readonly ports: WishPorts,
  ) {
    const kept = readWishes()[key];
    this.wanted = kept ?? said;
    // The API has not been told, whatever is known of its word: that may be a page of before.
    this.#said = kept === undefined ? said : !kept;
  }

  /** What the API said last. */
  get said(): boolean {
    return this.#said;
  }

  /** Whether the API's word is not to be taken yet. */
  get held(): boolean {
    return this.#running || this.wanted !== this.#said || this.ports.now() < this.#heldUntil;
  }

  /** Takes the API's word, unless the person's own is newer. */
  hear(said: boolean): void {
    if (this.held) return;
    this.#said = said;
    this.wanted = said;
  }

  /** Wishes it on or off. Resolves when the API has been told, or the wish has failed or waits. */
  async set(on: boolean): Promise<void> {
    this.wanted = on;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.wanted !== this.#said) {
        const next = this.wanted;
        await this.ports.tell(next);
        this.#agree(next);
      }
      dropWish(this.key);
    } catch (error) {
      const problem = Problem.from(error);
      if (problem.code === 'offline') {
        // It is nobody else's.
        if (this.#owner === session.me?.user_id) keepWish(this.key, this.wanted);
      } else {
        dropWish(this.key);
        this.wanted = this.#said;
        this.ports.failed(problem);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Takes the API's word whatever is wished: something else has changed it. */
  overrule(said: boolean): void {
    dropWish(this.key);
    this.wanted = said;
    this.#agree(said);
  }

  /** Hears that another tab has told the API. */
  told(): void {
    if (!this.#running) this.#agree(this.wanted);
  }

  #agree(said: boolean): void {
    this.#said = said;
    this.#heldUntil = this.ports.now() + HOLD;
  }
}

/** Wishes by their keys: there is one of each, whoever shows it. */
const wishes = new Map<string, Wish>();

/** Returns the wish under `key`. `said` is what the API says of it, where it does. */
export function wishOf(key: string, said: boolean | undefined, ports: WishPorts): Wish {
  let wish = wishes.get(key);
  if (!wish) {
    wish = new Wish(key, said ?? false, ports);
    wishes.set(key, wish);
  }
  if (said !== undefined) wish.hear(said);
  return wish;
}

/**
 * Tells the API what waited for a connection, here and before the page was loaded. `find` returns the wish under a
 * key. Tabs take turns, so that each wish is told once.
 */
export async function flushWishes(find: (key: string, wanted: boolean) => Wish | undefined): Promise<void> {
  const flush = async () => {
    for (const [key, on] of Object.entries(readWishes())) {
      const wish = find(key, on);
      if (wish) await wish.set(wish.wanted);
      else dropWish(key);
    }
  };
  await (navigator.locks ? navigator.locks.request(KEY, flush) : flush());
}

// What another tab has told waits here no longer.
addEventListener('storage', ({ key, oldValue }) => {
  if (key !== KEY || !oldValue) return;
  const waiting = readWishes();
  const before = (JSON.parse(oldValue) as { wishes: Record<string, boolean> }).wishes;
  for (const one of Object.keys(before)) if (!(one in waiting)) wishes.get(one)?.told();
});

session.onEnd(() => wishes.clear());
