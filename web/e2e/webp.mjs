// What the scripts that take pictures share.
import { chromium } from '@playwright/test';

/** Starts the browser that takes them. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** Chromium writes PNG only. A page of its own (`press`) makes WebP of it, as fine as the most bytes allow. */
export async function toWebp(press, png, scale, most) {
  const made = await press.evaluate(
    async ({ data, scale, most }) => {
      const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = document.createElement('canvas');
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      const context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      for (let quality = 0.7; quality > 0.3; quality -= 0.05) {
        const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/webp', quality));
        if (blob.size > most) continue;
        const bytes = new Uint8Array(await blob.arrayBuffer());
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
      }
      return undefined;
    },
    { data: png.toString('base64'), scale, most },
  );
  if (!made) throw new Error(`a picture weighs more than ${most} bytes`);
  return Buffer.from(made, 'base64');
}
