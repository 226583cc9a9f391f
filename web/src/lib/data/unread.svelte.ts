import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { session } from '$lib/session.svelte';

/** How many rows of the inbox are unread. */
class Unread {
  count = $state(0);
  /** Goes up when the number is known otherwise: an answer that is under way then is older. */
  #known = 0;

  /** Asks the API. A question that fails leaves the number as it is: it is asked again soon. */
  async ask(): Promise<void> {
    if (!session.me) return;
    const known = this.#known;
    try {
      const page = await ok(api.GET('/api/v1/notifications', { params: { query: { count: 1 } } }));
      if (known === this.#known) this.count = page.unread_count;
    } catch (error) {
      Problem.from(error);
    }
  }

  /** Takes the number that came with something else. */
  hear(count: number): void {
    this.#known += 1;
    this.count = count;
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

session.onEnd(() => {
  unread.hear(0);
});
