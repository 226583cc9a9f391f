import { describe, expect, it } from 'vitest';
import { mostZoom, moved, type Section, sideOf, wholeOf, within, zoomed } from './crop';

const WIDE = { width: 4000, height: 1600 };

function inside(section: Section) {
  const half = sideOf(WIDE, section) / 2;
  expect(section.x - half).toBeGreaterThanOrEqual(-1e-9);
  expect(section.y - half).toBeGreaterThanOrEqual(-1e-9);
  expect(section.x + half).toBeLessThanOrEqual(WIDE.width + 1e-9);
  expect(section.y + half).toBeLessThanOrEqual(WIDE.height + 1e-9);
}

describe('the section of a profile picture', () => {
  it('begins as the largest square in the middle', () => {
    expect(wholeOf(WIDE)).toEqual({ x: 2000, y: 800, zoom: 1 });
    expect(sideOf(WIDE, wholeOf(WIDE))).toBe(1600);
  });

  it('follows the finger: the picture goes right, the section left', () => {
    expect(moved(WIDE, wholeOf(WIDE), 0.25, 0)).toEqual({ x: 1600, y: 800, zoom: 1 });
  });

  it('stops at the edges', () => {
    expect(moved(WIDE, wholeOf(WIDE), 5, 5)).toEqual({ x: 800, y: 800, zoom: 1 });
    expect(moved(WIDE, wholeOf(WIDE), -5, -5)).toEqual({ x: 3200, y: 800, zoom: 1 });
  });

  it('zooms about the point below the fingers', () => {
    const before = wholeOf(WIDE);
    const after = zoomed(WIDE, before, 2, 0.25, -0.25);
    const at = (section: Section, across: number) => section.x + across * sideOf(WIDE, section);
    expect(after.zoom).toBe(2);
    expect(at(after, 0.25)).toBeCloseTo(at(before, 0.25));
  });

  it('does not drift at the ends of the zoom', () => {
    const close = zoomed(WIDE, wholeOf(WIDE), 1000);
    expect(close.zoom).toBe(mostZoom(WIDE));
    expect(zoomed(WIDE, close, 1.5, 0.5, 0.5)).toEqual(close);
    expect(zoomed(WIDE, wholeOf(WIDE), 0.5, 0.5, 0.5)).toEqual(wholeOf(WIDE));
  });

  it('never leaves the picture, whatever is done', () => {
    let section = wholeOf(WIDE);
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647 - 0.5;
    };
    for (let step = 0; step < 500; step += 1) {
      section = random() > 0 ? moved(WIDE, section, random(), random()) : zoomed(WIDE, section, 1 + random(), random());
      inside(section);
    }
  });

  it('leaves a small picture as it is', () => {
    const small = { width: 90, height: 120 };
    expect(mostZoom(small)).toBe(1);
    expect(within(small, { x: 0, y: 0, zoom: 3 })).toEqual({ x: 45, y: 45, zoom: 1 });
  });
});
