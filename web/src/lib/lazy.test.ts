import { expect, test, vi } from 'vitest';
import { fetched } from './lazy';

const failure = (text: string) =>
  Object.assign(new Event('vite:preloadError'), { payload: new Error(text) }) as Event & { payload: Error };

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

test('a style sheet that failed is fetched anew the next time, and no other', () => {
  for (const name of ['lost', 'there']) {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `/${name}.css` });
    document.head.append(link);
  }
  dispatchEvent(failure(`Unable to preload CSS for ${new URL('/lost.css', location.href)}`));
  expect([...document.querySelectorAll('link')].map((link) => link.getAttribute('href'))).toEqual(['/there.css']);
});

test('a failure that has been told is not reported as one that nobody caught', () => {
  const event = failure('Unable to preload CSS for /a.css');
  dispatchEvent(event);
  const reported = (reason: unknown) =>
    dispatchEvent(Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason }));
  expect(reported(event.payload)).toBe(false);
  expect(reported(new Error('something else'))).toBe(true);
});
