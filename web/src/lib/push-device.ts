import { get, set } from 'idb-keyval';
import { authCall, SESSION_HEADER } from '$lib/api/http';
import type { components } from '$lib/api/schema';
import { exclusively } from '$lib/stored-session';

type Schemas = components['schemas'];

/** What is kept of this device while notifications reach it. The worker reads it, so it is no local storage. */
export interface PushDevice {
  id: string;
  endpoint: string;
  /** The language that it is told in. */
  language: string;
  /** The key of the API that it is subscribed with. */
  key: string;
}

export const DEVICE = 'push';

export const keepDevice = (device: PushDevice) => set(DEVICE, device);
export const keptDevice = () => get<PushDevice>(DEVICE);

/** Subscribes with a key of the API. A subscription with another key is given up for it. */
export async function subscribe(push: PushManager, key: string): Promise<PushSubscription> {
  const known = await push.getSubscription();
  if (known && !hasKey(known, key)) await known.unsubscribe();
  return push.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** What the API is told of a subscription. */
export function deviceRequest(subscription: PushSubscription, language: string): Schemas['RegisterDeviceRequest'] {
  const { endpoint, keys } = subscription.toJSON();
  const { p256dh = '', auth = '' } = keys ?? {};
  return { platform: 'web', subscription: { endpoint: endpoint ?? '', keys: { p256dh, auth } }, language };
}

/**
 * Tells the API of the subscription that a browser has put in the place of another, or makes one. The worker does so:
 * there may be no page. What fails is done by the next page that is opened.
 */
export async function renewDevice(push: PushManager, fresh: PushSubscription | null | undefined): Promise<void> {
  const device = await keptDevice();
  if (!device) return;
  const subscription = fresh ?? (await subscribe(push, device.key));
  const body = JSON.stringify(deviceRequest(subscription, device.language));
  const headers = { ...SESSION_HEADER, 'Content-Type': 'application/json' };
  const tell = () => fetch('/api/v1/devices', { method: 'POST', headers, body });
  let answer = await tell();
  if (answer.status === 401) {
    await exclusively(() => fetch(authCall('refresh')));
    answer = await tell();
  }
  if (!answer.ok) return;
  const { device_id: id } = (await answer.json()) as Schemas['DeviceView'];
  await keepDevice({ ...device, id, endpoint: subscription.endpoint });
}

function hasKey({ options }: PushSubscription, key: string): boolean {
  if (!options.applicationServerKey) return false;
  const bytes = new Uint8Array(options.applicationServerKey);
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') === key.replaceAll('=', '');
}
