import type { Photo } from '$lib/data/entities.svelte';
import { knownList } from '$lib/data/list.svelte';

/** The key under which the list of all saved photos is kept, or that of a collection. */
export const savedKey = (collection = '') => `saved/${collection}`;

/** The order of saved photos. */
export function newestFirst(one: Photo, other: Photo): number {
  return Date.parse(other.card.created_at) - Date.parse(one.card.created_at);
}

/** Shows a photo in a list of saved ones that has been read. */
export function listSaved(photo: Photo, collection?: string): void {
  const list = knownList<Photo>(savedKey(collection));
  if (list?.begun) list.insert(photo, newestFirst);
}
