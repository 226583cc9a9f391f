import { expect, test } from 'vitest';
import { Problem } from '$lib/api/problem';
import { List, type Page } from './list.svelte';

const item = (id: string) => ({ id });
const page = (ids: string[], next: string | null): Page<{ id: string }> => ({
  items: ids.map(item),
  next_cursor: next,
  has_more: next !== null,
});

/** A list over pages by cursor; the first has none. */
function over(pages: Record<string, Page<{ id: string }> | Problem>) {
  const asked: string[] = [];
  const list = new List(async (cursor = 'first') => {
    asked.push(cursor);
    const answer = pages[cursor];
    if (!answer || answer instanceof Problem) throw answer ?? new Error(`no page ${cursor}`);
    return answer;
  });
  return { list, asked, ids: () => list.items.map(({ id }) => id) };
}

test('reads page after page until the API says there are no more', async () => {
  const { list, ids, asked } = over({ first: page(['1', '2'], 'a'), a: page(['3'], null) });
  await list.more();
  expect(list.status).toBe('idle');
  await list.more();
  await list.more();
  expect(ids()).toEqual(['1', '2', '3']);
  expect(list.status).toBe('done');
  expect(asked).toEqual(['first', 'a']);
});

test('an empty page that goes on is not the end', async () => {
  const { list, ids } = over({ first: page([], 'a'), a: page(['1'], null) });
  await list.more();
  expect([list.status, list.begun]).toEqual(['idle', true]);
  await list.more();
  expect(ids()).toEqual(['1']);
});

test('shows an item once that comes on two pages', async () => {
  const { list, ids } = over({ first: page(['1', '2'], 'a'), a: page(['2', '3'], null) });
  await list.more();
  await list.more();
  expect(ids()).toEqual(['1', '2', '3']);
});

test('keeps what it has when a page fails, and goes on from there', async () => {
  const pages: Record<string, Page<{ id: string }> | Problem> = { first: page(['1'], 'a'), a: Problem.offline() };
  const { list, ids } = over(pages);
  await list.more();
  await list.more();
  expect([list.status, list.problem?.code, ids()]).toEqual(['failed', 'offline', ['1']]);
  pages.a = page(['2'], null);
  await list.more();
  expect([list.status, list.problem, ids()]).toEqual(['done', undefined, ['1', '2']]);
});

test('drops a page that a refresh has overtaken', async () => {
  const waiting: ((page: Page<{ id: string }>) => void)[] = [];
  const list = new List<{ id: string }>(() => new Promise((resolve) => waiting.push(resolve)));
  list.start(page(['1'], 'a'));
  const more = list.more();
  const refresh = list.refresh();
  waiting[1]?.(page(['9', '1'], 'b'));
  waiting[0]?.(page(['2'], 'c'));
  await Promise.all([more, refresh]);
  expect(list.items.map(({ id }) => id)).toEqual(['9', '1']);
});

test('a fault of the client is not hidden as a problem', async () => {
  const list = new List<{ id: string }>(() => Promise.reject(new TypeError('a fault')));
  await expect(list.more()).rejects.toThrow('a fault');
});
