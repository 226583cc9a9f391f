import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { preload, Unfetched } from './preload';

const BASE = 'http://localhost/_app/chunks/from.js';

let asked: string[];
/** The files that can be fetched by now. */
let there: Set<string>;

beforeEach(() => {
  asked = [];
  there = new Set();
  const nameOf = (address: string) => new URL(address).pathname.replace('/_app/', '');
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(nameOf(address));
    if (!there.has(nameOf(address))) throw new TypeError('Failed to fetch');
    return new Response('');
  });
  // What a browser does with a style sheet.
  vi.spyOn(document.head, 'append').mockImplementation((link) => {
    if (!(link instanceof HTMLLinkElement)) return;
    asked.push(nameOf(link.href));
    setTimeout(() => link.dispatchEvent(new Event(there.has(nameOf(link.href)) ? 'load' : 'error')));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.head.replaceChildren();
});

test('a part is imported once all of its files are there, and each is fetched once', async () => {
  there = new Set(['chunks/a.js', 'chunks/b.js', 'a.css']);
  const load = vi.fn(async () => 'the part');
  const files = ['./a.js', './b.js', '../a.css'];
  expect(await Promise.all([preload(load, files, BASE), preload(load, files, BASE)])).toEqual(['the part', 'the part']);
  expect(asked).toEqual(['chunks/a.js', 'chunks/b.js', 'a.css']);
});

test('what failed is fetched anew, and nothing is imported before it is there', async () => {
  const load = vi.fn(async () => 'the part');
  for (const [lost, kept] of [
    ['chunks/c.js', 'c.css'],
    ['d.css', 'chunks/d.js'],
  ] as const) {
    asked = [];
    there = new Set([kept]);
    const files = [`../${kept}`, `../${lost}`];
    await expect(preload(load, files, BASE)).rejects.toBeInstanceOf(Unfetched);
    expect(load).not.toHaveBeenCalled();
    there.add(lost);
    expect(await preload(load, files, BASE)).toBe('the part');
    expect(asked).toEqual([kept, lost, lost]);
    load.mockClear();
  }
});

test('an answer that is an error is no file', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 503 }));
  await expect(preload(async () => 'the part', ['./e.js'], BASE)).rejects.toBeInstanceOf(Unfetched);
});

test('what the shell has fetched is not fetched again', async () => {
  document.head.innerHTML = '<link href="/_app/chunks/f.js" rel="modulepreload">';
  expect(await preload(async () => 'the part', ['./f.js'], BASE)).toBe('the part');
  expect(asked).toEqual([]);
});
