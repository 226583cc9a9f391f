import type { Schemas } from '$lib/api/client';

type Medium = Schemas['MediumView'];

/** The width of a picture in the feed, in CSS. The boot script preloads what the card then shows. */
export const FEED_WIDTH = 'min(100vw, 470px)';

const SIDES = { small: 150, medium: 640, large: 1080 } as const;

/** The flattest and the tallest frame: what is beyond is shown whole, on its average colour. */
const FLATTEST = 1.91;
const TALLEST = 4 / 5;

/** Returns width by height. A picture that is not rendered yet counts as a square. */
export function ratioOf(medium: Pick<Medium, 'width' | 'height'> | undefined): number {
  return medium?.width && medium.height ? medium.width / medium.height : 1;
}

/** Returns the ratio of the frame of a picture in a feed. */
export function frameRatio(medium: Pick<Medium, 'width' | 'height'> | undefined): number {
  return Math.min(FLATTEST, Math.max(TALLEST, ratioOf(medium)));
}

/** Returns the `srcset`: each size with its width, for a longest side of 150, 640 and 1080 pixels at most. */
export function sourceSet(medium: Medium): string {
  const { width, height, urls } = medium;
  const longest = Math.max(width ?? 0, height ?? 0) || 1;
  const share = (width ?? longest) / longest;
  return Object.entries(SIDES)
    .map(
      ([size, side]) =>
        `${urls[size as keyof typeof SIDES]} ${Math.max(1, Math.round(Math.min(side, longest) * share))}w`,
    )
    .join(', ');
}

/**
 * Returns `sizes` for a picture of `css` width. Beyond two device pixels for each of CSS nobody sees a difference,
 * so that phones with three take the smaller file. With little data, half of it has to do.
 */
export function sizesFor(css: string): string {
  const connection = (navigator as { connection?: { saveData?: boolean; effectiveType?: string } }).connection;
  const saver = localStorage.getItem('saver') === 'on';
  const poor = saver || connection?.saveData || /2g|3g/.test(connection?.effectiveType ?? '');
  const share = Math.min(1, (poor ? 1 : 2) / devicePixelRatio);
  return `calc(${css} * ${share.toFixed(2)})`;
}
