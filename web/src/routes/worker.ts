import { workerAddress } from '$lib/trusted';

/** Takes the newer version, and loads the page again with it. */
type Take = () => void;

/** Registers the service worker once the first screen has had its time. Calls `ready` when a newer version waits. */
export function registerWorker(ready: (take: Take) => unknown): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  addEventListener('load', () => void register(ready), { once: true });
  if (document.readyState === 'complete') void register(ready);
}

async function register(ready: (take: Take) => unknown): Promise<void> {
  const registration = await navigator.serviceWorker
    .register(workerAddress('/service-worker.js'))
    .catch(() => undefined);
  if (!registration) return;
  // One that was found before this page was there waits already, or is on its way.
  follow(registration.waiting ?? registration.installing, ready);
  registration.addEventListener('updatefound', () => follow(registration.installing, ready));
  // The browser looks for a newer one when it likes. A page that is loaded wants to know.
  await registration.update().catch(() => {});
}

function follow(next: ServiceWorker | null, ready: (take: Take) => unknown): void {
  const look = () => {
    // Without a controller it is the first one, and nothing is new.
    if (next?.state === 'installed' && navigator.serviceWorker.controller) ready(() => take(next));
  };
  next?.addEventListener('statechange', look);
  look();
}

/** A worker that waits does so until every page of the old one is closed: loading one again is not enough. */
function take(next: ServiceWorker): void {
  // It may have taken over meanwhile, by another tab.
  if (next.state !== 'installed') location.reload();
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  next.postMessage('take over');
}
