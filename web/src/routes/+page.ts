import { browser } from '$app/environment';

export const prerender = true;

/** Begins the feed before the screen is there, so that a kept page is drawn with it. */
export async function load(): Promise<void> {
  if (!browser) return;
  const { feed } = await import('$lib/data/feed.svelte');
  await feed.start();
}
