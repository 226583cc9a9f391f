import { expect, test } from 'vitest';
import { watch, watched } from './watched.svelte';

test('the photo on top is watched, and the one below it again when that is left', () => {
  expect(watched.id).toBeUndefined();
  const leavePage = watch('1');
  const leaveOver = watch('2');
  expect(watched.id).toBe('2');
  leaveOver();
  expect(watched.id).toBe('1');
  leavePage();
  expect(watched.id).toBeUndefined();
});

test('a photo that is left below another leaves that watched', () => {
  const leaveFirst = watch('1');
  const leaveSecond = watch('1');
  leaveFirst();
  expect(watched.id).toBe('1');
  leaveSecond();
  expect(watched.id).toBeUndefined();
});
