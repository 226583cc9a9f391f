import { redirect } from '@sveltejs/kit';
import { browser } from '$app/environment';

/** Leads whoever is signed in already to `to`. */
export async function onlySignedOut(to: string): Promise<void> {
  if (!browser) return;
  const { session } = await import('$lib/session.svelte');
  if (session.me) redirect(307, to);
}
