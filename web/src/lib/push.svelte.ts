import { del } from 'idb-keyval';
import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { getLocale } from '$lib/paraglide/runtime.js';
import { DEVICE, deviceRequest, keepDevice, keptDevice, type PushDevice, subscribe } from '$lib/push-device';
import { session } from '$lib/session.svelte';

/** Remembers that the person does not want to be asked. It goes with the session, as all that is theirs. */
const DECLINED = 'push-declined';

/**
 * Whether notifications reach this device: `unknown` until it has been looked at, `missing` where the browser has none,
 * `blocked` where the person has refused them in the browser.
 */
export type PushState = 'unknown' | 'missing' | 'blocked' | 'off' | 'on';

/** Notifications on this device. */
class Push {
  state: PushState = $state('unknown');
  /** Whether something is being changed. */
  busy = $state(false);
  /** Whether the person has said that they do not want to be asked. */
  declined = $state(localStorage.getItem(DECLINED) !== null);
  /** Names this device among one's own, while it is on. */
  id: string | undefined = $state();

  /** Looks at what the browser says. What is on stays so: a subscription that it has given up is made anew. */
  async look(): Promise<void> {
    const state = await this.#read();
    if (state !== 'off') {
      this.state = state;
      return;
    }
    const device = await keptDevice().catch(() => undefined);
    if (!device || Notification.permission !== 'granted') {
      this.state = 'off';
      return;
    }
    this.#be(device);
    await this.#keepUp(device);
  }

  /**
   * Asks the person, and has the API told. Call it from a click: browsers ask at no other time. Returns whether it is
   * on. Throws `Problem`, `push_failed` where the browser reaches no service for it.
   */
  async turnOn(): Promise<boolean> {
    this.busy = true;
    try {
      const permission = await Notification.requestPermission();
      if (permission === 'denied') this.state = 'blocked';
      if (permission !== 'granted') {
        // Whoever closes the question has said that they want none for now.
        this.decline();
        return false;
      }
      const { web_push_key: key } = await ok(api.GET('/api/v1/devices'));
      await this.#register(key);
      return true;
    } finally {
      this.busy = false;
    }
  }

  /** Turns them off here, and has the API forget the device. Throws `Problem`. */
  async turnOff(): Promise<void> {
    this.busy = true;
    try {
      const device = await keptDevice();
      if (device) await removeDevice(device.id);
      await this.left();
    } finally {
      this.busy = false;
    }
  }

  /** Notes that the API has forgotten this device. */
  async left(): Promise<void> {
    await del(DEVICE);
    const subscription = await (await manager())?.getSubscription();
    await subscription?.unsubscribe();
    this.id = undefined;
    this.state = await this.#read();
  }

  decline(): void {
    localStorage.setItem(DECLINED, '1');
    this.declined = true;
  }

  forget(): void {
    this.state = 'unknown';
    this.declined = false;
    this.id = undefined;
  }

  async #read(): Promise<'missing' | 'blocked' | 'off'> {
    if (!('Notification' in window) || !(await manager())) return 'missing';
    return Notification.permission === 'denied' ? 'blocked' : 'off';
  }

  /** Tells the API what has changed since it was told: the subscription, or the language. */
  async #keepUp(device: PushDevice): Promise<void> {
    try {
      const subscription = await (await manager())?.getSubscription();
      const same = subscription?.endpoint === device.endpoint && device.language === getLocale();
      if (!same) await this.#register(device.key);
    } catch (error) {
      // It is done by the next page.
      Problem.from(error);
    }
  }

  async #register(key: string): Promise<void> {
    const push = await manager();
    if (!push) throw new Problem('push_failed', 0);
    const subscription = await subscribe(push, key).catch((error) => {
      throw error instanceof DOMException ? new Problem('push_failed', 0) : error;
    });
    const language = getLocale();
    const body = deviceRequest(subscription, language);
    const { device_id: id } = await ok(api.POST('/api/v1/devices', { body }));
    const device = { id, endpoint: subscription.endpoint, language, key };
    await keepDevice(device);
    this.#be(device);
  }

  #be(device: PushDevice): void {
    this.id = device.id;
    this.state = 'on';
  }
}

/** Has the API forget a device. One that is gone by now is forgotten. Throws `Problem`. */
export async function removeDevice(id: string): Promise<void> {
  try {
    await ok(api.DELETE('/api/v1/devices/{device_id}', { params: { path: { device_id: id } } }));
  } catch (error) {
    if (Problem.from(error).status !== 404) throw error;
  }
}

/** What the worker of this page subscribes with. There is none without a worker, and in browsers without push. */
async function manager(): Promise<PushManager | undefined> {
  const registration = await navigator.serviceWorker?.getRegistration();
  return registration?.pushManager;
}

export const push = new Push();

session.onEnd(() => push.forget());
