import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { isBlocked } from '$lib/data/away.svelte';
import type { Person } from '$lib/data/entities.svelte';
import { keptList, List, type Page } from '$lib/data/list.svelte';
import { people } from '$lib/data/pages';
import { session } from '$lib/session.svelte';

/** The first page of who is found for a text. */
export interface Answer extends Page<Person> {
  text: string;
  /** What is found instead where the text has a typing error, in small letters without accents. */
  corrected: string | null;
}

const NOBODY = { items: [], next_cursor: null, has_more: false, corrected: null };

/** The answers of this page's life by their texts. */
const answers = new Map<string, Answer>();

/** Returns the answer for a text that has come before. */
export function knownAnswer(text: string): Answer | undefined {
  return answers.get(text);
}

/** Returns who is found for a text, from what is known or by one call. Throws `Problem`, or `signal`'s `AbortError`. */
export async function find(text: string, signal?: AbortSignal): Promise<Answer> {
  const answer = answers.get(text) ?? (await read(text, undefined, signal));
  answers.set(text, answer);
  return answer;
}

/** All who are found for a text, page by page. */
export function foundFor(text: string): List<Person> {
  return keptList(`found/${text}`, () => {
    return new List(
      (cursor) => (cursor ? read(text, cursor) : find(text)),
      ({ id }) => isBlocked(id),
    );
  });
}

async function read(text: string, cursor?: string, signal?: AbortSignal): Promise<Answer> {
  try {
    const page = await ok(api.GET('/api/v1/search', { params: { query: { q: text, cursor } }, signal }));
    return { ...people(page), text, corrected: page.corrected ?? null };
  } catch (error) {
    // A text of signs alone names nobody.
    if (error instanceof Problem && error.code === 'query_empty') return { ...NOBODY, text };
    throw error;
  }
}

session.onEnd(() => answers.clear());
