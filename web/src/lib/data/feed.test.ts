import { expect, test } from 'vitest';
import { gone } from './feed.svelte';

const items = (ids: string[]) => ids.map((id) => ({ id }));
const page = (ids: string[], has_more = true) => ({
  photos: ids.map((photo_id) => ({ photo_id })) as Parameters<typeof gone>[1]['photos'],
  has_more,
});

test('what was above a photo that is still listed, and is not, is gone', () => {
  expect(gone(items(['5', '4', '3', '2']), page(['6', '5', '3']))).toEqual(['4']);
});

test('of what was below, and of a page without any of them, nothing is known', () => {
  expect(gone(items(['3', '2', '1']), page(['3']))).toEqual([]);
  expect(gone(items(['3', '2']), page(['9', '8']))).toEqual([]);
  expect(gone(items(['3', '2']), page([]))).toEqual([]);
});

test('a page that is the whole feed says it of all', () => {
  expect(gone(items(['3', '2', '1']), page(['2'], false))).toEqual(['3', '1']);
});
