// Runs in the shell before the bundle is there. It asks for the feed beside the bundle, and for the first picture the
// moment the feed is there: both would otherwise wait for all of the code.
import { sizesFor, sourceSet } from '$lib/ui/picture';

const HEADERS = { 'X-Session': 'cookie' };
const MARGIN = 5_000;

/** The width of a picture in the feed, in CSS. */
const WIDTH = 'min(100vw, 470px)';

function start(): void {
  const theme = localStorage.getItem('theme');
  if (theme) document.documentElement.dataset.theme = theme;
  const stored = localStorage.getItem('session');
  if (!stored || location.pathname !== '/') return;
  const { until } = JSON.parse(stored) as { until: number };
  // An old session is renewed first, which is the client's to do.
  if (until < Date.now() + MARGIN) return;
  window.bootFeed = fetch('/api/v1/feed', { headers: HEADERS }).then((answer) => {
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
  link.imageSizes = sizesFor(WIDTH);
  link.fetchPriority = 'high';
  document.head.append(link);
}

try {
  start();
} catch {
  // Without it everything works, only later.
}
