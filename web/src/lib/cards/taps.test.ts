import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { taps } from './taps';

let node: HTMLElement;
let button: HTMLElement;
let heard: string[];
let action: ReturnType<typeof taps>;

beforeEach(() => {
  vi.useFakeTimers();
  node = document.createElement('div');
  button = document.createElement('button');
  node.append(button);
  document.body.append(node);
  heard = [];
  action = taps(node, { double: () => heard.push('double'), long: () => heard.push('long') });
});

afterEach(() => {
  action.destroy();
  node.remove();
  vi.useRealTimers();
});

function pointer(type: string, target: HTMLElement, isPrimary = true): void {
  const event = new Event(type, { bubbles: true });
  const more = { isPrimary, button: 0, clientX: 5, clientY: 5, pointerType: 'touch' };
  target.dispatchEvent(Object.assign(event, more));
}

function tap(target: HTMLElement): void {
  pointer('pointerdown', target);
  pointer('pointerup', target);
}

test('two taps on a picture are one wish', () => {
  tap(node);
  tap(node);
  expect(heard).toEqual(['double']);
});

test('two taps on a button of the picture are the button alone', () => {
  tap(button);
  tap(button);
  tap(node);
  expect(heard).toEqual([]);
});

test('a long press is one finger alone', () => {
  pointer('pointerdown', node);
  vi.advanceTimersByTime(600);
  expect(heard).toEqual(['long']);
  pointer('pointerup', node);
  pointer('pointerdown', node);
  pointer('pointerdown', node, false);
  vi.advanceTimersByTime(600);
  pointer('pointerup', node, false);
  pointer('pointerup', node);
  tap(node);
  expect(heard).toEqual(['long']);
});
