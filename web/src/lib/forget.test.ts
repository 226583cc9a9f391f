import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import '$lib/forget';
import { preferences } from '$lib/preferences.svelte';
import { session } from '$lib/session.svelte';
import { read } from '$lib/stored-session';

const KEPT = ['wishes', 'uploads', 'picture'];

const answer = (body: object, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

async function signIn(name: string): Promise<void> {
  vi.stubGlobal('fetch', async () => answer({ user_id: name, username: name, expires_in: 900 }));
  await session.signIn(name, 'a test is no secret');
}

const left = () => KEPT.filter((key) => localStorage.getItem(key) !== null);

beforeEach(async () => {
  await signIn('anna');
  preferences.theme = 'dark';
  for (const key of KEPT) localStorage.setItem(key, 'of anna');
});

afterEach(() => {
  session.end();
  vi.unstubAllGlobals();
});

test('what is kept of somebody goes when they log out', async () => {
  vi.stubGlobal('fetch', async () => new Response(null, { status: 204 }));
  await session.signOut();
  expect([left(), read(), preferences.theme]).toEqual([[], null, 'dark']);
});

test('it goes when the session has expired for good', async () => {
  vi.stubGlobal('fetch', async () => answer({ code: 'session_ended' }, 401));
  expect(await session.renew()).toBe(false);
  expect([left(), read()]).toEqual([[], null]);
});

test('it goes when somebody else signs in, whose session stays', async () => {
  await signIn('ben');
  expect([left(), read()?.user_id]).toEqual([[], 'ben']);
});

test('it stays when the same person signs in again', async () => {
  await signIn('anna');
  expect(left()).toEqual(KEPT);
});
