/** How much of the screen a sheet takes. */
export type Height = 'closed' | 'half' | 'full';

/** The part of the screen of a sheet that is not all open. The style of the sheet says the same. */
export const HALF = 0.6;

/** A movement this fast goes where it points, wherever the sheet is by then (parts of the screen in a second). */
const FLICK = 0.8;

/**
 * Returns where a sheet comes to rest that is let go of. `part` is how much of the screen it takes by then, 0 to 1;
 * `speed` is how fast it grows, in parts of the screen in a second.
 */
export function rest(part: number, speed: number): Height {
  if (speed > FLICK) return 'full';
  if (speed < -FLICK) return part > HALF ? 'half' : 'closed';
  if (part > (1 + HALF) / 2) return 'full';
  return part > HALF / 2 ? 'half' : 'closed';
}
