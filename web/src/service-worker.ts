/// <reference no-default-lib="true"/>
/// <reference lib="esnext" />
/// <reference lib="webworker" />
/// <reference types="@sveltejs/kit" />
// The worker keeps the client itself: its shells and its code, so that the second visit starts at once and without a
// connection. API and pictures are never its business: the browser's own cache keeps pictures. It shows what is pushed.

import { lead } from '$lib/lead';
import { addressOf, show } from '$lib/notices';
import { renewDevice } from '$lib/push-device';
import { build, files, version } from '$service-worker';

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `client-${version}`;
const SHELLS = ['/', '/200.html'];

/** What the worker leaves alone. The last tells pages to remove it, so it is never in their way there. */
const OTHERS = ['/api/', '/photos/', '/_app/version.json'];

/** Where files shared from other apps wait for the screen of new photos. It reads and clears them. */
const SHARED = 'shared';

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) =>
        cache.addAll([...SHELLS, ...build, ...files].map((url) => new Request(url, { cache: 'reload' }))),
      ),
  );
});

// The person has said that the newer version may take over. Never by itself: it would change a page in use.
worker.addEventListener('message', (event) => {
  if (event.data === 'take over') void worker.skipWaiting();
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(clean());
});

/** Deletes the caches of older versions. */
async function clean(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith('client-') && name !== CACHE) await caches.delete(name);
  }
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin || OTHERS.some((path) => url.pathname.startsWith(path))) return;
  if (request.method === 'POST' && url.pathname === '/share') event.respondWith(share(request));
  else if (request.method !== 'GET') return;
  else if (request.mode === 'navigate') event.respondWith(page(url));
  else event.respondWith(file(request));
});

worker.addEventListener('push', (event) => {
  event.waitUntil(show(worker.registration, event.data?.text()));
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(lead(worker.clients, addressOf(event.notification, location.origin)));
});

// The browser has put another subscription in the place of one, or has only taken it away.
worker.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(renewDevice(worker.registration.pushManager, event.newSubscription));
});

/** Answers a navigation with the kept shell. */
async function page(url: URL): Promise<Response> {
  const shell = url.pathname === '/' ? '/' : '/200.html';
  const kept = await (await caches.open(CACHE)).match(shell);
  return kept ?? fetch(shell);
}

async function file(request: Request): Promise<Response> {
  const kept = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}

/** Keeps the pictures that another app shared, and leads to the screen that takes them. */
async function share(request: Request): Promise<Response> {
  const form = await request.formData();
  const cache = await caches.open(SHARED);
  const pictures = form.getAll('photos').filter((part) => part instanceof File);
  await Promise.all(
    pictures.map((picture, index) => {
      const headers = { 'Content-Type': picture.type, 'X-Name': encodeURIComponent(picture.name) };
      return cache.put(`/share/${index}`, new Response(picture, { headers }));
    }),
  );
  return Response.redirect('/new?shared', 303);
}
