import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { unread } from '$lib/data/unread.svelte';
import { session } from '$lib/session.svelte';

/** Asks how many rows are unread. A question that fails leaves the number as it is: it is asked again soon. */
export async function askUnread(): Promise<void> {
  if (!session.me) return;
  const { turn } = unread;
  try {
    const page = await ok(api.GET('/api/v1/notifications', { params: { query: { count: 1 } } }));
    if (turn === unread.turn) unread.hear(page.unread_count);
  } catch (error) {
    Problem.from(error);
  }
}

/** Marks everything up to a moment as read. When that fails, the number comes back with the next answer. */
export async function markRead(upTo?: string): Promise<void> {
  unread.hear(0);
  if (!session.me) return;
  try {
    // It outlives the page: the person may be closing it.
    const body = upTo === undefined ? {} : { up_to: upTo };
    const { unread_count } = await ok(api.POST('/api/v1/notifications/read', { body, keepalive: true }));
    unread.hear(unread_count);
  } catch (error) {
    Problem.from(error);
  }
}
