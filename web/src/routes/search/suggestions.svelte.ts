import { Problem } from '$lib/api/problem';
import { type Answer, find, knownAnswer } from './found';

/** How long nothing is typed before it is asked for (ms). */
export const PAUSE = 120;

/** How long an answer may take before one is told to wait (ms). */
export const SLOW = 400;

/** Who is suggested for what is being typed. Only the answer for the newest text is taken. */
export class Suggestions {
  /** Who was found last. It stays until the next answer is there, so that nothing flickers. */
  answer: Answer | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();
  /** Whether the answer takes long. */
  slow = $state(false);
  /** What was asked for last, unless that was dropped. */
  #text: string | undefined = '';
  #cancel: () => void = () => {};

  /** Whether there is something to show. */
  get some(): boolean {
    return this.answer !== undefined || this.problem !== undefined;
  }

  /** Takes what has been typed so far. */
  type(text: string): void {
    const wanted = text.trim();
    if (wanted === this.#text) return;
    this.#drop();
    this.#text = wanted;
    this.#begin(wanted, PAUSE);
  }

  /** Asks again for what failed. */
  retry(): void {
    if (this.problem && this.#text) this.#begin(this.#text, 0);
  }

  /** Drops the question that is open. */
  stop(): void {
    this.#drop();
    this.#text = undefined;
  }

  #drop(): void {
    this.#cancel();
    this.slow = false;
  }

  #begin(text: string, pause: number): void {
    const known = knownAnswer(text);
    if (known || text === '') {
      this.#show(known);
      return;
    }
    const abort = new AbortController();
    const asking = setTimeout(() => void this.#ask(text, abort.signal), pause);
    const waiting = setTimeout(() => (this.slow = true), pause + SLOW);
    this.#cancel = () => {
      clearTimeout(asking);
      clearTimeout(waiting);
      abort.abort();
    };
  }

  async #ask(text: string, signal: AbortSignal): Promise<void> {
    try {
      const answer = await find(text, signal);
      if (!signal.aborted) this.#show(answer);
    } catch (error) {
      if (!signal.aborted) this.#show(undefined, Problem.from(error));
    }
  }

  #show(answer: Answer | undefined, problem?: Problem): void {
    this.#drop();
    this.answer = answer;
    this.problem = problem;
  }
}
