/** Where the service worker keeps what other apps shared. */
const SHARED = 'shared';

/** Returns the files of a clipboard or a drop. */
export function filesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])];
}

/** Gives `take` what another app has shared, which leaves the cache once it is taken. */
export async function takeShared(take: (files: File[]) => Promise<void>): Promise<void> {
  if (!('caches' in window) || !(await caches.has(SHARED))) return;
  const cache = await caches.open(SHARED);
  const requests = await cache.keys();
  const files = await Promise.all(
    requests.map(async (request) => {
      const response = await cache.match(request);
      if (!response) return [];
      const name = decodeURIComponent(response.headers.get('X-Name') ?? '') || 'photo';
      const blob = await response.blob();
      return [new File([blob], name, { type: response.headers.get('Content-Type') ?? blob.type })];
    }),
  );
  await take(files.flat());
  await caches.delete(SHARED);
}
