import { fetched } from '$lib/lazy';
import { whenIdle } from './idle';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~';

/** Returns the average colour of a blurhash as CSS: its characters 3 to 6, in base 83. */
export function averageColour(hash: string | null | undefined): string | undefined {
  if (!hash || hash.length < 6) return undefined;
  let value = 0;
  for (const digit of hash.slice(2, 6)) value = value * 83 + DIGITS.indexOf(digit);
  return `rgb(${(value >> 16) & 255} ${(value >> 8) & 255} ${value & 255})`;
}

const SIDE = 24;
const decoded = new Map<string, ImageData>();
const waiting: (() => Promise<void>)[] = [];
let idle = false;

/** Draws the placeholder when the browser has time, one at a time. Decoding is never in a picture's way. */
export function drawBlur(canvas: HTMLCanvasElement, hash: string, wanted: () => boolean): void {
  waiting.push(async () => {
    if (!wanted()) return;
    let image = decoded.get(hash);
    if (!image) {
      const { decodeBlurHash } = await fetched(() => import('fast-blurhash'));
      image = new ImageData(new Uint8ClampedArray(decodeBlurHash(hash, SIDE, SIDE)), SIDE, SIDE);
      decoded.set(hash, image);
    }
    canvas.width = SIDE;
    canvas.height = SIDE;
    canvas.getContext('2d')?.putImageData(image, 0, 0);
  });
  if (!idle) next();
}

function next(): void {
  const draw = waiting.shift();
  idle = draw !== undefined;
  if (!draw) return;
  whenIdle(() => void draw().finally(next));
}
