import { describe, expect, test } from 'vitest';
import { cornersOf, FILTERS, grade, levels } from './filters';

const ramp = () => Uint8ClampedArray.from({ length: 256 * 4 }, (_, index) => (index % 4 === 3 ? 200 : index >> 2));

describe.each(FILTERS)('%s', (filter) => {
  test('leaves holes as they are, and keeps dark darker than light', () => {
    const pixels = ramp();
    grade(pixels, { filter, strength: 1 });
    for (let level = 1; level < 256; level += 1) {
      expect(pixels[level * 4 + 3]).toBe(200);
      for (const channel of [0, 1, 2]) {
        expect(pixels[level * 4 + channel] as number).toBeGreaterThanOrEqual(pixels[level * 4 + channel - 4] as number);
      }
    }
  });

  test('changes nothing at no strength, and less at half', () => {
    const [none, half, full] = [ramp(), ramp(), ramp()];
    grade(none, { filter, strength: 0 });
    expect(none).toEqual(ramp());
    grade(half, { filter, strength: 0.5 });
    grade(full, { filter, strength: 1 });
    const before = ramp();
    const change = (pixels: Uint8ClampedArray) =>
      pixels.reduce((sum, value, index) => sum + Math.abs(value - (before[index] as number)), 0);
    expect(change(half)).toBeGreaterThan(0);
    expect(change(half)).toBeLessThan(change(full));
  });
});

test('no two filters look the same', () => {
  const looks = FILTERS.map((filter) => {
    const pixels = Uint8ClampedArray.of(200, 120, 60, 255, 40, 90, 180, 255);
    grade(pixels, { filter, strength: 1 });
    return pixels.join(' ');
  });
  expect(new Set(looks).size).toBe(12);
});

test('no filter changes nothing', () => {
  const pixels = ramp();
  grade(pixels, { filter: null, strength: 1 });
  expect(pixels).toEqual(ramp());
  expect(cornersOf({ filter: null, strength: 1 })).toBe(0);
});

test('a curve goes through its levels', () => {
  const table = levels([10, 80, 120, 200, 250], 1);
  expect([table[0], table[255]]).toEqual([10, 250]);
  expect(Math.abs((table[64] ?? 0) - 80)).toBeLessThanOrEqual(1);
  expect(Math.abs((table[191] ?? 0) - 200)).toBeLessThanOrEqual(1);
});
