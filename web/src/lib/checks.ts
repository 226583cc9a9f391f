import { LIMITS } from '$lib/fields';
import type { Values } from '$lib/form.svelte';
import { m } from '$lib/paraglide/messages.js';
import { lengthOf } from '$lib/text';

/** Checks what the browser counts otherwise than the API: characters of other scripts than ours. */
export function checkTexts(values: Values): Values {
  const errors: Values = {};
  const limit = (name: string, max: number) => {
    if (lengthOf(values[name]?.trim() ?? '') > max) errors[name] = m.auth_too_long({ max });
  };
  limit('full_name', LIMITS.fullName);
  limit('bio', LIMITS.bio);
  return errors;
}

/** Checks the length of a password that is chosen. */
export function checkNewPassword({ password = '' }: Values): Values {
  const length = lengthOf(password.normalize('NFC'));
  if (length < LIMITS.passwordMin) return { password: m.auth_too_short({ min: LIMITS.passwordMin }) };
  if (length > LIMITS.passwordMax) return { password: m.auth_too_long({ max: LIMITS.passwordMax }) };
  return {};
}
