import { pushState } from '$app/navigation';

/** Shows a photo over the screen that one is on, under its own address. Back closes it. */
export function openOver(photoId: string, list: string): void {
  pushState(`/p/${photoId}`, { photo: photoId, list });
}

/** Opens a link's photo over the screen, unless the person wants it in a tab of its own. */
export function opensOver(event: MouseEvent, photoId: string, list: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  openOver(photoId, list);
}
