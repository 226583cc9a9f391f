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

/** Keeps what the API says of a session: who it is, and for how long the access cookie is valid (s). */
export function keep({ user_id, username, expires_in }: Me & { expires_in: number }): Stored {
  const stored = { user_id, username, until: Date.now() + expires_in * 1000 };
  localStorage.setItem(KEY, JSON.stringify(stored));
  return stored;
}

/** Runs `work` while no other tab does. Where there are no locks (plain http), the API's grace has to do. */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(KEY, work) : await work();
}

/** Whether the access cookie can still be used. */
export function isFresh(stored: Stored): boolean {
  return stored.until >= Date.now() + MARGIN;
}
