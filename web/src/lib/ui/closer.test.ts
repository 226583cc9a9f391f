import { expect, test } from 'vitest';
import { isClosest, middleKept, stepped } from './closer';

test('each step doubles a picture or halves it, within limits', () => {
  let scale = 1;
  const scales = [0, 1, 1, 1, -1, -1, -1].map((step) => (scale = stepped(scale, step)));
  expect(scales).toEqual([1, 2, 4, 4, 2, 1, 1]);
  expect(scales.map(isClosest)).toEqual([false, false, true, true, false, false, false]);
});

test('what is in the middle stays there', () => {
  const view = { width: 300, height: 200 };
  const middle = middleKept({ x: 0, y: 0 }, view, 1, 2);
  expect(middle).toEqual({ x: 150, y: 100 });
  const moved = { x: 290, y: 0 };
  const closer = middleKept(moved, view, 2, 4);
  expect([(closer.x + 150) / 4, (closer.y + 100) / 4]).toEqual([(moved.x + 150) / 2, (moved.y + 100) / 2]);
  expect(middleKept(closer, view, 4, 2)).toEqual(moved);
});
