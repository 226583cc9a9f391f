import type { Point } from './gesture';

/** How often a picture can be doubled by buttons. Fingers get hardly further. */
const MOST = 4;

/** Returns the scale after so many steps towards the picture, or away from it. */
export function stepped(scale: number, steps: number): number {
  return Math.min(MOST, Math.max(1, scale * 2 ** steps));
}

export function isClosest(scale: number): boolean {
  return scale >= MOST;
}

/**
 * Returns where what is enlarged has to be scrolled to, so that what was in the middle of the view still is. `scrolled`
 * is where it was; a picture that is not enlarged is not scrolled.
 */
export function middleKept(scrolled: Point, view: { width: number; height: number }, from: number, to: number): Point {
  const grown = to / from;
  return {
    x: (scrolled.x + view.width / 2) * grown - view.width / 2,
    y: (scrolled.y + view.height / 2) * grown - view.height / 2,
  };
}
