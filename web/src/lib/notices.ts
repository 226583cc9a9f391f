import { update } from 'idb-keyval';
import { m } from '$lib/paraglide/messages.js';

// What the system shows of what was told: the worker shows it, and whoever learns that it was read takes it away.

/** What a push says. */
interface Told {
  /** The same for all that is told of a row: what comes later takes the place of what came before. */
  tag: string;
  /** How often the row was told. */
  state: number;
  title: string;
  body: string;
  /** The path that it leads to. */
  url: string;
  icon?: string;
  /** How many rows of the inbox are unread. */
  unread: number;
  /** When it was told. */
  at: string | number;
}

/** What a notification knows of itself. */
interface Data {
  url: string;
  /** When it was told (ms). */
  at: number;
}

/** What was shown last of a row, and when that was told (ms): what somebody has put away is not shown for a repeat. */
interface Shown {
  state: number;
  at: number;
}

type Registration = Pick<ServiceWorkerRegistration, 'showNotification' | 'getNotifications'>;
type Options = NotificationOptions & { renotify?: boolean };

const KEY = 'told';
const ICON = '/icon-192.png';

/** Where one goes from what does not say where. */
const INBOX = '/activity';

/** How long a repeat may come after what it repeats (ms): the API sends nothing that is older than an hour. */
const REPEATS = 24 * 3600_000;

/**
 * Shows what a push says in place of what was shown of the same row, and counts what is unread. A repeat, and what was
 * overtaken, is dropped. Browsers demand that every push shows something: one that nobody can read does so as well.
 */
export async function show(registration: Registration, text: string | undefined, now = Date.now()): Promise<void> {
  const told = read(text);
  if (!told) return showGeneral(registration, now);
  const { tag, state, title, body, url, icon = ICON, unread } = told;
  const at = new Date(told.at).getTime();
  const all = await registration.getNotifications();
  const before = all.find((one) => one.tag === tag);
  if (!(await isNewer(tag, { state, at }, now))) {
    // Safari takes the right away from who shows nothing. The same again is neither seen nor heard.
    if (before) await put(registration, before.title, { body: before.body, tag, icon: before.icon, data: before.data });
    return;
  }
  await put(registration, title, { body, tag, icon, renotify: true, data: { url, at } });
  if (all.some((one) => dataOf(one).at > at)) return;
  await Promise.all([navigator.setAppBadge?.(unread).catch(() => {}), closeRead(registration, unread)]);
}

/** Closes what was read elsewhere. What is read is read up to a moment, so the newest are those that are unread. */
export async function closeRead(registration: Registration, unread: number): Promise<void> {
  const shown = await registration.getNotifications();
  shown.sort((one, other) => dataOf(other).at - dataOf(one).at);
  for (const one of shown.slice(unread)) one.close();
}

/** Returns the address that a notification leads to, always one of ours. */
export function addressOf(notification: Notification, origin: string): string {
  const address = new URL(dataOf(notification).url, origin);
  return address.origin === origin ? address.href : new URL(INBOX, origin).href;
}

function read(text: string | undefined): Told | undefined {
  try {
    const told = JSON.parse(text ?? '') as Told;
    return told.tag && told.title ? told : undefined;
  } catch {
    return undefined;
  }
}

function showGeneral(registration: Registration, at: number): Promise<void> {
  const locale = navigator.language.startsWith('de') ? 'de' : 'en';
  return put(registration, m.app_name({}, { locale }), {
    body: m.notices_general({}, { locale }),
    tag: 'general',
    icon: ICON,
    data: { url: INBOX, at },
  });
}

function put(registration: Registration, title: string, options: Options & { data: Data }): Promise<void> {
  return registration.showNotification(title, options);
}

/** Notes what is shown of a row. Returns whether it says more than what was shown before. */
async function isNewer(tag: string, told: Shown, now: number): Promise<boolean> {
  let newer = true;
  await update<Record<string, Shown>>(KEY, (shown = {}) => {
    const before = shown[tag];
    // A row that went and came again counts from one.
    newer = !before || told.state > before.state || told.at > before.at;
    const recent = Object.entries(shown).filter(([, { at }]) => now - at < REPEATS);
    return { ...Object.fromEntries(recent), ...(newer && { [tag]: told }) };
  });
  return newer;
}

function dataOf(notification: Notification): Data {
  return notification.data as Data;
}
