import { isBlocked } from '$lib/data/away.svelte';
import { knownPersonById, type Person } from '$lib/data/entities.svelte';
import { session } from '$lib/session.svelte';

/** How many are kept. Who was opened longest ago goes first. */
const MOST = 20;

const KEY = 'searched';

type Card = Person['card'];

/** Somebody whom one opened from search. */
export interface Recent {
  id: string;
  card: Card;
}

interface Kept {
  user_id: string;
  people: Card[];
}

/** Whom one opened from search, newest first. They are kept on this device alone, until the session ends. */
class Recents {
  #cards: Card[] = $state.raw(read());

  /** Those who are to be seen, by the names that are known of them now. */
  get people(): Recent[] {
    return this.#cards
      .filter(({ user_id }) => !isBlocked(user_id))
      .map((card) => ({ id: card.user_id, card: knownPersonById(card.user_id)?.card ?? card }));
  }

  add({ user_id, username, full_name, profile_pic, private: closed }: Card): void {
    const others = read().filter((card) => card.user_id !== user_id);
    this.#keep([{ user_id, username, full_name, profile_pic, private: closed }, ...others].slice(0, MOST));
  }

  remove(userId: string): void {
    this.#keep(read().filter((card) => card.user_id !== userId));
  }

  clear(): void {
    this.#keep([]);
  }

  /** Reads what is kept: another tab may have changed it. */
  refresh(): void {
    this.#cards = read();
  }

  #keep(people: Card[]): void {
    write(people);
    this.#cards = people;
  }
}

function read(): Card[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null;
    return kept && kept.user_id === session.me?.user_id ? kept.people : [];
  } catch {
    return [];
  }
}

/** Keeping is a help and no duty: a browser may have no room. */
function write(people: Card[]): void {
  if (!session.me) return;
  try {
    if (people.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify({ user_id: session.me.user_id, people } satisfies Kept));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

export const recents = new Recents();

// What is kept goes with all that the device keeps.
session.onEnd(() => recents.refresh());
