import { attempt, postAuth, SESSION_HEADER } from '$lib/api/http';
import { Problem } from '$lib/api/problem';
import type { components } from '$lib/api/schema';
import { exclusively, isFresh, KEY, keep, type Me, read, type Stored } from '$lib/stored-session';

type Answer = components['schemas']['Session'];

/** The session of this device, the same in all its tabs. */
class Session {
  #stored = read();
  /** The same object for as long as it is the same person: a renewal is nothing that a screen has to hear of. */
  #me = $state.raw<Me | null>(this.#stored);
  #onEnd: (() => unknown)[] = [];

  constructor() {
    // Another tab signed in, renewed or signed out.
    addEventListener('storage', (event) => {
      if (event.key === KEY || event.key === null) this.#take(read());
    });
  }

  get me(): Me | null {
    return this.#me;
  }

  /** When the access cookie ends (ms), if there is a session. */
  get until(): number | undefined {
    return this.#stored?.until;
  }

  /** Calls `clear` when the session has ended, so that nothing of it stays. */
  onEnd(clear: () => unknown): void {
    this.#onEnd.push(clear);
  }

  async signIn(login: string, password: string): Promise<void> {
    this.#keep(await postAuth<Answer>('login', { login, password }));
  }

  /** Opens an account. `key` makes a repeated call answer as the first did. */
  async register(account: components['schemas']['RegisterRequest'], key: string): Promise<void> {
    this.#keep(await postAuth<Answer>('register', account, { 'Idempotency-Key': key }));
  }

  /** Ends the session. Offline it throws, since the session would go on. */
  async signOut(): Promise<void> {
    const request = new Request('/api/v1/auth/session', { method: 'DELETE', headers: SESSION_HEADER });
    const response = await attempt(request);
    if (!response.ok && response.status !== 401) throw Problem.of(response, undefined);
    this.end();
  }

  /** Forgets the session on this device. */
  end(): void {
    localStorage.removeItem(KEY);
    this.#take(null);
  }

  /** Renews the session if its access cookie has ended or ends soon. */
  async fresh(): Promise<void> {
    if (this.#stored && !isFresh(this.#stored)) await this.renew();
  }

  /**
   * Renews the session, once for all tabs. Returns whether it goes on; a session that does not is ended. `seen` is
   * when it ended for whoever asks: if it has been renewed since, nothing is to be done.
   */
  async renew(seen = this.until): Promise<boolean> {
    if (seen === undefined) return false;
    return exclusively(async () => {
      const stored = read();
      if (!stored) return false;
      if (stored.until !== seen && isFresh(stored)) {
        // It was renewed meanwhile, here or in another tab.
        this.#take(stored);
        return true;
      }
      try {
        this.#keep(await postAuth<Answer>('refresh'));
        return true;
      } catch (error) {
        if (Problem.from(error).status !== 401) throw error;
        this.end();
        return false;
      }
    });
  }

  #keep(answer: Answer): void {
    this.#take(keep(answer));
  }

  #take(stored: Stored | null): void {
    const other = this.#me?.user_id !== stored?.user_id;
    const ended = this.#me && other;
    this.#stored = stored;
    if (other) this.#me = stored;
    if (ended) for (const clear of this.#onEnd) clear();
  }
}

export const session = new Session();
