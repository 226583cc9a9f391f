/** Screens that make no sense once somebody is signed in. */
const FORMS = ['/login', '/register', '/forgot', '/reset'];

/**
 * Returns where to go after signing in. Only an address of our own is honoured: a link to `/login` may come from
 * anywhere.
 */
export function ownPath(next: string | null, origin: string): string {
  if (!next) return '/';
  try {
    const url = new URL(next, origin);
    if (url.origin !== origin || !next.startsWith('/') || FORMS.includes(url.pathname)) return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}
