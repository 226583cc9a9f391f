import { describe, expect, test } from 'vitest';
import { type Point, spread } from './gesture';
import { NO_ZOOM, pinched, wheeled, type Zoom } from './zoom';

/** Where a point of the picture is shown. */
const shown = (zoom: Zoom, { x, y }: Point) => ({ x: zoom.x + zoom.scale * x, y: zoom.y + zoom.scale * y });

const fingers = (x: number, y: number, apart: number) =>
  spread([
    { x: x - apart / 2, y },
    { x: x + apart / 2, y },
  ]);

describe('two fingers', () => {
  test('keep between them what was there, wherever they go', () => {
    const zoom = pinched(fingers(100, 80, 50), fingers(160, 60, 150));
    expect(zoom.scale).toBe(3);
    expect(shown(zoom, { x: 100, y: 80 })).toEqual({ x: 160, y: 60 });
  });

  test('make a picture neither smaller than it is nor endlessly large', () => {
    expect(pinched(fingers(0, 0, 100), fingers(0, 0, 10)).scale).toBe(1);
    expect(pinched(fingers(0, 0, 10), fingers(0, 0, 1000)).scale).toBe(5);
    expect(pinched(fingers(0, 0, 0), fingers(0, 0, 3)).scale).toBe(3);
  });
});

describe('the wheel', () => {
  test('enlarges around the pointer, and back', () => {
    const at = { x: 40, y: 30 };
    const once = wheeled(NO_ZOOM, at, -100);
    const twice = wheeled(once, { x: 90, y: 10 }, -100);
    expect([once.scale, twice.scale]).toEqual([2, 4]);
    expect(shown(once, at)).toEqual(at);
    const below = { x: (90 - once.x) / 2, y: (10 - once.y) / 2 };
    expect(shown(twice, below)).toEqual({ x: 90, y: 10 });
    expect(wheeled(once, { x: 5, y: 5 }, 100)).toBe(NO_ZOOM);
    expect(wheeled(NO_ZOOM, at, 500)).toBe(NO_ZOOM);
  });
});
