import { Problem } from '$lib/api/problem';

/** How long what the person wished is believed over what the API says (ms): counters are derived later. */
const HOLD = 10_000;

/**
 * Something to be on or off, as the person wished last. Taps change `wanted` alone. One call at a time tells the
 * API, until both agree. A wish that fails goes back and says so; one that finds no connection waits for it.
 */
export class Wish {
  /** What the person sees. */
  wanted = $state(false);
  #said: boolean;
  #running = false;
  #heldUntil = 0;

  constructor(
    said: boolean,
    private readonly tell: (on: boolean) => Promise<unknown>,
    private readonly failed: (problem: Problem) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.wanted = said;
    this.#said = said;
  }

  /** Whether the API's word is not to be taken yet. */
  get held(): boolean {
    return this.#running || this.wanted !== this.#said || this.now() < this.#heldUntil;
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
        await this.tell(next);
        this.#said = next;
        this.#heldUntil = this.now() + HOLD;
      }
    } catch (error) {
      const problem = Problem.from(error);
      if (problem.code === 'offline') {
        waiting.add(this);
      } else {
        this.wanted = this.#said;
        this.failed(problem);
      }
    } finally {
      this.#running = false;
    }
  }
}

const waiting = new Set<Wish>();

/** Tells the API what waited for a connection. */
export function flushWishes(): void {
  const wishes = [...waiting];
  waiting.clear();
  for (const wish of wishes) void wish.set(wish.wanted);
}
