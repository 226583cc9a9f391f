import type { Row } from '$lib/data/activity.svelte';
import { m } from '$lib/paraglide/messages.js';
import type { IconName } from '$lib/ui/Icon.svelte';

/** Where a row leads that is about neither a photo nor somebody. */
interface Place {
  href: string;
  label: () => string;
  /** What is shown in place of faces, where nobody else has a part in it. */
  icon?: IconName;
}

const SESSIONS = { href: '/settings/sessions', label: m.settings_sessions } as const;

const PLACES: Record<string, Place | undefined> = {
  request: { href: '/activity/requests', label: m.requests_title },
  session: { ...SESSIONS, icon: 'device' },
  password: { ...SESSIONS, icon: 'lock' },
};

/** Returns where a row leads, unless that is a photo or somebody. */
export function placeOf({ type }: Pick<Row, 'type'>): Place | undefined {
  return PLACES[type];
}
