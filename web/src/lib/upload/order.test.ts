import { expect, test } from 'vitest';
import { moved, placeAt } from './order';

test('a moved item is at its place, and the others keep their order', () => {
  for (let length = 1; length <= 10; length += 1) {
    const list = Array.from({ length }, (_, index) => index);
    for (let from = 0; from < length; from += 1) {
      for (let to = -1; to <= length; to += 1) {
        const next = moved(list, from, to);
        expect(next.indexOf(from)).toBe(Math.min(length - 1, Math.max(0, to)));
        expect(next.filter((item) => item !== from)).toEqual(list.filter((item) => item !== from));
        expect(list).toHaveLength(length);
      }
    }
  }
});

test('moving there and back changes nothing', () => {
  const list = [...'abcdefghij'];
  for (let from = 0; from < 10; from += 1) {
    for (let to = 0; to < 10; to += 1) expect(moved(moved(list, from, to), to, from)).toEqual(list);
  }
});

test('an item that is not there moves nothing', () => {
  expect(moved(['a', 'b'], 5, 0)).toEqual(['a', 'b']);
});

test('a dragged item takes the place that it is over', () => {
  const middles = [10, 20, 30, 40];
  expect(placeAt(middles, 0, 5)).toBe(0);
  expect(placeAt(middles, 0, 25)).toBe(1);
  expect(placeAt(middles, 0, 99)).toBe(3);
  expect(placeAt(middles, 3, 15)).toBe(1);
  // Over its own place it stays.
  expect(placeAt(middles, 2, 30)).toBe(2);
});
