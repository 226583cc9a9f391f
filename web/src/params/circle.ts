import type { ParamMatcher } from '@sveltejs/kit';

/** A list of people about whom something is decided. */
export const match: ParamMatcher = (segment) => ['blocked', 'muted', 'close'].includes(segment);
