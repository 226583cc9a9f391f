import { pushState } from '$app/navigation';
import { page } from '$app/state';

/** How wide a window is in which the comments of a photo stand beside it. Styles say the same. */
export const BESIDE = 'min-width: 900px';

/** Shows a photo over the screen that one is on, under its own address. Back closes it. */
export function openOver(photoId: string, list: string): void {
  pushState(`/p/${photoId}`, { photo: photoId, list });
}

/** Whether a click on a link is for this tab, and not for another tab or window. */
export function isHere({ ctrlKey, metaKey, shiftKey, button }: MouseEvent): boolean {
  return !ctrlKey && !metaKey && !shiftKey && button === 0;
}

/** Opens a link's photo over the screen, unless the person wants it in a tab of its own. */
export function opensOver(event: MouseEvent, photoId: string, list: string): void {
  if (!isHere(event)) return;
  event.preventDefault();
  openOver(photoId, list);
}

/**
 * Shows the comments of a photo: in a sheet over what one is looking at, or beside the photo where there is room. Then
 * the photo is opened from its list. Back closes it.
 */
export function openComments(photoId: string, list?: string, writing = false): void {
  if (list && matchMedia(`(${BESIDE})`).matches) pushState(`/p/${photoId}`, { photo: photoId, list, writing });
  else pushState('', { ...page.state, comments: photoId, writing });
}
