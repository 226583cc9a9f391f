import type { Problem } from '$lib/api/problem';
import { m } from '$lib/paraglide/messages.js';
import { getLocale } from '$lib/paraglide/runtime.js';

/** Returns what to tell a person about a problem of any call. Forms know the codes of their own fields. */
export function problemText(problem: Problem): string {
  if (problem.code === 'offline') return m.problem_offline();
  if (problem.status === 429) return m.problem_limit({ when: within(problem.retryAfter ?? 60) });
  if (problem.status >= 500) return m.problem_busy();
  return m.problem_other();
}

/** Returns when a span of seconds will have passed: "in 5 minutes". */
function within(seconds: number): string {
  const format = new Intl.RelativeTimeFormat(getLocale(), { numeric: 'always' });
  if (seconds < 90) return format.format(Math.ceil(seconds), 'second');
  if (seconds < 5400) return format.format(Math.ceil(seconds / 60), 'minute');
  return format.format(Math.ceil(seconds / 3600), 'hour');
}
