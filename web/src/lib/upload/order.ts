/** Returns a list with the item at `from` moved to `to`. Places beyond the ends are the ends. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [item] = next.splice(from, 1);
  if (item === undefined) return [...list];
  next.splice(Math.min(next.length, Math.max(0, to)), 0, item);
  return next;
}

/** Returns the place that a dragged item has taken: how many of the others lie before its middle. */
export function placeAt(middles: readonly number[], from: number, at: number): number {
  return middles.filter((middle, index) => index !== from && middle < at).length;
}
