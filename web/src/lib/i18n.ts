import { getLocale } from '$lib/paraglide/runtime.js';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
];

type Kind<Options, Format> = new (locale: string, options?: Options) => Format;

const formats = new Map<string, unknown>();

/** Returns the one formatter of that kind in the language chosen. To make one takes as long as to draw a card. */
function format<Options, Format>(Kind: Kind<Options, Format>, options?: Options): Format {
  const locale = getLocale();
  const key = `${Kind.name} ${locale} ${JSON.stringify(options)}`;
  const made = (formats.get(key) as Format | undefined) ?? new Kind(locale, options);
  formats.set(key, made);
  return made;
}

/** Returns how long ago `iso` was, in words: "2 hours ago". After a week it is the date. */
export function ago(iso: string, now: number, style: Intl.RelativeTimeFormatStyle = 'long'): string {
  let value = Math.max(0, (now - Date.parse(iso)) / 1000);
  for (const [unit, size] of UNITS) {
    if (value < size)
      return format(Intl.RelativeTimeFormat, { numeric: 'auto', style }).format(-Math.floor(value), unit);
    value /= size;
  }
  const date = new Date(iso);
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return format(Intl.DateTimeFormat, { day: 'numeric', month: 'long', year }).format(date);
}

/** Returns the whole date and time, for titles. */
export function fullTime(iso: string): string {
  return format(Intl.DateTimeFormat, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(iso));
}

/** Returns the time of day. */
export function clock(at: number): string {
  return format(Intl.DateTimeFormat, { timeStyle: 'short' }).format(at);
}

/** Returns a count in short: "12K". */
export function short(count: number): string {
  const notation = count < 10_000 ? 'standard' : 'compact';
  return format(Intl.NumberFormat, { notation, maximumFractionDigits: 1 }).format(count);
}

/** Returns a count in full: "12,345". */
export function exact(count: number): string {
  return format(Intl.NumberFormat).format(count);
}
