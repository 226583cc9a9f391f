import { lengthOf } from '$lib/text';
import { MAX_TAG } from './limits';

/** One word of letters, marks, digits and connectors of any script, with the marks that stand inside words. */
const WORD = /^[\p{L}\p{M}\p{N}\p{Pc}·֊׳״་‐’‧゠・\u200c\u200d]+$/u;
const LETTER = /\p{L}/u;

/** Returns the tags of a text, without `#`. They are separated by spaces, commas or the next `#`. */
export function splitTags(text: string): string[] {
  return text.split(/[\s,;#＃﹟]+/u).filter(Boolean);
}

/** Returns what is wrong with a tag, by the API's code. The API has the last word. */
export function tagProblem(tag: string): 'tag_invalid' | 'tag_too_long' | undefined {
  if (lengthOf(tag) > MAX_TAG) return 'tag_too_long';
  return WORD.test(tag) && LETTER.test(tag) ? undefined : 'tag_invalid';
}

/** Adds tags to a list, without those it has already. */
export function withTags(tags: readonly string[], more: readonly string[]): string[] {
  const all = [...tags];
  for (const tag of more) {
    if (!all.some((other) => other.toLowerCase() === tag.toLowerCase())) all.push(tag);
  }
  return all;
}
