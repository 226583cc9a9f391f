import { getLocale } from '$lib/paraglide/runtime.js';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
];

/** Returns how long ago `iso` was, in words: "2 hours ago". After a week it is the date. */
export function ago(iso: string, now: number, style: Intl.RelativeTimeFormatStyle = 'long'): string {
  let value = Math.max(0, (now - Date.parse(iso)) / 1000);
  for (const [unit, size] of UNITS) {
    if (value < size) return relative(style).format(-Math.floor(value), unit);
    value /= size;
  }
  const date = new Date(iso);
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return new Intl.DateTimeFormat(getLocale(), { day: 'numeric', month: 'long', year }).format(date);
}

function relative(style: Intl.RelativeTimeFormatStyle): Intl.RelativeTimeFormat {
  return new Intl.RelativeTimeFormat(getLocale(), { numeric: 'auto', style });
}

/** Returns the whole date and time, for titles. */
export function fullTime(iso: string): string {
  return new Intl.DateTimeFormat(getLocale(), { dateStyle: 'long', timeStyle: 'short' }).format(new Date(iso));
}

/** Returns the time of day. */
export function clock(at: number): string {
  return new Intl.DateTimeFormat(getLocale(), { timeStyle: 'short' }).format(at);
}

/** Returns a count in short: "12K". */
export function short(count: number): string {
  const notation = count < 10_000 ? 'standard' : 'compact';
  return new Intl.NumberFormat(getLocale(), { notation, maximumFractionDigits: 1 }).format(count);
}

/** Returns a count in full: "12,345". */
export function exact(count: number): string {
  return new Intl.NumberFormat(getLocale()).format(count);
}
