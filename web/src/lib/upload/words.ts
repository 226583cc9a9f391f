import { clock } from '$lib/i18n';
import { m } from '$lib/paraglide/messages.js';
import { getLocale } from '$lib/paraglide/runtime.js';
import type { Refusal } from './limits';
import type { Failure } from './machine';

/** Returns why a photo was not shared, in words. */
export function failureText({ code, at }: Failure): string {
  switch (code) {
    case 'image_empty':
      return m.new_failed_empty();
    case 'image_unsupported':
    case 'content_type_unsupported':
      return m.new_failed_unsupported();
    case 'image_too_large':
    case 'media_too_large':
      return m.new_failed_large();
    case 'image_corrupt':
      return m.new_failed_corrupt();
    case 'image_too_many_scans':
    case 'image_too_hard':
      return m.new_failed_hard();
    case 'image_unprocessable':
      return m.new_failed_unprocessable();
    case 'upload_incomplete':
    case 'http_403':
      return m.new_failed_incomplete();
    case 'photo_not_found':
      return m.new_failed_gone();
    case 'file_gone':
      return m.new_failed_file_gone();
    case 'upload_limit_reached':
      return at ? m.new_failed_limit({ time: clock(at) }) : m.new_failed_limit_later();
    case 'caption_too_long':
    case 'location_too_long':
    case 'alt_too_long':
    case 'tag_too_long':
      return m.new_failed_long();
    case 'tag_invalid':
    case 'too_many_tags':
      return m.new_failed_tags();
    case 'slow':
      return m.new_failed_slow();
    case 'offline':
      return m.problem_offline();
    default:
      return m.new_failed_other();
  }
}

/** Returns why a file was not taken, in words. */
export function refusalText({ name, why }: { name: string; why: Refusal }): string {
  if (why === 'type') return m.new_refused_type({ name });
  if (why === 'empty') return m.new_refused_empty({ name });
  if (why === 'large') return m.new_refused_large({ name });
  return m.new_refused_many();
}

/** Returns a share of 1 as a percentage. */
export function percent(share: number): string {
  return new Intl.NumberFormat(getLocale(), { style: 'percent' }).format(share);
}

/** Returns an angle. */
export function degrees(angle: number): string {
  const format = { style: 'unit', unit: 'degree', unitDisplay: 'narrow' } as const;
  return new Intl.NumberFormat(getLocale(), format).format(angle);
}
