import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { push } from '$lib/push.svelte';
import { Devices } from './devices.svelte';

vi.mock('idb-keyval', () => ({ get: async () => undefined, set: async () => {}, del: async () => {} }));

let status: number;

beforeEach(() => {
  status = 204;
  const all = ['a', 'b'].map((device_id) => ({
    device_id,
    platform: 'web',
    language: 'en',
    current: device_id === 'a',
  }));
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'DELETE') return new Response(status === 204 ? null : '{"code":"gone"}', { status });
    const body = JSON.stringify({ devices: all, web_push_key: 'AQID' });
    return new Response(body, { headers: { 'Content-Type': 'application/json' } });
  });
});

afterEach(() => vi.unstubAllGlobals());

const ids = ({ all }: Devices) => all?.map(({ device_id }) => device_id);

async function remove(id: string): Promise<string[] | undefined> {
  const devices = new Devices();
  await devices.read();
  const device = devices.all?.find(({ device_id }) => device_id === id);
  if (!device) throw new Error('no such device');
  await devices.remove(device).catch(() => {});
  return ids(devices);
}

test('a device leaves the list, and comes back when the API refuses', async () => {
  expect(await remove('b')).toEqual(['a']);
  status = 404;
  expect(await remove('b')).toEqual(['a']);
  status = 503;
  expect(await remove('b')).toEqual(['a', 'b']);
});

test('notifications are off here when this device is taken out', async () => {
  const left = vi.spyOn(push, 'left');
  push.id = 'a';
  await remove('b');
  expect(left).not.toHaveBeenCalled();
  await remove('a');
  expect(left).toHaveBeenCalled();
  expect(push.id).toBeUndefined();
});
