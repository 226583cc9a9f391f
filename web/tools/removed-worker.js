// Stands in the place of the service worker when a deployment takes it away (docs/operations/web-worker.md). Without
// a handler of requests every one of them goes to the network. Pages in use are left as they are.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(remove()));

async function remove() {
  await self.registration.unregister();
  for (const name of await caches.keys()) if (name.startsWith('client-')) await caches.delete(name);
}
