import { workerAddress } from '$lib/trusted';

/**
 * Registers the service worker once the first screen has had its time. Calls `ready` when a newer version waits for
 * the next load.
 */
export function registerWorker(ready: () => unknown): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  addEventListener('load', () => void register(ready), { once: true });
  if (document.readyState === 'complete') void register(ready);
}

async function register(ready: () => unknown): Promise<void> {
  const registration = await navigator.serviceWorker
    .register(workerAddress('/service-worker.js'))
    .catch(() => undefined);
  registration?.addEventListener('updatefound', () => {
    const next = registration.installing;
    next?.addEventListener('statechange', () => {
      // Without a controller it is the first one, and nothing is new.
      if (next.state === 'installed' && navigator.serviceWorker.controller) ready();
    });
  });
}
