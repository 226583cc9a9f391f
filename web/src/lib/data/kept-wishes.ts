import { session } from '$lib/session.svelte';

/** Wishes that wait for a connection, by their keys, with whose they are. */
interface Kept {
  user_id: string;
  wishes: Record<string, boolean>;
}

export const KEY = 'wishes';

/** Returns the wishes of whoever is signed in that wait, by their keys. */
export function readWishes(): Record<string, boolean> {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null;
    return kept && kept.user_id === session.me?.user_id ? kept.wishes : {};
  } catch {
    return {};
  }
}

/** Keeps a wish until it is dropped. Where nothing can be kept, it lasts until the page is left. */
export function keepWish(key: string, on: boolean): void {
  write({ ...readWishes(), [key]: on });
}

/** Drops a wish that waits no longer. */
export function dropWish(key: string): void {
  const { [key]: dropped, ...others } = readWishes();
  if (dropped !== undefined) write(others);
}

function write(wishes: Kept['wishes']): void {
  if (!session.me) return;
  try {
    if (Object.keys(wishes).length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify({ user_id: session.me.user_id, wishes } satisfies Kept));
  } catch {
    // It is full.
  }
}
