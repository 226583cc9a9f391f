import type { Problem } from '$lib/api/problem';
import { m } from '$lib/paraglide/messages.js';
import { problemText } from '$lib/problems';

/** Returns what to tell a person about a problem with a comment. */
export function commentProblemText(problem: Problem): string {
  switch (problem.code) {
    case 'comment_not_found':
      return m.comments_gone();
    case 'comment_empty':
      return m.comments_invisible();
    case 'photo_not_found':
      return m.photo_gone_title();
    case 'too_many_pins':
      return m.comments_too_many_pins();
    case 'comments_off':
      return m.comments_off();
    case 'comments_for_followers':
      return m.comments_followers_only();
    default:
      return problemText(problem);
  }
}
