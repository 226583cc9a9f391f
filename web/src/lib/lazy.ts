/** Failures to fetch a part of the client, which have been told where the part is missing. */
const told = new WeakSet<object>();

// A style sheet that failed stays in the document, and would count as loaded the next time.
addEventListener('vite:preloadError', ({ payload }) => {
  told.add(payload);
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')) {
    if (payload.message.includes(link.href)) link.remove();
  }
});

// What is fetched ahead, as a link's screen when it is pointed at, is asked for again when it is wanted.
addEventListener('unhandledrejection', (event) => {
  if (event.reason instanceof Error && told.has(event.reason)) event.preventDefault();
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
