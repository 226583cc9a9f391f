import { api, ok, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { push, removeDevice } from '$lib/push.svelte';

export type Device = Schemas['DeviceView'];

/** The devices that notifications reach. */
export class Devices {
  all: Device[] | undefined = $state.raw();
  problem: Problem | undefined = $state.raw();

  async read(): Promise<void> {
    this.problem = undefined;
    try {
      const { devices } = await ok(api.GET('/api/v1/devices'));
      this.all = devices;
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  /** Takes a device out, at once. It comes back when that fails. Throws `Problem`. */
  async remove(device: Device): Promise<void> {
    const before = this.all;
    this.all = before?.filter((other) => other !== device);
    try {
      await removeDevice(device.device_id);
    } catch (error) {
      this.all = before;
      throw error;
    }
    if (device.device_id === push.id) await push.left();
  }
}
