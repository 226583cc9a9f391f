import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import { checkNewPassword, checkTexts } from '$lib/checks';
import { FIELD_PROBLEMS, fieldProblem } from '$lib/fields';
import { lengthOf } from '$lib/text';

/** Every code that the API may answer to a form, by form, as its document lists them. */
const FORMS = {
  register: {
    fields: ['username', 'email', 'full_name', 'password'],
    codes: [
      'username_invalid',
      'username_reserved',
      'username_taken',
      'email_invalid',
      'password_too_short',
      'password_too_long',
      'password_common',
      'password_is_name',
      'full_name_too_long',
      'full_name_invisible',
    ],
  },
  login: { fields: ['login', 'password'], codes: ['bad_credentials'] },
  reset: {
    fields: ['password'],
    codes: ['password_too_short', 'password_too_long', 'password_common', 'password_is_name'],
  },
  password: {
    fields: ['current', 'password'],
    codes: [
      'wrong_password',
      'password_changed',
      'password_too_short',
      'password_too_long',
      'password_common',
      'password_is_name',
    ],
  },
  collection: {
    fields: ['collection'],
    codes: ['collection_name_missing', 'collection_name_too_long', 'collection_name_invisible', 'collections_full'],
  },
  profile: { fields: ['full_name', 'bio'], codes: ['full_name_too_long', 'full_name_invisible', 'bio_too_long'] },
};

/** Codes that are about no field: they are told below the form. */
const WHOLE = [
  'bad_json',
  'bad_idempotency_key',
  'too_many_attempts',
  'too_many_registrations',
  'too_many_resets',
  'too_many_proofs',
  'token_invalid',
  'token_missing',
  'user_not_found',
  'body_too_large',
  'temporarily_unavailable',
  'internal',
  'offline',
];

const cases = Object.entries(FORMS).flatMap(([form, { fields, codes }]) =>
  codes.map((code) => [form, code, fields] as const),
);

describe('problems of forms', () => {
  it.each(cases)('%s tells %s beside one of its fields', (_, code, fields) => {
    const told = fieldProblem(new Problem(code, 400), fields);
    expect(fields).toContain(told?.field);
    expect(told?.text).toMatch(/\w{3}.*\.$/);
  });

  it('knows no code that no form has', () => {
    const all = new Set(Object.values(FORMS).flatMap((form) => form.codes));
    expect(new Set(Object.keys(FIELD_PROBLEMS))).toEqual(all);
  });

  it.each(WHOLE)('%s is about the whole form', (code) => {
    expect(fieldProblem(new Problem(code, 400), FORMS.register.fields)).toBeUndefined();
  });

  it('is about no field that the form has not', () => {
    expect(fieldProblem(new Problem('username_taken', 409), FORMS.profile.fields)).toBeUndefined();
  });
});

describe('checks before a call', () => {
  it('counts characters as the API does', () => {
    expect(lengthOf('🌅🌅')).toBe(2);
    expect(checkTexts({ bio: '🌅'.repeat(150), full_name: 'x'.repeat(100) })).toEqual({});
    expect(Object.keys(checkTexts({ bio: '🌅'.repeat(151), full_name: 'x'.repeat(101) }))).toEqual([
      'full_name',
      'bio',
    ]);
  });

  it('measures a password once its accents are composed', () => {
    const composed = 'e\u0301'.repeat(10);
    expect(checkNewPassword({ password: composed })).toEqual({});
    expect(checkNewPassword({ password: 'e\u0301'.repeat(9) })).toHaveProperty('password');
    expect(checkNewPassword({ password: 'x'.repeat(128) })).toEqual({});
    expect(checkNewPassword({ password: 'x'.repeat(129) })).toHaveProperty('password');
  });
});
