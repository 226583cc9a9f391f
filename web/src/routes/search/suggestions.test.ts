import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { session } from '$lib/session.svelte';
import { PAUSE, SLOW, Suggestions } from './suggestions.svelte';

interface Asked {
  text: string | null;
  aborted: () => boolean;
  answer: (names: string[], corrected?: string) => Promise<void>;
  refuse: (response?: Response) => Promise<void>;
}

let asked: Asked[];
let suggestions: Suggestions;

/** Lets what waits for an answer go on, which takes no time. */
const settle = () => vi.advanceTimersByTimeAsync(0);
const names = () => suggestions.answer?.items.map(({ card }) => card.username);
const card = (username: string) => ({
  user_id: username,
  username,
  full_name: null,
  profile_pic: '',
  private: false,
  followed_by_you: false,
});

function type(...texts: string[]) {
  for (const text of texts) suggestions.type(text);
  return vi.advanceTimersByTimeAsync(PAUSE);
}

/** The only call since the last one that was taken. */
function taken(): Asked {
  const [first, ...more] = asked.splice(0);
  if (!first || more.length > 0) throw new Error(`${asked.length} calls`);
  return first;
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async () => Response.json({ user_id: '1', username: 'me', expires_in: 900 }));
  await session.signIn('me', 'a test is no secret');
  asked = [];
  suggestions = new Suggestions();
  vi.stubGlobal('fetch', ({ url, signal }: Request) => {
    return new Promise<Response>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      asked.push({
        text: new URL(url).searchParams.get('q'),
        aborted: () => signal.aborted,
        answer: (names, corrected) => {
          const page = { users: names.map(card), corrected: corrected ?? null, next_cursor: null, has_more: false };
          resolve(Response.json(page));
          return settle().then(() => undefined);
        },
        refuse: (response) => {
          if (response) resolve(response);
          else reject(new TypeError('no connection'));
          return settle().then(() => undefined);
        },
      });
    });
  });
});

afterEach(() => {
  session.end();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('asks once for letters that follow each other quickly', async () => {
  await type('m', 'ma', 'mar ');
  await taken().answer(['maria']);
  expect(names()).toEqual(['maria']);
});

test('an answer that a newer text has overtaken is dropped', async () => {
  await type('ma');
  const older = taken();
  await type('mar');
  expect(older.aborted()).toBe(true);
  const newer = taken();
  await newer.answer(['maria']);
  await older.answer(['max']);
  expect(names()).toEqual(['maria']);
});

test('who was found stays until the next answer is there', async () => {
  await type('ma');
  await taken().answer(['max', 'maria']);
  await type('mar');
  expect(names()).toEqual(['max', 'maria']);
  await taken().answer([]);
  expect(names()).toEqual([]);
});

test('the same text is not asked for twice', async () => {
  await type('ma');
  await taken().answer(['max'], 'marx');
  await type('mar');
  await taken().answer(['maria']);
  suggestions.type('ma');
  expect([names(), suggestions.answer?.corrected, asked]).toEqual([['max'], 'marx', []]);
});

test('an answer is of one session', async () => {
  await type('ma');
  await taken().answer(['max']);
  session.end();
  suggestions = new Suggestions();
  await type('ma');
  expect(taken().text).toBe('ma');
});

test('says that it takes long, once it does', async () => {
  await type('ma');
  await vi.advanceTimersByTimeAsync(SLOW - 1);
  expect(suggestions.slow).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect([suggestions.slow, suggestions.some]).toEqual([true, false]);
  await taken().answer(['max']);
  expect(suggestions.slow).toBe(false);
});

test('an empty text shows nobody, and drops what was asked', async () => {
  await type('ma');
  const call = taken();
  await type('');
  expect([call.aborted(), suggestions.some]).toEqual([true, false]);
});

test('says that there is no connection, and asks again', async () => {
  await type('ma');
  await taken().refuse();
  expect([suggestions.problem?.code, names()]).toEqual(['offline', undefined]);
  suggestions.retry();
  await settle();
  await taken().answer(['max']);
  expect([suggestions.problem, names()]).toEqual([undefined, ['max']]);
});

test('says when too much was asked, and until when', async () => {
  await type('ma');
  const headers = { 'Retry-After': '40' };
  await taken().refuse(Response.json({ code: 'too_many_searches' }, { status: 429, headers }));
  expect([suggestions.problem?.code, suggestions.problem?.retryAfter]).toEqual(['too_many_searches', 40]);
});

test('a text of signs alone finds nobody, and is no problem', async () => {
  await type('@');
  await taken().refuse(Response.json({ code: 'query_empty' }, { status: 400 }));
  expect([suggestions.problem, names()]).toEqual([undefined, []]);
});
