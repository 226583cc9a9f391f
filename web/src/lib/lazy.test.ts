import { expect, test, vi } from 'vitest';
import { fetched } from './lazy';
import { Unfetched } from './preload';

test('a part that cannot be fetched is fetched when there is a connection', async () => {
  let online = false;
  let tries = 0;
  const part = fetched(async () => {
    tries += 1;
    if (!online) throw new TypeError('Failed to fetch dynamically imported module');
    return 'the part';
  });
  const connected = (enough: () => boolean) =>
    vi.waitFor(() => {
      dispatchEvent(new Event('online'));
      expect(enough()).toBe(true);
    });
  await connected(() => tries === 3);
  online = true;
  let there = '';
  void part.then((text) => {
    there = text;
  });
  await connected(() => there === 'the part');
  const all = tries;
  await connected(() => tries === all);
});

test('a file that was not fetched ahead is not reported as an error that nobody caught', () => {
  const reported = (reason: unknown) =>
    dispatchEvent(Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason }));
  expect(reported(new Unfetched('/a.js'))).toBe(false);
  expect(reported(new Error('something else'))).toBe(true);
});
