import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { holds } from './hold';

let held: number;
let clicked: number;
let button: HTMLButtonElement;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  [held, clicked] = [0, 0];
  button = document.createElement('button');
  document.body.append(button);
  document.body.addEventListener('click', count);
  stop = holds(button, () => held++).destroy;
});

afterEach(() => {
  stop();
  document.body.removeEventListener('click', count);
  button.remove();
  vi.useRealTimers();
});

function count() {
  clicked++;
}

function send(type: string, more: PointerEventInit & { detail?: number } = {}) {
  button.dispatchEvent(new PointerEvent(type, { bubbles: true, cancelable: true, ...more }));
}

function press(ms: number) {
  send('pointerdown');
  vi.advanceTimersByTime(ms);
  send('pointerup');
  send('click', { detail: 1 });
}

test('a short press is a click', () => {
  press(300);
  vi.advanceTimersByTime(1000);
  expect([held, clicked]).toEqual([0, 1]);
});

test('a long press is heard once, and is no click; the next one is', () => {
  press(700);
  expect([held, clicked]).toEqual([1, 0]);
  press(100);
  expect([held, clicked]).toEqual([1, 1]);
});

test('a press that moves is none', () => {
  send('pointerdown', { clientX: 0 });
  send('pointermove', { clientX: 30 });
  vi.advanceTimersByTime(1000);
  expect(held).toBe(0);
});

test('the right button is heard, and a finger that brings its menu is heard once', () => {
  send('contextmenu');
  expect(held).toBe(1);
  send('pointerdown');
  vi.advanceTimersByTime(600);
  send('contextmenu');
  expect(held).toBe(2);
});

test('a key is a click', () => {
  send('click', { detail: 0 });
  expect([held, clicked]).toEqual([0, 1]);
});
