import { localStorageKey as LOCALE } from '$lib/paraglide/runtime.js';
import { PREFERENCES } from '$lib/preferences.svelte';

/** Where the worker keeps what other apps shared with us. */
const SHARED = 'shared';

/**
 * Deletes what is kept on this device about whoever used it: drafts, kept pages, shared files, the badge. What they
 * chose for the device stays.
 */
export async function forgetDevice(): Promise<void> {
  await Promise.allSettled([clearDatabases(), globalThis.caches?.delete(SHARED), navigator.clearAppBadge?.()]);
  const stays: string[] = [...PREFERENCES, LOCALE];
  for (const key of Object.keys(localStorage)) if (!stays.includes(key)) localStorage.removeItem(key);
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
