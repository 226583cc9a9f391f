// Runs in the shell before the bundle is there. It renews an old session and asks for the feed beside the bundle, and for
// the first picture the moment the feed is there: all of it would otherwise wait for all of the code.
import { authCall, SESSION_HEADER } from '$lib/api/http';
import { exclusively, isFresh, keep, read } from '$lib/stored-session';
import { FEED_WIDTH, sizesFor, sourceSet } from '$lib/ui/picture';

function start(): void {
  const theme = localStorage.getItem('theme');
  if (theme) document.documentElement.dataset.theme = theme;
  if (location.pathname !== '/' || !read()) return;
  window.bootFeed = ask();
  window.bootFeed.catch(() => {});
}

async function ask(): Promise<Response> {
  if (isOld()) await exclusively(renew);
  const answer = await fetch('/api/v1/feed', { headers: SESSION_HEADER });
  if (answer.ok)
    answer
      .clone()
      .json()
      .then(preload, () => {});
  return answer;
}

function isOld(): boolean {
  const stored = read();
  return stored !== null && !isFresh(stored);
}

/** Renews the session, unless another tab just has. What fails, the client tries again and tells. */
async function renew(): Promise<void> {
  if (!isOld()) return;
  const answer = await fetch(authCall('refresh'));
  if (answer.ok) keep(await answer.json());
}

function preload(page: { photos: { media: Parameters<typeof sourceSet>[0][] }[] }): void {
  const medium = page.photos[0]?.media[0];
  if (!medium) return;
  const link = document.createElement('link');
  link.rel = 'preload';
  link.as = 'image';
  link.imageSrcset = sourceSet(medium);
  link.imageSizes = sizesFor(FEED_WIDTH);
  link.fetchPriority = 'high';
  document.head.append(link);
}

try {
  start();
} catch {
  // Without it everything works, only later.
}
