import type { Photo } from '$lib/data/entities.svelte';
import { listSaved } from '$lib/data/saved-list';
import { m } from '$lib/paraglide/messages.js';
import { toasts } from '$lib/ui/toasts.svelte';
import { collecting } from './collecting.svelte';

/** Saves a photo, which offers collections, or saves it no longer. */
export function toggleSaved(photo: Photo): void {
  const on = !photo.save.wanted;
  void photo.save.set(on);
  if (!on) return;
  listSaved(photo);
  toasts.say(m.photo_saved(), { label: m.saved_choose(), run: () => (collecting.photo = photo) });
}
