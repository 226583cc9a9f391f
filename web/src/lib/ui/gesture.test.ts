import { expect, test } from 'vitest';
import { spread } from './gesture';

test('one finger is where it is, two are apart around their middle', () => {
  expect(spread([])).toEqual({ x: 0, y: 0, apart: 0 });
  expect(spread([{ x: 3, y: 4 }])).toEqual({ x: 3, y: 4, apart: 0 });
  expect(
    spread([
      { x: 0, y: 0 },
      { x: 6, y: 8 },
    ]),
  ).toEqual({ x: 3, y: 4, apart: 10 });
});
