export interface Point {
  x: number;
  y: number;
}

/** Returns the middle of one or two fingers, and how far apart they are. */
export function spread(points: Point[]): Point & { apart: number } {
  const [one, two] = points;
  if (!one) return { x: 0, y: 0, apart: 0 };
  if (!two) return { ...one, apart: 0 };
  return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, apart: Math.hypot(one.x - two.x, one.y - two.y) };
}
