/** The forms that a picture can be cut to. */
export const RATIOS = ['original', '1:1', '4:5', '1.91:1'] as const;
export type Ratio = (typeof RATIOS)[number];

/** How a picture is cut and turned. It is kept with the draft, so that every edit can be taken back. */
export interface Cut {
  ratio: Ratio;
  /** Quarter turns clockwise, 0 to 3. */
  turns: number;
  /** Degrees clockwise, -45 to 45, on top of the turns. */
  straighten: number;
  /** 1 shows as much as fits. */
  zoom: number;
  /** Where the middle of the cut is, from the middle of the turned picture, in shares of its sides. */
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** The part of the turned picture that is shown, in its pixels, around its middle. */
export interface Region extends Size {
  x: number;
  y: number;
}

export const UNCUT: Readonly<Cut> = { ratio: 'original', turns: 0, straighten: 0, zoom: 1, x: 0, y: 0 };

export const MAX_STRAIGHTEN = 45;
const MAX_ZOOM = 8;

/** The fewest pixels that a side of a cut keeps. */
const LEAST = 320;

/** The longest side of an upload, and the most pixels of a canvas: beyond them iOS draws nothing. */
export const MAX_SIDE = 2160;
export const MAX_PIXELS = 16_777_216;

/** Returns the size of a picture after its quarter turns. */
export function turned({ width, height }: Size, turns: number): Size {
  return turns % 2 === 0 ? { width, height } : { width: height, height: width };
}

/** Returns width by height of the cut. */
export function ratioOfCut(source: Size, cut: Cut): number {
  if (cut.ratio === '1:1') return 1;
  if (cut.ratio === '4:5') return 4 / 5;
  if (cut.ratio === '1.91:1') return 1.91;
  const { width, height } = turned(source, cut.turns);
  return width / height;
}

/** Returns the largest cut of this form and angle that shows nothing beyond the picture. */
function largest(source: Size, cut: Cut): Size {
  const { width, height } = turned(source, cut.turns);
  const ratio = ratioOfCut(source, cut);
  const { sin, cos } = angle(cut);
  const fit = Math.min(width / (cos + sin / ratio), height / (sin + cos / ratio));
  return { width: fit, height: fit / ratio };
}

function angle(cut: Cut): { sin: number; cos: number } {
  const radians = (Math.abs(cut.straighten) * Math.PI) / 180;
  return { sin: Math.sin(radians), cos: Math.cos(radians) };
}

/** Returns how far the picture can be zoomed before it is only a few pixels. */
export function maxZoom(source: Size, cut: Cut): number {
  const { width, height } = largest(source, cut);
  return Math.min(MAX_ZOOM, Math.max(1, Math.min(width, height) / LEAST));
}

/** Returns the cut within its limits: nothing beyond the picture is shown, and no side gets too small. */
export function within(source: Size, cut: Cut): Cut {
  const straighten = clamp(cut.straighten, MAX_STRAIGHTEN);
  const straight = { ...cut, straighten };
  const zoom = Math.min(Math.max(1, cut.zoom), maxZoom(source, straight));
  const { width, height } = turned(source, cut.turns);
  const most = largest(source, straight);
  const { sin, cos } = angle(straight);
  const across = (most.width * cos + most.height * sin) / zoom;
  const down = (most.width * sin + most.height * cos) / zoom;
  const x = clamp(cut.x, Math.max(0, 0.5 - across / width / 2));
  const y = clamp(cut.y, Math.max(0, 0.5 - down / height / 2));
  return { ...straight, zoom, x, y };
}

function clamp(value: number, most: number): number {
  // `|| 0`: there is no -0 in what is kept.
  return Math.min(most, Math.max(-most, value)) || 0;
}

/** Returns what a cut shows. */
export function regionOf(source: Size, cut: Cut): Region {
  const { width, height } = turned(source, cut.turns);
  const most = largest(source, cut);
  return {
    x: width * (0.5 + cut.x),
    y: height * (0.5 + cut.y),
    width: most.width / cut.zoom,
    height: most.height / cut.zoom,
  };
}

/** Returns the cut after the picture was dragged by shares of the frame's width and height. */
export function panned(source: Size, cut: Cut, right: number, down: number): Cut {
  const region = regionOf(source, cut);
  const { width, height } = turned(source, cut.turns);
  const radians = (-cut.straighten * Math.PI) / 180;
  const [dx, dy] = [right * region.width, down * region.height];
  const x = cut.x - (dx * Math.cos(radians) - dy * Math.sin(radians)) / width;
  const y = cut.y - (dx * Math.sin(radians) + dy * Math.cos(radians)) / height;
  return within(source, { ...cut, x, y });
}

/** Returns the cut zoomed, so that the point at these shares of the frame (0 is its middle) stays where it is. */
export function zoomed(source: Size, cut: Cut, zoom: number, right = 0, down = 0): Cut {
  const next = Math.min(Math.max(1, zoom), maxZoom(source, cut));
  const grown = next / cut.zoom - 1;
  return panned(source, { ...cut, zoom: next }, -right * grown, -down * grown);
}

/** Returns the cut after a quarter turn clockwise. It shows the same part of the picture where that fits. */
export function quarter(source: Size, cut: Cut): Cut {
  return within(source, { ...cut, turns: (cut.turns + 1) % 4, x: -cut.y || 0, y: cut.x });
}

/** Returns the pixels of the upload: those of the region, never more, and within the limits of an upload. */
export function outputOf({ width, height }: Size): Size {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height), Math.sqrt(MAX_PIXELS / (width * height)));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Whether a cut changes the picture at all. */
export function cuts(source: Size, cut: Cut): boolean {
  const { width, height } = source;
  const ratio = Math.abs(ratioOfCut(source, cut) - width / height) > 0.001;
  return ratio || cut.turns !== 0 || cut.straighten !== 0 || cut.zoom !== 1;
}
