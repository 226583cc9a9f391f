import { expect, test } from 'vitest';
import { changesOf, type Texts } from './changes';

const before: Texts = {
  caption: 'a',
  location: 'b',
  tags: ['c'],
  alts: ['d', ''],
  comments: 'everyone',
  hideLikes: false,
};

test('nothing is sent when nothing has changed but blanks', () => {
  expect(changesOf(before, { ...before, caption: ' a ', alts: ['d ', ' '] })).toBeUndefined();
});

test('only what has changed is sent, each picture by its place', () => {
  const after = { ...before, location: '', tags: [], alts: ['d', 'e'] };
  expect(changesOf(before, after)).toEqual({ location: '', tags: [], media: [{ index: 1, alt: 'e' }] });
});

test('who may comment and whether likes are counted are sent when they have changed', () => {
  const after: Texts = { ...before, comments: 'followers', hideLikes: true };
  expect(changesOf(before, after)).toEqual({ comments: 'followers', hide_like_count: true });
  expect(changesOf(after, after)).toBeUndefined();
});
