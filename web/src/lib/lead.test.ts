import { afterEach, expect, test } from 'vitest';
import { heedLead, lead } from '$lib/lead';

const ADDRESS = 'https://example.org/p/1?from=push';

let end: () => void = () => {};
afterEach(() => end());

/** A page, which goes where it is asked to if it `heeds`. */
function page(name: string, { focused = false, seen = false, heeds = true, controlled = true } = {}) {
  return {
    focused,
    visibilityState: seen ? ('visible' as const) : ('hidden' as const),
    focus: async () => done.push(`focus ${name}`),
    navigate: async (address: string) => {
      if (!controlled) throw new TypeError('not of this worker');
      done.push(`navigate ${name} ${address}`);
    },
    postMessage: (data: unknown, ports: Transferable[]) => {
      if (!heeds) return;
      const message = new MessageEvent('message', { data, ports: ports as MessagePort[] });
      navigator.serviceWorker.dispatchEvent(message);
    },
  };
}

let done: string[] = [];

async function click(...pages: ReturnType<typeof page>[]): Promise<string[]> {
  done = [];
  const openWindow = async (address: string) => done.push(`open ${address}`);
  await lead({ matchAll: async () => pages, openWindow }, ADDRESS, 20);
  return done;
}

function heed(): void {
  Object.defineProperty(navigator, 'serviceWorker', { configurable: true, value: new EventTarget() });
  end = heedLead((path) => done.push(`go ${path}`));
}

test('a click opens a page where none is', async () => {
  expect(await click()).toEqual([`open ${ADDRESS}`]);
});

test('a page that is there goes to the place itself, the one that is looked at first', async () => {
  heed();
  const pages = [page('a'), page('b', { seen: true }), page('c', { seen: true, focused: true })];
  expect(await click(...pages)).toEqual(['focus c', 'go /p/1?from=push']);
  expect(await click(...pages.slice(0, 2))).toEqual(['focus b', 'go /p/1?from=push']);
});

test('a page that does not answer is sent there, and one of no worker is left as it is', async () => {
  expect(await click(page('a', { heeds: false }))).toEqual(['focus a', `navigate a ${ADDRESS}`]);
  expect(await click(page('a', { heeds: false, controlled: false }))).toEqual(['focus a', `open ${ADDRESS}`]);
});

test('a page heeds no other message', () => {
  heed();
  done = [];
  navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: null }));
  expect(done).toEqual([]);
});
