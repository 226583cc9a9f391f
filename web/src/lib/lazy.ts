import { Unfetched } from '$lib/preload';

// What is fetched ahead, as a link's screen when it is pointed at, is asked for again when it is wanted. Who waits for
// a part is told where it is missing.
addEventListener('unhandledrejection', (event) => {
  if (event.reason instanceof Unfetched) event.preventDefault();
});

/** Fetches a part of the client that nobody waits for. What fails is tried again when there is a connection. */
export async function fetched<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => addEventListener('online', resolve, { once: true }));
    }
  }
}
