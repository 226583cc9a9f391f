/**
 * Returns the token that a link of a mail carries after its `#`, and takes it out of the address bar and the history
 * at once: whoever looks at the screen later finds none. SvelteKit's own `replaceState` works only once its router has
 * started, which is too late; the entry's state stays as the router wrote it.
 */
export function takeToken(): string {
  const token = location.hash.slice(1);
  if (token) history.replaceState(history.state, '', location.pathname);
  return token;
}
