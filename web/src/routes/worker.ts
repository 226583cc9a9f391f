import { workerAddress } from '$lib/trusted';

/** Takes the newer version, and loads the page again with it. */
type Take = () => void;

/** The file that says which client is deployed, and whether its worker is to go. No worker ever answers for it. */
export const VERSION = '/_app/version.json';

/** Remembers for a tab that it was loaded again without a worker, so that this happens once. */
const RELOADED = 'worker-removed';

/** Registers the service worker once the first screen has had its time. Calls `ready` when a newer version waits. */
export function registerWorker(ready: (take: Take) => unknown): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  addEventListener('load', () => void register(ready), { once: true });
  if (document.readyState === 'complete') void register(ready);
}

async function register(ready: (take: Take) => unknown): Promise<void> {
  if (await isUnwanted()) return remove();
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

/** Whether what is deployed takes the worker away (docs/operations/web-worker.md). Without a connection it stays. */
async function isUnwanted(): Promise<boolean> {
  try {
    const answer = await fetch(VERSION, { cache: 'no-store' });
    return ((await answer.json()) as { worker?: string }).worker === 'remove';
  } catch {
    return false;
  }
}

/** Removes every worker with what it kept of the client, and loads the page again if one has had a hand in it. */
export async function remove(reload: () => unknown = () => location.reload()): Promise<void> {
  const controlled = navigator.serviceWorker.controller !== null;
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith('client-')) await caches.delete(name);
  if (!controlled || sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, '1');
  reload();
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
