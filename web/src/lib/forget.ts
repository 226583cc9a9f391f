import { localStorageKey as LOCALE } from '$lib/paraglide/runtime.js';
import { PREFERENCES } from '$lib/preferences.svelte';
import { session } from '$lib/session.svelte';
import { KEY as SESSION } from '$lib/stored-session';

/** Where the worker keeps what other apps shared with us. */
const SHARED = 'shared';

/**
 * Deletes what is kept on this device about whoever used it: drafts, kept pages and wishes, shared files, the badge, and
 * what reaches it by push.
 * What they chose for the device stays, and so does the session: by now it may be somebody else's.
 */
export async function forgetDevice(): Promise<void> {
  const stays: string[] = [...PREFERENCES, LOCALE, SESSION];
  for (const key of Object.keys(localStorage)) if (!stays.includes(key)) localStorage.removeItem(key);
  await Promise.allSettled([
    clearDatabases(),
    globalThis.caches?.delete(SHARED),
    navigator.clearAppBadge?.(),
    endPush(),
  ]);
}

// However it ends: logged out, expired for good, or followed by somebody else's.
session.onEnd(() => void forgetDevice());

/** Gives up the subscription to notifications, of which the API forgets its part with the session, and closes them. */
async function endPush(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
}

/**
 * Empties every database of ours. They are not deleted: another tab that has one open would keep that from happening.
 */
async function clearDatabases(): Promise<void> {
  const known = await indexedDB.databases();
  await Promise.all(known.map(({ name }) => name && clearDatabase(name)));
}

async function clearDatabase(name: string): Promise<void> {
  const database = await settled(indexedDB.open(name));
  const stores = [...database.objectStoreNames];
  if (stores.length > 0) {
    const change = database.transaction(stores, 'readwrite');
    await Promise.all(stores.map((store) => settled(change.objectStore(store).clear())));
  }
  database.close();
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
