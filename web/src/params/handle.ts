import type { ParamMatcher } from '@sveltejs/kit';

/** `@` and a user name. */
export const match: ParamMatcher = (segment) => /^@[\p{L}\p{N}._]{1,30}$/u.test(segment);
