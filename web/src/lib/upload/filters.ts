/**
 * Our twelve filters. Each is a mix of the channels and a curve for each of them, computed pixel by pixel: canvas
 * filters are missing in Safari, and preview and upload go through the same function.
 */
export const FILTERS = [
  'safelight',
  'silver',
  'selenium',
  'fixer',
  'pushed',
  'linen',
  'dusk',
  'tide',
  'meadow',
  'cinder',
  'frost',
  'lantern',
] as const;
export type Filter = (typeof FILTERS)[number];

/** A look: which filter, and how much of it (0 to 1). */
export interface Look {
  filter: Filter | null;
  strength: number;
}

export const PLAIN: Readonly<Look> = { filter: null, strength: 1 };

/** What a level of 0, 64, 128, 192 and 255 becomes. */
type Curve = readonly [number, number, number, number, number];

interface Recipe {
  /** 0 is grey, 1 leaves colours as they are. */
  colour: number;
  /** What grey is made of. */
  grey?: readonly [number, number, number];
  red: Curve;
  green: Curve;
  blue: Curve;
  /** How much darker the corners are, 0 to 1. */
  corners?: number;
}

const LUMA = [0.2126, 0.7152, 0.0722] as const;

const RECIPES: Record<Filter, Recipe> = {
  // Warm as the lamp of a darkroom.
  safelight: {
    colour: 0.9,
    red: [18, 88, 156, 214, 255],
    green: [10, 62, 124, 188, 246],
    blue: [12, 46, 96, 150, 214],
    corners: 0.25,
  },
  // Black and white as on a soft paper.
  silver: { colour: 0, red: [8, 66, 134, 198, 250], green: [8, 66, 134, 198, 250], blue: [8, 66, 134, 198, 250] },
  // Black and white, toned cold in the shadows and warm in the lights.
  selenium: {
    colour: 0,
    grey: [0.35, 0.5, 0.15],
    red: [16, 58, 126, 200, 255],
    green: [10, 52, 120, 192, 248],
    blue: [26, 66, 126, 184, 236],
    corners: 0.2,
  },
  // Pale and a little green, as a print that was washed too long.
  fixer: {
    colour: 0.72,
    red: [34, 84, 140, 194, 240],
    green: [38, 92, 148, 202, 246],
    blue: [42, 88, 138, 188, 232],
  },
  // Film pushed by two stops: hard and full.
  pushed: {
    colour: 1.18,
    red: [0, 44, 130, 214, 255],
    green: [0, 44, 128, 212, 255],
    blue: [0, 46, 126, 206, 250],
    corners: 0.3,
  },
  // Bright and soft, with warm whites.
  linen: {
    colour: 0.86,
    red: [24, 92, 158, 214, 255],
    green: [22, 88, 152, 208, 250],
    blue: [24, 82, 142, 196, 238],
  },
  // Blue shadows and rosy lights.
  dusk: {
    colour: 0.95,
    red: [14, 60, 134, 208, 255],
    green: [14, 56, 118, 184, 242],
    blue: [44, 86, 140, 192, 236],
    corners: 0.2,
  },
  // Sea green shadows, clear lights.
  tide: {
    colour: 1.02,
    red: [0, 46, 116, 190, 250],
    green: [14, 68, 132, 198, 255],
    blue: [26, 80, 142, 202, 250],
  },
  // Fresh greens.
  meadow: {
    colour: 1.12,
    red: [6, 62, 128, 196, 255],
    green: [8, 72, 140, 204, 255],
    blue: [4, 54, 114, 178, 240],
  },
  // Dark and dry, with little colour.
  cinder: {
    colour: 0.45,
    red: [12, 52, 116, 184, 244],
    green: [10, 48, 110, 178, 238],
    blue: [14, 48, 106, 170, 230],
    corners: 0.35,
  },
  // Cool and clear.
  frost: {
    colour: 0.9,
    red: [4, 60, 122, 188, 248],
    green: [8, 68, 132, 198, 254],
    blue: [16, 80, 146, 210, 255],
  },
  // Amber shadows, lights as they are.
  lantern: {
    colour: 1.06,
    red: [30, 88, 144, 202, 255],
    green: [14, 66, 128, 190, 250],
    blue: [2, 44, 106, 176, 244],
    corners: 0.15,
  },
};

/** What is needed to compute a look: the share of grey in each channel, and a table of its levels. */
interface Tables {
  colour: number;
  grey: readonly [number, number, number];
  red: Uint8ClampedArray;
  green: Uint8ClampedArray;
  blue: Uint8ClampedArray;
}

function tables({ filter, strength }: Look): Tables | undefined {
  if (!filter || strength <= 0) return undefined;
  const recipe = RECIPES[filter];
  return {
    colour: 1 + (recipe.colour - 1) * strength,
    grey: recipe.grey ?? LUMA,
    red: levels(recipe.red, strength),
    green: levels(recipe.green, strength),
    blue: levels(recipe.blue, strength),
  };
}

/** Returns a table of all levels through the five of a curve (Catmull-Rom), mixed with what they were. */
export function levels(curve: Curve, strength: number): Uint8ClampedArray {
  const at = (index: number) => curve[Math.min(4, Math.max(0, index))] ?? 0;
  return Uint8ClampedArray.from({ length: 256 }, (_, level) => {
    const position = (level / 255) * 4;
    const index = Math.min(3, Math.floor(position));
    const t = position - index;
    const [a, b, c, d] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    const value = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
    return level + (value - level) * strength;
  });
}

/** Gives pixels (RGBA) their look, in place. */
export function grade(pixels: Uint8ClampedArray, look: Look): void {
  const found = tables(look);
  if (!found) return;
  const { colour, red, green, blue } = found;
  const [r, g, b] = found.grey.map((share) => share * (1 - colour)) as [number, number, number];
  for (let index = 0; index < pixels.length; index += 4) {
    const pr = pixels[index] as number;
    const pg = pixels[index + 1] as number;
    const pb = pixels[index + 2] as number;
    const grey = r * pr + g * pg + b * pb;
    pixels[index] = red[level(colour * pr + grey)] as number;
    pixels[index + 1] = green[level(colour * pg + grey)] as number;
    pixels[index + 2] = blue[level(colour * pb + grey)] as number;
  }
}

function level(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}

/** Returns how much darker a look makes the corners, 0 to 1. */
export function cornersOf({ filter, strength }: Look): number {
  return filter ? (RECIPES[filter].corners ?? 0) * strength : 0;
}
