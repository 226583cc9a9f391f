import { describe, expect, test } from 'vitest';
import {
  type Cut,
  cuts,
  MAX_SIDE,
  maxZoom,
  outputOf,
  panned,
  quarter,
  RATIOS,
  ratioOfCut,
  regionOf,
  type Size,
  turned,
  UNCUT,
  within,
  zoomed,
} from './geometry';

/** Numbers that look random and are the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function anyCut(next: () => number): { size: Size; cut: Cut } {
  const size = { width: 1 + Math.floor(next() * 6000), height: 1 + Math.floor(next() * 6000) };
  const cut = {
    ratio: RATIOS[Math.floor(next() * RATIOS.length)] ?? 'original',
    turns: Math.floor(next() * 4),
    straighten: next() * 120 - 60,
    zoom: next() * 12,
    x: next() * 2 - 1,
    y: next() * 2 - 1,
  };
  return { size, cut };
}

/** The corners of what a cut shows, in the pixels of the turned picture. */
function corners(size: Size, cut: Cut): [number, number][] {
  const { x, y, width, height } = regionOf(size, cut);
  const radians = (-cut.straighten * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([right = 0, down = 0]) => {
    const [dx, dy] = [(right * width) / 2, (down * height) / 2];
    return [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
  });
}

function expectInside(size: Size, cut: Cut): void {
  const { width, height } = turned(size, cut.turns);
  const slack = 1e-6 * Math.max(width, height);
  for (const [x, y] of corners(size, cut)) {
    expect(x).toBeGreaterThanOrEqual(-slack);
    expect(y).toBeGreaterThanOrEqual(-slack);
    expect(x).toBeLessThanOrEqual(width + slack);
    expect(y).toBeLessThanOrEqual(height + slack);
  }
}

describe('a cut', () => {
  test('never shows anything beyond the picture', () => {
    const next = numbers(1);
    for (let run = 0; run < 500; run += 1) {
      const { size, cut } = anyCut(next);
      let now = within(size, cut);
      expectInside(size, now);
      now = panned(size, now, next() * 4 - 2, next() * 4 - 2);
      expectInside(size, now);
      now = zoomed(size, now, next() * 10, next() - 0.5, next() - 0.5);
      expectInside(size, now);
      now = quarter(size, now);
      expectInside(size, now);
      expect(now.zoom).toBeLessThanOrEqual(maxZoom(size, now) + 1e-9);
    }
  });

  test('has the form that was asked for', () => {
    const next = numbers(2);
    for (let run = 0; run < 200; run += 1) {
      const { size, cut } = anyCut(next);
      const region = regionOf(size, within(size, cut));
      expect(region.width / region.height).toBeCloseTo(ratioOfCut(size, cut), 6);
    }
  });

  test('of a whole picture is the whole picture', () => {
    expect(regionOf({ width: 400, height: 300 }, UNCUT)).toEqual({ x: 200, y: 150, width: 400, height: 300 });
    expect(cuts({ width: 400, height: 300 }, UNCUT)).toBe(false);
    expect(cuts({ width: 400, height: 300 }, { ...UNCUT, ratio: '1:1' })).toBe(true);
    expect(cuts({ width: 300, height: 300 }, { ...UNCUT, ratio: '1:1' })).toBe(false);
  });

  test('to a square keeps the full height of a wide picture', () => {
    expect(regionOf({ width: 400, height: 300 }, { ...UNCUT, ratio: '1:1' })).toEqual({
      x: 200,
      y: 150,
      width: 300,
      height: 300,
    });
  });

  test('turned four times is as before', () => {
    const size = { width: 4000, height: 3000 };
    const cut = within(size, { ...UNCUT, ratio: '1:1', zoom: 3, x: 0.2, y: -0.1 });
    let now = cut;
    for (let turn = 0; turn < 4; turn += 1) now = quarter(size, now);
    expect(now).toEqual(cut);
  });

  test('follows the finger, whatever the angle', () => {
    const size = { width: 4000, height: 3000 };
    for (const straighten of [0, 17, -40]) {
      const cut = within(size, { ...UNCUT, zoom: 4, straighten });
      const before = regionOf(size, cut);
      const after = regionOf(size, panned(size, cut, 0.1, -0.05));
      const radians = (cut.straighten * Math.PI) / 180;
      const [dx, dy] = [before.x - after.x, before.y - after.y];
      // What has moved, as it is seen in the frame.
      expect(dx * Math.cos(radians) - dy * Math.sin(radians)).toBeCloseTo(0.1 * before.width, 6);
      expect(dx * Math.sin(radians) + dy * Math.cos(radians)).toBeCloseTo(-0.05 * before.height, 6);
    }
  });

  test('zooms around the finger', () => {
    const size = { width: 4000, height: 3000 };
    const cut = within(size, { ...UNCUT, zoom: 2 });
    const [right, down] = [0.2, -0.3];
    const point = ({ x, y, width, height }: ReturnType<typeof regionOf>) => [x + right * width, y + down * height];
    const [before, after] = [point(regionOf(size, cut)), point(regionOf(size, zoomed(size, cut, 4, right, down)))];
    expect(after[0]).toBeCloseTo(before[0] ?? 0, 6);
    expect(after[1]).toBeCloseTo(before[1] ?? 0, 6);
  });

  test('of a small picture cannot be zoomed', () => {
    expect(maxZoom({ width: 200, height: 150 }, UNCUT)).toBe(1);
    expect(maxZoom({ width: 20_000, height: 20_000 }, UNCUT)).toBe(8);
  });
});

describe('the upload', () => {
  test('is at most 2160 pixels long and never larger than the cut', () => {
    expect(outputOf({ width: 8000, height: 6000 })).toEqual({ width: MAX_SIDE, height: 1620 });
    expect(outputOf({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 });
    expect(outputOf({ width: 20_000, height: 3 })).toEqual({ width: MAX_SIDE, height: 1 });
  });
});
