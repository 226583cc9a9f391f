import { session } from '$lib/session.svelte';

/** A comment that has not arrived yet, as it is kept on this device. */
export interface KeptSending {
  id: string;
  photoId: string;
  text: string;
  replyTo?: string;
  /** Whether it was refused. Then it is for its writer to send it again. */
  failed?: boolean;
}

interface Kept {
  user_id: string;
  sendings: KeptSending[];
}

/** Where they are kept. The layout looks there, so that what waited is sent without anybody opening the comments. */
const KEY = 'comments';

/** Returns what whoever is signed in has written here and has not arrived, oldest first. */
export function keptSendings(): KeptSending[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null;
    return kept && kept.user_id === session.me?.user_id ? kept.sendings : [];
  } catch {
    return [];
  }
}

/** Keeps a comment until it has arrived or is given up. */
export function keepSending(sending: KeptSending): void {
  write([...keptSendings().filter(({ id }) => id !== sending.id), sending]);
}

export function dropSending(gone: string): void {
  write(keptSendings().filter(({ id }) => id !== gone));
}

/** Keeping is a help and no duty: a browser may have no room. */
function write(sendings: KeptSending[]): void {
  if (!session.me) return;
  try {
    if (sendings.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify({ user_id: session.me.user_id, sendings } satisfies Kept));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
