import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { registerWorker, remove, VERSION } from './worker';

let workers: Set<string>;
let kept: Set<string>;
let version: object | undefined;

beforeEach(() => {
  sessionStorage.clear();
  workers = new Set(['bad']);
  kept = new Set(['client-1', 'shared']);
  version = { version: '1' };
  const registration = { update: async () => {}, addEventListener: () => {} };
  vi.stubEnv('DEV', false);
  vi.stubGlobal('caches', { keys: async () => [...kept], delete: async (name: string) => kept.delete(name) });
  vi.stubGlobal('fetch', async (address: string, { cache }: RequestInit) => {
    expect([address, cache]).toEqual([VERSION, 'no-store']);
    if (!version) throw new TypeError('Failed to fetch');
    return new Response(JSON.stringify(version));
  });
  Object.defineProperty(navigator, 'serviceWorker', {
    configurable: true,
    value: {
      controller: {},
      register: async (address: string) => {
        workers.add(`${address} ${workers.size}`);
        return registration;
      },
      getRegistrations: async () => [...workers].map((one) => ({ unregister: async () => workers.delete(one) })),
    },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

const left = () => [...workers];

test('a worker is registered while nothing says otherwise, and without a connection', async () => {
  registerWorker(() => {});
  await vi.waitFor(() => expect(left()).toEqual(['bad', '/service-worker.js 1']));
  version = undefined;
  registerWorker(() => {});
  await vi.waitFor(() => expect(left()).toHaveLength(3));
});

test('a deployment can take it away: none is registered, and nothing is left of it', async () => {
  version = { version: '2', worker: 'remove' };
  // The page itself is loaded again elsewhere.
  sessionStorage.setItem('worker-removed', '1');
  registerWorker(() => {});
  await vi.waitFor(() => expect(left()).toEqual([]));
  await vi.waitFor(() => expect([...kept]).toEqual(['shared']));
});

test('a page of the worker is loaded again once, and no other is', async () => {
  const reload = vi.fn();
  await remove(reload);
  await remove(reload);
  expect(reload).toHaveBeenCalledTimes(1);
  sessionStorage.clear();
  Object.assign(navigator.serviceWorker, { controller: null });
  await remove(reload);
  expect(reload).toHaveBeenCalledTimes(1);
});
