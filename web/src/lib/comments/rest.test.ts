import { expect, test } from 'vitest';
import { rest } from './rest';

test.each([
  [0.95, 'full'],
  [0.7, 'half'],
  [0.6, 'half'],
  [0.4, 'half'],
  [0.2, 'closed'],
] as const)('a sheet of %f of the screen that is let go of comes to rest %s', (part, height) => {
  expect(rest(part, 0)).toBe(height);
});

test('a fast movement goes where it points', () => {
  expect([rest(0.62, 2), rest(0.95, -2), rest(0.55, -2)]).toEqual(['full', 'half', 'closed']);
});
