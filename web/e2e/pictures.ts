import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { picture } from './world';

/** How a camera says that a picture has to be turned by a quarter. */
export const QUARTER_RIGHT = 6;
export const QUARTER_LEFT = 8;
export const UPRIGHT = 1;

/** Returns a picture of the demo world as a camera writes it: with its orientation, and with where it was taken. */
export function fromCamera(name: string, orientation: number): Buffer<ArrayBuffer> {
  const file = readFileSync(picture(name));
  return Buffer.concat([file.subarray(0, 2), segment(orientation), file.subarray(2)]);
}

/** Degrees, minutes and seconds, each as a fraction. */
const PLACE = Buffer.alloc(24);
for (const [index, number] of [46, 1, 3, 1, 5, 1].entries()) PLACE.writeUInt32LE(number, index * 4);

/** Whether a file tells where it was taken, or anything else that a camera writes. */
export function tells(file: Buffer): boolean {
  return file.includes('Exif\0\0') || file.includes(PLACE);
}

/** A segment APP1 with an orientation and a place (Exif 2.3, 4.6). */
function segment(orientation: number): Buffer {
  const SHORT = 3;
  const LONG = 4;
  const ASCII = 2;
  const RATIONAL = 5;
  const [gps, latitude, longitude] = [38, 92, 116];
  const tiff = Buffer.alloc(140);
  tiff.write('II*\0');
  tiff.writeUInt32LE(8, 4);
  let at = 8;
  const count = (entries: number) => {
    at = tiff.writeUInt16LE(entries, at);
  };
  const entry = (tag: number, type: number, values: number, value: number) => {
    at = tiff.writeUInt16LE(tag, at);
    at = tiff.writeUInt16LE(type, at);
    at = tiff.writeUInt32LE(values, at);
    at = tiff.writeUInt32LE(value, at);
  };
  count(2);
  entry(0x0112, SHORT, 1, orientation);
  entry(0x8825, LONG, 1, gps);
  at = gps;
  count(4);
  entry(1, ASCII, 2, 'N'.charCodeAt(0));
  entry(2, RATIONAL, 3, latitude);
  entry(3, ASCII, 2, 'E'.charCodeAt(0));
  entry(4, RATIONAL, 3, longitude);
  for (const start of [latitude, longitude]) PLACE.copy(tiff, start);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  const body = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** Notes the files that the page uploads, in the order in which they begin. */
export async function noteSent(page: Page): Promise<Buffer[]> {
  const files: Buffer[] = [];
  await page.exposeFunction('noteSent', (index: number, data: string) => {
    files[index] = Buffer.from(data, 'base64');
  });
  await page.addInitScript(() => {
    const note = (window as unknown as { noteSent: (index: number, data: string) => Promise<void> }).noteSent;
    const send = XMLHttpRequest.prototype.send;
    let count = 0;
    XMLHttpRequest.prototype.send = function (body) {
      const file = body instanceof FormData ? body.get('file') : null;
      if (!(file instanceof File)) return send.call(this, body);
      const index = count++;
      const reader = new FileReader();
      reader.onload = async () => {
        await note(index, String(reader.result).split(',')[1] ?? '');
        send.call(this, body);
      };
      reader.readAsDataURL(file);
    };
  });
  return files;
}

/** Fetches a file of the site, as the page does. */
export async function fetched(page: Page, address: string): Promise<Buffer> {
  const answer = await page.request.get(address);
  return answer.body();
}

/**
 * Returns how different two pictures look, from 0 to 255, whatever their sizes are. The browser turns them as they say.
 */
export function difference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  return page.evaluate(
    async (files) => {
      const SIDE = 24;
      const [first = [], second = []] = await Promise.all(
        files.map(async (data) => {
          const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
          const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image' });
          const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d');
          if (!context) throw new Error('there is no canvas');
          context.imageSmoothingQuality = 'high';
          context.drawImage(bitmap, 0, 0, SIDE, SIDE);
          return [...context.getImageData(0, 0, SIDE, SIDE).data];
        }),
      );
      return first.reduce((sum, value, index) => sum + Math.abs(value - (second[index] ?? 0)), 0) / first.length;
    },
    [one.toString('base64'), other.toString('base64')],
  );
}
