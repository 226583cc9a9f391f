import { session } from '$lib/session.svelte';

/** Somebody about whom the person has decided something since the page was opened. */
interface Decided {
  userId: string;
  /** Whether neither sees anything of the other. */
  readonly blocked: boolean;
  /** Whether their photos are left out of the feed. */
  readonly muted: boolean;
}

let decided: Decided[] = $state.raw([]);

/** Notes whose `blocked` and `muted` count at once: the API goes on listing them for seconds. */
export function decide(about: Decided): void {
  decided = [...decided.filter(({ userId }) => userId !== about.userId), about];
}

/** Whether the person has blocked somebody. */
export function isBlocked(userId: string): boolean {
  return decided.some((about) => about.userId === userId && about.blocked);
}

/** Whether somebody's photos are not to be in the feed: they are blocked or muted. */
export function isAway(userId: string): boolean {
  return decided.some((about) => about.userId === userId && (about.blocked || about.muted));
}

session.onEnd(() => {
  decided = [];
});
