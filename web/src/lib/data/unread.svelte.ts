import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { session } from '$lib/session.svelte';

/** How many rows of the inbox are unread. */
class Unread {
  count = $state(0);

  /** Asks the API. A question that fails leaves the number as it is: it is asked again soon. */
  async ask(): Promise<void> {
    if (!session.me) return;
    try {
      const page = await ok(api.GET('/api/v1/notifications', { params: { query: { count: 1 } } }));
      this.count = page.unread_count;
    } catch (error) {
      Problem.from(error);
    }
  }
}

export const unread = new Unread();

session.onEnd(() => {
  unread.count = 0;
});
