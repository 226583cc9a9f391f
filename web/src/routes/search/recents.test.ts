import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import '$lib/forget';
import { decide } from '$lib/data/away.svelte';
import { person } from '$lib/data/entities.svelte';
import { session } from '$lib/session.svelte';
import { recents } from './recents.svelte';

const card = (id: string, username = `name_${id}`) => ({
  user_id: id,
  username,
  full_name: null,
  profile_pic: '',
  private: false,
});

const ids = () => recents.people.map(({ id }) => id);

async function signIn(name: string): Promise<void> {
  vi.stubGlobal('fetch', async () => Response.json({ user_id: name, username: name, expires_in: 900 }));
  await session.signIn(name, 'a test is no secret');
}

beforeEach(async () => {
  await signIn('me');
  recents.refresh();
});

afterEach(() => {
  session.end();
  localStorage.clear();
  vi.unstubAllGlobals();
});

test('whom one opened last is first, and there once', () => {
  for (const id of ['1', '2', '1']) recents.add(card(id));
  expect(ids()).toEqual(['1', '2']);
});

test('twenty are kept', () => {
  for (let id = 1; id <= 25; id++) recents.add(card(String(id)));
  expect([ids().length, ids()[0], ids()[19]]).toEqual([20, '25', '6']);
});

test('they are there after the page is loaded again', async () => {
  recents.add(card('1'));
  vi.resetModules();
  const again = await import('./recents.svelte');
  expect(again.recents.people.map(({ id }) => id)).toEqual(['1']);
});

test('one is removed, and all are', () => {
  for (const id of ['1', '2', '3']) recents.add(card(id));
  recents.remove('2');
  expect(ids()).toEqual(['3', '1']);
  recents.clear();
  expect([ids(), localStorage.getItem('searched')]).toEqual([[], null]);
});

test('nothing of them is left when the session ends', () => {
  recents.add(card('1'));
  session.end();
  expect([ids(), localStorage.getItem('searched')]).toEqual([[], null]);
});

test("they are not another's", async () => {
  recents.add(card('1'));
  const kept = localStorage.getItem('searched') ?? '';
  await signIn('other');
  localStorage.setItem('searched', kept);
  recents.refresh();
  expect(ids()).toEqual([]);
});

test('what cannot be read is nothing', () => {
  localStorage.setItem('searched', '{');
  recents.refresh();
  expect(ids()).toEqual([]);
});

test('somebody is shown by the name that they have now', () => {
  recents.add(card('1', 'anna'));
  person({ ...card('1', 'annabel'), followed_by_you: false });
  expect(recents.people.map(({ card }) => card.username)).toEqual(['annabel']);
});

test('somebody blocked is not shown', () => {
  for (const id of ['1', '2']) recents.add(card(id));
  decide({ userId: '2', blocked: true, muted: false });
  expect(ids()).toEqual(['1']);
});
