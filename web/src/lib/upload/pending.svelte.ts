import type { Photo } from '$lib/data/entities.svelte';
import { session } from '$lib/session.svelte';

const KEY = 'uploads';

/** Whether photos are on their way: only then the code of uploads is fetched. */
class Pending {
  some = $state(localStorage.getItem(KEY) !== null);
  /** Whether a screen shows the chip of uploads itself. */
  beside = $state(false);

  set(some: boolean): void {
    this.some = some;
    if (some) localStorage.setItem(KEY, '1');
    else localStorage.removeItem(KEY);
  }
}

export const pending = new Pending();

/** Calls what was given to `onShared`. */
export let shared: (photo: Photo) => unknown = () => {};

/** Says what happens with a photo of one's own that has just become ready. */
export function onShared(run: (photo: Photo) => unknown): void {
  shared = run;
}

session.onEnd(() => pending.set(false));
