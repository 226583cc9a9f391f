/** Who is signed in on this device. The tokens are in cookies that no script can read. */
export interface Me {
  user_id: string;
  username: string;
}

/** What this device keeps of a session. */
export interface Stored extends Me {
  /** When the access cookie ends (ms). */
  until: number;
}

export const KEY = 'session';

/** A cookie that ends within this time is renewed first (ms). */
const MARGIN = 5_000;

/** Returns what is kept, if there is a session. */
export function read(): Stored | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Stored | null;
  } catch {
    return null;
  }
}

/** Whether the access cookie can still be used. */
export function isFresh(stored: Stored): boolean {
  return stored.until >= Date.now() + MARGIN;
}
