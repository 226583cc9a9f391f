import { afterEach, beforeEach, expect, test } from 'vitest';
import { countInTitle } from './title';

let stop: () => void = () => {};
const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  document.head.innerHTML = '<title>Feed</title>';
});

afterEach(() => stop());

test('the count stands before the title of every screen, and goes with what is counted', async () => {
  stop = countInTitle(3);
  expect(document.title).toBe('(3) Feed');
  document.title = 'Activity';
  await settled();
  expect(document.title).toBe('(3) Activity');
  stop();
  stop = countInTitle(120);
  expect(document.title).toBe('(99+) Activity');
  stop();
  stop = countInTitle(0);
  document.title = 'Settings';
  await settled();
  expect(document.title).toBe('Settings');
});
