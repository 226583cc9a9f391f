import type { Schemas } from '$lib/api/client';

type Mention = Pick<Schemas['MentionView'], 'username' | 'start' | 'length'>;

/** A piece of a text: a mention leads to somebody. */
export interface Piece {
  text: string;
  username?: string;
}

/**
 * Cuts a text at its mentions. The API counts in Unicode scalar values, strings here in units of UTF-16. A mention
 * that is not within the text, or not behind the one before it, is left as text.
 */
export function piecesOf(text: string, mentions: readonly Mention[]): Piece[] {
  const scalars = [...text];
  const pieces: Piece[] = [];
  let end = 0;
  const add = (until: number, username?: string) => {
    if (until > end) pieces.push({ text: scalars.slice(end, until).join(''), username });
    end = until;
  };
  for (const { username, start, length } of [...mentions].sort((one, other) => one.start - other.start)) {
    if (start < end || start + length > scalars.length) continue;
    add(start);
    add(start + length, username);
  }
  add(scalars.length);
  return pieces;
}

/** A mention that is being written: where its `@` is in the text (units of UTF-16), and what follows it. */
export interface Query {
  start: number;
  text: string;
}

/** It begins where a word does: in `ann@example.org` there is none. */
const UNFINISHED = /(?:^|[^\p{L}\p{N}_.@/#])@([\p{L}\p{M}\p{N}_.]{0,30})$/u;

/** Returns the mention that is being written where the caret is. */
export function queryAt(text: string, caret: number): Query | undefined {
  const found = UNFINISHED.exec(text.slice(0, caret))?.[1];
  return found === undefined ? undefined : { start: caret - found.length - 1, text: found };
}

/** Puts a name in the place of what was written of it. Returns the text and where the caret is then. */
export function complete(text: string, query: Query, username: string): { text: string; caret: number } {
  const rest = text.slice(query.start + 1 + query.text.length);
  const before = `${text.slice(0, query.start)}@${username} `;
  return { text: before + rest.replace(/^ /, ''), caret: before.length };
}

export interface Candidate {
  user_id: string;
  username: string;
  full_name?: string | null;
  profile_pic: string;
}

/** How many people are offered at once. */
const OFFERED = 6;

/**
 * Returns who is offered for what was written, best first: whose user name begins with it, then of whose name a word
 * does. Who comes earlier among `people` is offered earlier.
 */
export function offered(people: Iterable<Candidate>, written: string): Candidate[] {
  const query = written.toLowerCase();
  const byName: Candidate[] = [];
  const byWord: Candidate[] = [];
  const seen = new Set<string>();
  for (const person of people) {
    if (seen.has(person.user_id)) continue;
    seen.add(person.user_id);
    if (person.username.toLowerCase().startsWith(query)) byName.push(person);
    else if (wordsOf(person).some((word) => word.startsWith(query))) byWord.push(person);
    if (byName.length === OFFERED) break;
  }
  return [...byName, ...byWord].slice(0, OFFERED);
}

function wordsOf({ username, full_name }: Candidate): string[] {
  return `${username.replaceAll(/[._]/g, ' ')} ${full_name ?? ''}`.toLowerCase().split(/\s+/u).filter(Boolean);
}
