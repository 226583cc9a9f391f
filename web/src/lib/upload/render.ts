import { cornersOf, grade, type Look } from './filters';
import { type Cut, cuts, outputOf, regionOf, type Size, turned } from './geometry';
import { blanked } from './heif';
import { isJpeg, metadataOf, withoutMetadata } from './metadata';

export type Canvas = OffscreenCanvas | HTMLCanvasElement;
type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

/** What is done to a picture. */
export interface Edit {
  cut: Cut;
  look: Look;
}

/** A picture as the screen shows it: upright, not larger than it needs, beside the size of the whole. */
export interface Opened extends Size {
  bitmap: ImageBitmap;
}

const JPEG_QUALITY = 0.9;

/** The longest side of what the screen shows. */
const PREVIEW = 1200;

/** A file of at most so many bytes and pixels a side goes as it is when nothing was edited. */
export const SMALL_BYTES = 2_000_000;
export const SMALL_SIDE = 2160;

export function canvasOf({ width, height }: Size): Canvas {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement('canvas'), { width, height });
}

/** `read` tells that its pixels are read often. What is asked for first holds for the canvas. */
export function contextOf(canvas: Canvas, read = false): Context {
  const context = canvas.getContext('2d', { willReadFrequently: read }) as Context | null;
  if (!context) throw new Error('there is no canvas');
  context.imageSmoothingQuality = 'high';
  return context;
}

/** Decodes a file, upright. Throws when the browser cannot. */
export function decode(file: Blob): Promise<ImageBitmap> {
  return createImageBitmap(file, { imageOrientation: 'from-image' });
}

/** Opens a file for the screen. */
export async function open(file: Blob): Promise<Opened> {
  const whole = await decode(file);
  const { width, height } = whole;
  const scale = Math.min(1, PREVIEW / Math.max(width, height));
  if (scale === 1) return { bitmap: whole, width, height };
  const canvas = canvasOf({ width: Math.round(width * scale), height: Math.round(height * scale) });
  contextOf(canvas).drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return { bitmap: await createImageBitmap(canvas), width, height };
}

/** Draws what a cut shows of a source of `size`, which may be held in fewer pixels, over all of the canvas. */
export function draw(canvas: Canvas, source: CanvasImageSource, size: Size, cut: Cut): void {
  const context = contextOf(canvas);
  const region = regionOf(size, cut);
  const whole = turned(size, cut.turns);
  const scale = canvas.width / region.width;
  context.save();
  // A picture with holes is on white, as JPEG knows no holes.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.scale(scale, scale);
  context.rotate((cut.straighten * Math.PI) / 180);
  context.translate(whole.width / 2 - region.x, whole.height / 2 - region.y);
  context.rotate((cut.turns * Math.PI) / 2);
  context.drawImage(source, -size.width / 2, -size.height / 2, size.width, size.height);
  context.restore();
}

/** Gives the pixels of a canvas the colours of a look. */
export function colour(canvas: Canvas, look: Look): void {
  if (!look.filter || look.strength <= 0) return;
  const context = contextOf(canvas);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  grade(image.data, look);
  context.putImageData(image, 0, 0);
}

/** Darkens the corners of a canvas as a look does. */
export function darken(canvas: Canvas, look: Look): void {
  const corners = cornersOf(look);
  if (corners <= 0) return;
  const context = contextOf(canvas);
  const { width, height } = canvas;
  const radius = Math.hypot(width, height) / 2;
  const light = context.createRadialGradient(width / 2, height / 2, radius * 0.45, width / 2, height / 2, radius);
  const grey = Math.round(255 * (1 - corners));
  light.addColorStop(0, '#fff');
  light.addColorStop(1, `rgb(${grey} ${grey} ${grey})`);
  context.save();
  context.globalCompositeOperation = 'multiply';
  context.fillStyle = light;
  context.fillRect(0, 0, width, height);
  context.restore();
}

/**
 * Returns the file to upload. A small one that nobody edited keeps its pixels and loses only what it tells besides
 * them; with `keep` it goes as it is. What the browser cannot decode keeps its pixels as well, and loses what it tells
 * besides them where that can be blanked.
 */
export async function render(file: Blob, edit: Edit, keep: boolean): Promise<Blob> {
  const edited = edit.look.filter !== null && edit.look.strength > 0;
  let whole: ImageBitmap;
  try {
    whole = await decode(file);
  } catch {
    return (keep ? undefined : await anonymous(file)) ?? file;
  }
  try {
    if (!edited && !cuts(whole, edit.cut)) {
      if (keep) return file;
      const same = await untouched(file, whole);
      if (same) return same;
    }
    const canvas = canvasOf(outputOf(regionOf(whole, edit.cut)));
    draw(canvas, whole, whole, edit.cut);
    colour(canvas, edit.look);
    darken(canvas, edit.look);
    return await jpegOf(canvas);
  } finally {
    whole.close();
  }
}

/**
 * Returns a file that the browser cannot decode without what it tells besides its picture. Returns nothing where that
 * is not known to be all of it.
 */
export async function anonymous(file: Blob): Promise<Blob | undefined> {
  const bytes = blanked(new Uint8Array(await file.arrayBuffer()));
  return bytes && new Blob([bytes], { type: file.type });
}

/** Returns a small file with the pixels it has, unless it has to be turned or hides what we cannot take out. */
async function untouched(file: Blob, { width, height }: Size): Promise<Blob | undefined> {
  if (file.size > SMALL_BYTES || Math.max(width, height) > SMALL_SIDE) return undefined;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const metadata = metadataOf(bytes);
  if (!metadata.any) return file;
  return isJpeg(bytes) && metadata.orientation === 1 ? withoutMetadata(bytes) : undefined;
}

/** Returns what is on a canvas as a file. */
export async function jpegOf(canvas: Canvas): Promise<Blob> {
  const options = { type: 'image/jpeg', quality: JPEG_QUALITY };
  if ('convertToBlob' in canvas) return canvas.convertToBlob(options);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('there is no JPEG'))),
      options.type,
      options.quality,
    );
  });
}
