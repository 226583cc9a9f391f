import { type Hint, Live, type Socket } from '$lib/live';

export interface NewsPorts {
  /** Asks the API what is new. */
  ask: () => void;
  hear: (hint: Hint) => void;
  ready: () => Promise<void>;
  connect: () => Socket;
  random?: () => number;
}

/** How often it is asked what is new without a socket, and how often beside one (ms). */
const OFTEN = 60_000;
const SELDOM = 10 * OFTEN;

/** How long the socket of a page that is not seen stays open (ms): many come back at once. */
const GRACE = 30_000;

export interface News {
  /** Hears how many like a photo as well, in place of the one before. */
  watch: (id: string | undefined) => void;
  end: () => void;
}

/**
 * Learns what is new as long as the page is seen: by the socket, and by asking where there is none. What the socket
 * missed is asked for when it opens.
 */
export function followNews({ ask, hear, ready, connect, random = Math.random }: NewsPorts): News {
  let asked = Number.NEGATIVE_INFINITY;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  const seen = () => document.visibilityState === 'visible';

  function askNow() {
    asked = Date.now();
    ask();
  }

  /** Asks, unless it was asked lately. A timer that comes a little early counts as well. */
  function poll(gap = live.open ? SELDOM : OFTEN) {
    if (seen() && Date.now() - asked >= gap - OFTEN / 2) askNow();
  }

  const live = new Live({
    ready,
    connect,
    hear,
    opened: askNow,
    failed: () => poll(OFTEN),
    random,
    now: () => Date.now(),
  });

  function look() {
    clearTimeout(leaving);
    if (seen()) live.start();
    else leaving = setTimeout(() => live.stop(), GRACE);
  }

  const online = () => seen() && live.start();
  const timer = setInterval(() => poll(), OFTEN);
  document.addEventListener('visibilitychange', look);
  addEventListener('online', online);
  look();
  function end() {
    clearInterval(timer);
    clearTimeout(leaving);
    document.removeEventListener('visibilitychange', look);
    removeEventListener('online', online);
    live.stop();
  }
  return { watch: (id) => live.watch(id), end };
}

/** The socket of this origin. The session is in the cookie, as of every other call. */
export function connectLive(): WebSocket {
  const address = new URL('/live', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  return new WebSocket(address, 'lambdagram.v1');
}
