import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decide } from '$lib/data/away.svelte';
import { person } from '$lib/data/entities.svelte';
import { session } from '$lib/session.svelte';
import SearchBox from './SearchBox.svelte';
import { Suggestions } from './suggestions.svelte';

const NAMES = ['maria', 'mark', 'max'];

const people = NAMES.map((username) =>
  person({ user_id: username, username, full_name: null, profile_pic: '', private: false, followed_by_you: false }),
);

const suggestions = new Suggestions();
const state = $state({ text: '', open: false });
let done: string[];
let box: Record<string, unknown>;

const field = () => document.querySelector('input') as HTMLInputElement;
const options = () => [...document.querySelectorAll('[role="option"]')].map((option) => option.textContent?.trim());
const expanded = () => field().getAttribute('aria-expanded') === 'true';

/** The option that has the focus for whoever hears the screen. It is the one marked as selected. */
function active(): string | undefined {
  const id = field().getAttribute('aria-activedescendant');
  const selected = [...document.querySelectorAll('[aria-selected="true"]')];
  expect(selected.map((option) => option.id)).toEqual(id ? [id] : []);
  return selected[0]?.querySelector('.name')?.textContent ?? undefined;
}

/** Presses keys, and returns whether the last one is left to the field. */
function press(...keys: string[]): boolean {
  let left = true;
  for (const key of keys) {
    const altKey = key.startsWith('Alt+');
    left = field().dispatchEvent(
      new KeyboardEvent('keydown', { key: key.replace('Alt+', ''), altKey, bubbles: true, cancelable: true }),
    );
    if (key === 'Enter') document.querySelector('form')?.requestSubmit();
    flushSync();
  }
  return left;
}

function type(text: string) {
  field().value = text;
  field().dispatchEvent(new InputEvent('input', { bubbles: true }));
  flushSync();
}

beforeEach(() => {
  done = [];
  Object.assign(state, { text: '', open: false });
  vi.spyOn(suggestions, 'type').mockImplementation(() => {});
  suggestions.answer = { items: people, next_cursor: null, has_more: false, corrected: null, text: 'ma' };
  suggestions.problem = undefined;
  box = mount(SearchBox, {
    target: document.body,
    props: {
      suggestions,
      get text() {
        return state.text;
      },
      set text(text) {
        state.text = text;
      },
      get open() {
        return state.open;
      },
      set open(open) {
        state.open = open;
      },
      all: '/search?q=ma',
      onall: () => done.push('all'),
      onchoose: ({ id }) => done.push(id),
    },
  });
  type('ma');
});

afterEach(async () => {
  await unmount(box);
  session.end();
  vi.restoreAllMocks();
});

test('typing opens the list, in which nobody is chosen', () => {
  expect([expanded(), options().length, active()]).toEqual([true, 3, undefined]);
  expect(field().getAttribute('aria-controls')).toBe(document.querySelector('[role="listbox"]')?.id);
});

test('the number of people is said', () => {
  expect(document.querySelector('search > [role="status"]')?.textContent).toBe('3 people found');
  press('Escape');
  expect(document.querySelector('search > [role="status"]')?.textContent).toBe('');
});

test('arrows go through the list, and around it by the field', () => {
  const way = ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowUp'].map((key) => {
    expect(press(key)).toBe(false);
    return active();
  });
  expect(way).toEqual(['maria', 'mark', 'max', undefined, 'max', 'mark']);
});

test('Home, End and the arrows of the caret lead back to the field', () => {
  for (const key of ['Home', 'End', 'ArrowLeft', 'ArrowRight']) {
    press('ArrowDown');
    expect([press(key), active(), expanded()]).toEqual([true, undefined, true]);
  }
});

test('Enter opens whoever is chosen', () => {
  press('ArrowUp', 'Enter');
  expect(done).toEqual(['max']);
});

test('Enter asks for all where nobody is chosen, and for nothing where nothing is typed', () => {
  press('Enter');
  type(' ');
  press('Enter');
  expect(done).toEqual(['all']);
});

test('a letter that is typed leads back to the field', () => {
  press('ArrowDown');
  type('mar');
  expect([active(), expanded()]).toEqual([undefined, true]);
});

test('whoever is chosen stays so when the list is another', () => {
  press('ArrowDown', 'ArrowDown');
  suggestions.answer = { items: people.slice(1), next_cursor: null, has_more: false, corrected: null, text: 'ma' };
  flushSync();
  expect(active()).toBe('mark');
});

test('Escape closes the list, and then clears the field', () => {
  press('Escape');
  expect([expanded(), state.text]).toEqual([false, 'ma']);
  press('Escape');
  expect(state.text).toBe('');
});

test('arrows open the list again, with Alt without choosing', () => {
  press('Escape', 'Alt+ArrowDown');
  expect([expanded(), active()]).toEqual([true, undefined]);
  press('Alt+ArrowUp');
  expect(expanded()).toBe(false);
  press('ArrowUp');
  expect([expanded(), active()]).toEqual([true, 'max']);
});

test('a tap opens somebody', () => {
  (document.querySelectorAll('[role="option"]')[1] as HTMLElement).click();
  expect(done).toEqual(['mark']);
});

test('somebody blocked is not offered', () => {
  decide({ userId: 'mark', blocked: true, muted: false });
  flushSync();
  expect(options()).toEqual(['maria', 'max'].map((name) => expect.stringContaining(name)));
  decide({ userId: 'mark', blocked: false, muted: false });
});

test('says what was found instead of a text with an error', () => {
  suggestions.answer = { items: people, next_cursor: null, has_more: false, corrected: 'maria', text: 'ma' };
  flushSync();
  expect(document.body.textContent).toContain('Showing results for “maria”.');
});

test('says that nobody was found, for the text that was asked for', () => {
  suggestions.answer = { items: [], next_cursor: null, has_more: false, corrected: null, text: 'ma' };
  type('mar');
  expect([expanded(), document.querySelector('.note')?.textContent]).toEqual([false, 'Nobody found for “ma”']);
});
