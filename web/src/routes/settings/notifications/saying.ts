import { Problem } from '$lib/api/problem';
import { pushProblemText } from '$lib/push-words';
import { toasts } from '$lib/ui/toasts.svelte';

/** Says what went wrong with a change, which the screen shows taken back by then. */
export async function sayProblem(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    toasts.say(pushProblemText(Problem.from(error)));
  }
}
