import { expect, test } from 'vitest';
import { ago, short } from './i18n';
import { overwriteGetLocale } from './paraglide/runtime.js';

const now = Date.parse('2026-11-29T12:00:00Z');
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

test('says how long ago something was, and its date after a week', () => {
  overwriteGetLocale(() => 'en');
  expect(ago(before(0), now)).toBe('now');
  expect(ago(before(-5), now)).toBe('now');
  expect(ago(before(59), now)).toBe('59 seconds ago');
  expect(ago(before(2 * 3600), now)).toBe('2 hours ago');
  expect(ago(before(24 * 3600), now)).toBe('yesterday');
  expect(ago(before(8 * 86400), now)).toBe('November 21');
  expect(ago('2024-02-29T12:00:00Z', now)).toBe('February 29, 2024');
});

test('speaks the language that is chosen', () => {
  overwriteGetLocale(() => 'de');
  expect(ago(before(2 * 3600), now)).toBe('vor 2 Stunden');
  expect(short(1_234_567)).toBe('1,2\u00a0Mio.');
});
