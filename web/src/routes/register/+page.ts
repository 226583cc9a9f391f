import { onlySignedOut } from '$lib/only-signed-out';
import type { PageLoad } from './$types';

export const load: PageLoad = () => onlySignedOut('/');
