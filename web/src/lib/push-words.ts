import type { Problem } from '$lib/api/problem';
import { m } from '$lib/paraglide/messages.js';
import { problemText } from '$lib/problems';

/** Returns what to tell a person whose notifications could not be turned on or off. */
export function pushProblemText(problem: Problem): string {
  return problem.code === 'push_failed' ? m.push_failed() : problemText(problem);
}
