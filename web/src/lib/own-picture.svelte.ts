import { session } from '$lib/session.svelte';

const KEY = 'picture';

/** Where somebody's picture is. The address is made of the id alone; there is nothing at it if they have none. */
export function pictureOf(userId: string, size: 'small' | 'medium' | 'large' = 'small'): string {
  return `/photos/profile/${size}/${userId}.jpg`;
}

/** One's own picture, at an address that changes with it: the plain one is cached for minutes. */
class OwnPicture {
  #version = $state(localStorage.getItem(KEY) ?? '');

  src(size: 'small' | 'medium' | 'large' = 'small'): string | undefined {
    if (!session.me) return undefined;
    return pictureOf(session.me.user_id, size) + (this.#version && `?v=${this.#version}`);
  }

  /** Says that it has changed. */
  changed(): void {
    this.#version = Date.now().toString(36);
    localStorage.setItem(KEY, this.#version);
  }
}

export const ownPicture = new OwnPicture();
