import { onlySignedOut } from '$lib/only-signed-out';
import type { PageLoad } from './$types';
import { ownPath } from './next';

export const load: PageLoad = async ({ url }) => {
  const next = ownPath(url.searchParams.get('next'), url.origin);
  await onlySignedOut(next);
  return { next };
};
