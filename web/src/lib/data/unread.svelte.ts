import { session } from '$lib/session.svelte';

/** How many rows of the inbox are unread. */
class Unread {
  count = $state(0);
  /** Whether the API has said how many. */
  known = $state(false);
  /** Goes up when the number is known otherwise: an answer that is under way then is older. */
  turn = 0;

  /** Takes the number that the API has said. */
  hear(count: number): void {
    this.turn += 1;
    this.count = count;
    this.known = true;
  }

  forget(): void {
    this.hear(0);
    this.known = false;
  }
}

export const unread = new Unread();

session.onEnd(() => unread.forget());
