import { expect, test } from 'vitest';
import { List } from './list.svelte';

test('a list outlives the screen that made it', async () => {
  let read = 0;
  let list!: List<{ id: string }>;
  const leave = $effect.root(() => {
    list = new List(async () => ({ items: [{ id: String(++read) }], next_cursor: null, has_more: false }));
  });
  await list.more();
  expect(list.items).toEqual([{ id: '1' }]);
  leave();
  await list.refresh();
  expect(list.items).toEqual([{ id: '2' }]);
});
