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
  comment: {
    one: m.activity_comment_one,
    two: m.activity_comment_two,
    some: m.activity_comment_some,
    many: m.activity_comment_many,
  },
  reply: {
    one: m.activity_reply_one,
    two: m.activity_reply_two,
    some: m.activity_reply_some,
    many: m.activity_reply_many,
  },
  comment_like: {
    one: m.activity_comment_like_one,
    two: m.activity_comment_like_two,
    some: m.activity_comment_like_some,
    many: m.activity_comment_like_many,
  },
  request: {
    one: m.activity_request_one,
    two: m.activity_request_two,
    some: m.activity_request_some,
    many: m.activity_request_many,
  },
  acceptance: {
    one: m.activity_acceptance_one,
    two: m.activity_acceptance_two,
    some: m.activity_acceptance_some,
    many: m.activity_acceptance_many,
  },
} as const;

/** What one person alone does, once: a comment that mentions one has one writer. */
const ALONE = { mention: m.activity_mention_one, post: m.activity_post_one } as const;

/** What happens to one's own account, whoever did it. */
const OWN = { session: m.activity_session, password: m.activity_password } as const;

/** Returns what a row says, in the person's language. Two names at most are said, the others are counted. */
export function sentence(row: Pick<Row, 'type' | 'actors' | 'actor_count' | 'message'>): Part[] {
  const own = OWN[row.type as keyof typeof OWN];
  if (own) return [{ text: own() }];
  const alone = ALONE[row.type as keyof typeof ALONE];
  if (alone && row.actors[0]) return split(alone({ first: mark(0) }), [row.actors[0].username]);
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
