import type { Row } from '$lib/data/activity.svelte';
import { short } from '$lib/i18n';
import { m } from '$lib/paraglide/messages.js';

/** A piece of a sentence: text, or somebody's name. */
export interface Part {
  text: string;
  /** Whose name it is. */
  username?: string;
}

const KINDS = {
  like: {
    one: m.activity_like_one,
    two: m.activity_like_two,
    some: m.activity_like_some,
    many: m.activity_like_many,
  },
  follow: {
    one: m.activity_follow_one,
    two: m.activity_follow_two,
    some: m.activity_follow_some,
    many: m.activity_follow_many,
  },
} as const;

/** Returns what a row says, in the person's language. Two names at most are said, the others are counted. */
export function sentence(row: Pick<Row, 'type' | 'actors' | 'actor_count' | 'message'>): Part[] {
  const say = KINDS[row.type as keyof typeof KINDS];
  // A kind that came after this client: the API says it in English.
  if (!say) return [{ text: row.message }];
  const [first, second] = row.actors;
  if (!first) return split(say.one({ first: m.activity_somebody() }), []);
  const all = Math.max(row.actor_count, row.actors.length);
  const names = [first.username, ...(second ? [second.username] : [])];
  const others = all - names.length;
  const rest = { others, shown: short(others) };
  if (!second) return split(others > 0 ? say.some({ first: mark(0), ...rest }) : say.one({ first: mark(0) }), names);
  const both = { first: mark(0), second: mark(1) };
  return split(others > 0 ? say.many({ ...both, ...rest }) : say.two(both), names);
}

/** Stands for a name until the sentence is split: every language has its own order. */
function mark(index: number): string {
  return `\u0001${index}\u0001`;
}

function split(text: string, names: string[]): Part[] {
  return text
    .split('\u0001')
    .map((piece, place) => {
      const username = place % 2 === 1 ? names[Number(piece)] : undefined;
      return username === undefined ? { text: piece } : { text: username, username };
    })
    .filter((part) => part.text !== '');
}
