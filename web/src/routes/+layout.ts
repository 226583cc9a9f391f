import { redirect } from '@sveltejs/kit';
import { browser } from '$app/environment';
import type { LayoutLoad } from './$types';

// Nothing is rendered on a server: the shells are the same for everybody.
export const ssr = false;

/** Screens for people without a session. */
const OPEN = ['/login', '/register', '/forgot', '/reset', '/prove', '/unsubscribe'];

export const load: LayoutLoad = async ({ url, untrack }) => {
  if (!browser) return;
  const { session } = await import('$lib/session.svelte');
  untrack(() => {
    if (!session.me && !OPEN.includes(url.pathname)) {
      const next = url.pathname === '/' ? '' : `?next=${encodeURIComponent(url.pathname + url.search)}`;
      redirect(307, `/login${next}`);
    }
  });
};
