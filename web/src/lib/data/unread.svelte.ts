import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { session } from '$lib/session.svelte';

/** How many rows of the inbox are unread. */
class Unread {
  count = $state(0);
  /** Whether the API has said how many. */
  known = $state(false);
  /** Goes up when the number is known otherwise: an answer that is under way then is older. */
  #turn = 0;

  /** Asks the API. A question that fails leaves the number as it is: it is asked again soon. */
  async ask(): Promise<void> {
    if (!session.me) return;
    const turn = this.#turn;
    try {
      const page = await ok(api.GET('/api/v1/notifications', { params: { query: { count: 1 } } }));
      if (turn === this.#turn) this.hear(page.unread_count);
    } catch (error) {
      Problem.from(error);
    }
  }

  /** Takes the number that came with something else. */
  hear(count: number): void {
    this.#turn += 1;
    this.count = count;
    this.known = true;
  }

  forget(): void {
    this.hear(0);
    this.known = false;
  }

  /** Marks everything up to a moment as read. When that fails, the number comes back with the next answer. */
  async clear(upTo?: string): Promise<void> {
    this.hear(0);
    if (!session.me) return;
    try {
      // It outlives the page: the person may be closing it.
      const body = upTo === undefined ? {} : { up_to: upTo };
      const { unread_count } = await ok(api.POST('/api/v1/notifications/read', { body, keepalive: true }));
      this.hear(unread_count);
    } catch (error) {
      Problem.from(error);
    }
  }
}

export const unread = new Unread();

session.onEnd(() => unread.forget());
