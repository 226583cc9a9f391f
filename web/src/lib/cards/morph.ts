import { isCalm } from '$lib/ui/motion';

/** What the picture of a photo is called in a transition. Its tile has the name while the photo is not shown. */
const NAME = 'photo';

/** How long the screen stands still for a picture that is not there yet (ms). Then it comes on its way. */
const PATIENCE = 100;

let running = false;

/** Returns the picture of a photo in a grid below, if it can be seen. */
export function tileOf(photoId: string): HTMLElement | undefined {
  const tile = document.querySelector<HTMLElement>(`main a[href="/p/${photoId}"] .picture`);
  const box = tile?.getBoundingClientRect();
  return tile && box && box.bottom > 0 && box.top < innerHeight ? tile : undefined;
}

/**
 * Opens or closes a photo so that its picture moves from its tile to where it is shown, or back. Without a tile, or
 * where the browser cannot do that or no motion is wanted, it is there at once; so it is for whoever does not wait for
 * the movement before.
 */
export async function morph(
  tile: HTMLElement | undefined,
  opening: boolean,
  change: () => Promise<void>,
): Promise<void> {
  if (!tile || running || !document.startViewTransition || isCalm()) return change();
  running = true;
  const name = (on: boolean) => {
    tile.style.viewTransitionName = on ? NAME : '';
  };
  name(opening);
  const { ready, finished } = document.startViewTransition(async () => {
    name(!opening);
    await change();
    if (opening) await Promise.race([pictureShown(), new Promise((over) => setTimeout(over, PATIENCE))]);
  });
  // A transition that is overtaken by another, or that nobody sees, is none. The photo is shown or not all the same.
  await Promise.allSettled([ready, finished]);
  name(false);
  running = false;
}

function pictureShown(): Promise<void> | undefined {
  return document
    .querySelector<HTMLImageElement>('dialog[open] .picture img')
    ?.decode()
    .catch(() => {});
}
