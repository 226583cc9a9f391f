// Runs in the shell before the bundle is there. It asks for the feed beside the bundle, and for the first picture the
// moment the feed is there: both would otherwise wait for all of the code.
import { SESSION_HEADER } from '$lib/api/http';
import { isFresh, read } from '$lib/stored-session';
import { FEED_WIDTH, sizesFor, sourceSet } from '$lib/ui/picture';

function start(): void {
  const theme = localStorage.getItem('theme');
  if (theme) document.documentElement.dataset.theme = theme;
  const stored = read();
  // An old session is renewed first, which is the client's to do.
  if (location.pathname !== '/' || !stored || !isFresh(stored)) return;
  window.bootFeed = fetch('/api/v1/feed', { headers: SESSION_HEADER }).then((answer) => {
    if (answer.ok)
      answer
        .clone()
        .json()
        .then(preload, () => {});
    return answer;
  });
  window.bootFeed.catch(() => {});
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
