import type { Problem } from '$lib/api/problem';
import { m } from '$lib/paraglide/messages.js';

/** The fields of all forms about an account and what it keeps. The same name means the same in each of them. */
export type FieldName = 'login' | 'username' | 'email' | 'full_name' | 'bio' | 'password' | 'current' | 'collection';

/** The limits of the API, so that most mistakes are told before a call. Counted in characters, not in units of UTF-16. */
export const LIMITS = {
  username: 30,
  fullName: 100,
  bio: 150,
  collection: 50,
  email: 254,
  passwordMin: 10,
  passwordMax: 128,
} as const;

interface Told {
  field: FieldName;
  text: () => string;
}

/** Which field a problem is about, and what to tell beside it. */
export const FIELD_PROBLEMS: Record<string, Told> = {
  username_invalid: { field: 'username', text: m.auth_username_invalid },
  username_reserved: { field: 'username', text: m.auth_username_reserved },
  username_taken: { field: 'username', text: m.auth_username_taken },
  email_invalid: { field: 'email', text: m.auth_email_invalid },
  full_name_too_long: { field: 'full_name', text: () => m.auth_too_long({ max: LIMITS.fullName }) },
  full_name_invisible: { field: 'full_name', text: m.auth_full_name_invisible },
  collection_name_missing: { field: 'collection', text: m.auth_missing },
  collection_name_too_long: { field: 'collection', text: () => m.auth_too_long({ max: LIMITS.collection }) },
  collection_name_invisible: { field: 'collection', text: m.auth_full_name_invisible },
  collections_full: { field: 'collection', text: m.collections_full },
  bio_too_long: { field: 'bio', text: () => m.auth_too_long({ max: LIMITS.bio }) },
  password_too_short: { field: 'password', text: () => m.auth_too_short({ min: LIMITS.passwordMin }) },
  password_too_long: { field: 'password', text: () => m.auth_too_long({ max: LIMITS.passwordMax }) },
  password_common: { field: 'password', text: m.auth_password_common },
  password_is_name: { field: 'password', text: m.auth_password_is_name },
  bad_credentials: { field: 'password', text: m.auth_bad_credentials },
  wrong_password: { field: 'current', text: m.auth_wrong_password },
  password_changed: { field: 'current', text: m.auth_password_changed },
};

/** Returns which of a form's fields a problem is about, with its text; `undefined` when it is about none of them. */
export function fieldProblem(problem: Problem, fields: Iterable<string>): { field: string; text: string } | undefined {
  const told = FIELD_PROBLEMS[problem.code];
  if (!told || ![...fields].includes(told.field)) return undefined;
  return { field: told.field, text: told.text() };
}
