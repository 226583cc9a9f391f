import type { Photo } from '$lib/data/entities.svelte';

/** The photo for which a collection is being chosen, if there is one. */
class Collecting {
  photo: Photo | undefined = $state.raw();
}

export const collecting = new Collecting();
