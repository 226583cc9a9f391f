import { describe, expect, it } from 'vitest';
import { merged, type Row } from './activity.svelte';

const row = (id: string, minute: number, read = true): Row => ({
  id,
  type: 'like',
  actors: [],
  actor_count: 1,
  photo_thumbnail: null,
  message: '',
  created_at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  read,
});

describe('rows that are read anew', () => {
  it('come above those that are there', () => {
    const ids = merged([row('b', 2), row('a', 1)], [row('c', 3), row('b', 2)]).map(({ id }) => id);
    expect(ids).toEqual(['c', 'b', 'a']);
  });

  it('take the place of what they were when somebody joins them', () => {
    const rows = merged([row('b', 2), row('a', 1)], [row('a', 5, false), row('b', 2)]);
    expect(rows.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(rows[0]?.read).toBe(false);
  });

  it('leave what further pages gave', () => {
    const older = [row('d', 4), row('c', 3), row('b', 2), row('a', 1)];
    expect(merged(older, [row('d', 4), row('c', 3)])).toHaveLength(4);
  });
});
