import { Problem } from '$lib/api/problem';

/** What the server says over the socket. It is a hint: what is true is read from the API. */
export interface Hint {
  /** How many rows of the inbox are unread. */
  inbox?: { unread: number };
  /** The newest photo of the feed. */
  feed?: { newest: string };
  /** How many like a photo that is watched. */
  photo?: { id: string; likes: number };
  /** The photo that is watched from now on. */
  watching?: { photo: string };
  /** Why something is not done. */
  error?: { code: string };
}

export type Socket = Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onclose' | 'onmessage' | 'addEventListener'>;

export interface LivePorts {
  /** Has the session renewed, if it has to be. Throws `Problem`. */
  ready: () => Promise<void>;
  connect: () => Socket;
  hear: (hint: Hint) => void;
  /** Called when the socket is open: what was said before it was, nobody has heard. */
  opened: () => void;
  /** Called when an attempt has failed, or what was open is lost. */
  failed: () => void;
  random: () => number;
  now: () => number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** How long it is waited for a socket to open, and for the answer to a ping (ms). */
const PATIENCE = 10 * SECOND;
/** How often the server hears of us: it closes what is silent for 10 minutes (ms). */
const PING = 5 * MINUTE;
/** When a socket is replaced, at the least and by how much later at the most: the server ends it after 2 hours (ms). */
const LIFE = 105 * MINUTE;
const SPREAD = 10 * MINUTE;
/** How long a socket has to be open to count as steady (ms). */
const STEADY = MINUTE;
/** The longest that is waited before the first attempt to connect again, and before any (ms). */
const FIRST = SECOND;
const MOST = MINUTE;

/**
 * A socket to the server that is opened again whenever it is lost, as long as it is wanted. How long it is waited
 * before that is left to chance, between nothing and a bound that doubles: many that lose theirs at once come back one
 * after the other.
 */
export class Live {
  #socket: Socket | undefined;
  /** Goes up when what is under way no longer counts. */
  #turn = 0;
  #failures = 0;
  #openedAt: number | undefined;
  #pinging: ReturnType<typeof setTimeout> | undefined;
  /** The photo that is watched. */
  #watched: string | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(private readonly ports: LivePorts) {}

  /** Whether the server can say something. */
  get open(): boolean {
    return this.#openedAt !== undefined;
  }

  /** Connects, and stays connected. What waits to try again tries at once; what is open is asked whether it still is. */
  start(): void {
    if (this.#socket) {
      if (this.open) this.#ping(this.#socket);
      return;
    }
    this.#failures = 0;
    void this.#connect();
  }

  stop(): void {
    this.#drop();
  }

  /** Watches a photo in place of the one before: the server says how many like it. Each new socket watches it as well. */
  watch(id: string | undefined): void {
    const before = this.#watched;
    if (id === before) return;
    this.#watched = id;
    if (!this.open) return;
    this.#askToWatch();
    if (!id) this.#say({ unwatch: { photo: before } });
  }

  async #connect(): Promise<void> {
    this.#drop();
    const turn = this.#turn;
    try {
      await this.ports.ready();
    } catch (error) {
      Problem.from(error);
      if (turn === this.#turn) this.#retry();
      return;
    }
    if (turn !== this.#turn) return;
    const socket = this.ports.connect();
    this.#socket = socket;
    const patience = this.#after(PATIENCE, () => this.#retry());
    socket.onopen = () => {
      if (turn !== this.#turn) return;
      this.#cancel(patience);
      this.#openedAt = this.ports.now();
      this.#pinging = this.#after(PING, () => this.#ping(socket));
      this.#after(LIFE + this.ports.random() * SPREAD, () => void this.#connect());
      this.#askToWatch();
      this.ports.opened();
    };
    socket.onmessage = ({ data }) => {
      if (turn === this.#turn) this.#hear(String(data));
    };
    socket.onclose = () => {
      if (turn === this.#turn) this.#retry();
    };
  }

  /** A server that does not answer is gone, whatever the browser knows of it. */
  #ping(socket: Socket): void {
    this.#cancel(this.#pinging);
    const patience = this.#after(PATIENCE, () => this.#retry());
    socket.addEventListener('message', () => this.#cancel(patience), { once: true });
    this.#say({ ping: 1 });
    this.#pinging = this.#after(PING, () => this.#ping(socket));
  }

  /** Asks until it is answered: the server says nothing where it cannot note it for now. */
  #askToWatch(): void {
    this.#cancel(this.#asking);
    if (!this.#watched) return;
    this.#say({ watch: { photo: this.#watched } });
    this.#asking = this.#after(PATIENCE, () => this.#askToWatch());
  }

  #say(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(text: string): void {
    let hint: Hint;
    try {
      hint = JSON.parse(text) as Hint;
    } catch {
      // A server of another day. What it means is read by polling.
      return;
    }
    if (hint.error || hint.watching?.photo === this.#watched) this.#cancel(this.#asking);
    this.ports.hear(hint);
  }

  #retry(): void {
    const steady = this.#openedAt !== undefined && this.ports.now() - this.#openedAt >= STEADY;
    if (steady) this.#failures = 0;
    this.#drop();
    const most = Math.min(MOST, FIRST * 2 ** this.#failures);
    this.#failures += 1;
    this.#after(this.ports.random() * most, () => void this.#connect());
    this.ports.failed();
  }

  #drop(): void {
    this.#turn += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#openedAt = undefined;
    this.#socket?.close();
    this.#socket = undefined;
  }

  #after(ms: number, run: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #cancel(timer: ReturnType<typeof setTimeout> | undefined): void {
    clearTimeout(timer);
    if (timer) this.#timers.delete(timer);
  }
}
