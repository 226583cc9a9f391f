import { expect, test } from 'vitest';
import { averageColour } from './blur';
import { frameRatio, sourceSet } from './picture';

const urls = { small: '/s', medium: '/m', large: '/l' };
const medium = (width: number | null, height: number | null) => ({ width, height, urls, alt: null, blurhash: null });

test('widths follow the longest side', () => {
  expect(sourceSet(medium(4000, 3000))).toBe('/s 150w, /m 640w, /l 1080w');
  expect(sourceSet(medium(3000, 4000))).toBe('/s 113w, /m 480w, /l 810w');
  expect(sourceSet(medium(300, 200))).toBe('/s 150w, /m 300w, /l 300w');
  expect(sourceSet(medium(1, 5000))).toBe('/s 1w, /m 1w, /l 1w');
});

test('a frame is never flatter than 1.91 to 1 nor taller than 4 to 5', () => {
  expect(frameRatio(medium(4000, 1000))).toBe(1.91);
  expect(frameRatio(medium(1000, 4000))).toBe(0.8);
  expect(frameRatio(medium(1200, 1000))).toBe(1.2);
  expect(frameRatio(medium(null, null))).toBe(1);
});

test('the average colour of a blurhash is in its characters 3 to 6', () => {
  expect(averageColour('LEHV6nWB2yk8pyo0adR*.7kCMdnj')).toBe('rgb(151 150 149)');
  expect(averageColour('L0')).toBeUndefined();
  expect(averageColour(null)).toBeUndefined();
});
