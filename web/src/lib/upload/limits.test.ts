import { describe, expect, test } from 'vitest';
import { lengthOf } from '$lib/text';
import { choose, contentTypeOf, MAX_BYTES } from './limits';
import { splitTags, tagProblem, withTags } from './tags';

describe('files', () => {
  test.each([
    ['a.jpg', 'image/jpeg', 'image/jpeg'],
    ['a.JPG', '', 'image/jpeg'],
    ['a.heic', '', 'image/heic'],
    ['a.HEIF', 'application/octet-stream', 'image/heic'],
    ['a', 'image/heif', 'image/heic'],
    ['a.tif', 'image/tiff', 'image/tiff'],
    ['a', 'image/x-ms-bmp', 'image/bmp'],
    ['a.svg', 'image/svg+xml', undefined],
    ['a.jpg', 'text/plain', undefined],
    ['a.mp4', 'video/mp4', undefined],
    ['noending', '', undefined],
  ])('%s of type "%s" is sent as %s', (name, type, sent) => {
    expect(contentTypeOf({ name, type })).toBe(sent);
  });

  test('are taken up to ten, and each refusal has its reason', () => {
    const file = (name: string, size = 1) => ({ name, size, type: '' });
    const files = [
      file('a.txt'),
      file('b.jpg', 0),
      file('c.jpg', MAX_BYTES + 1),
      file('d.jpg', MAX_BYTES),
      file('e.png'),
    ];
    const { taken, refused } = choose(files, 9);
    expect(taken.map(({ name }) => name)).toEqual(['d.jpg']);
    expect(refused.map(({ why }) => why)).toEqual(['type', 'empty', 'large', 'many']);
  });
});

test('texts are counted in characters, not in units of UTF-16', () => {
  expect(lengthOf('🌅e\u0301')).toBe(3);
});

describe('tags', () => {
  test('are separated by spaces, commas and the next sign', () => {
    expect(splitTags(' #sea, sky;#a#b  ＃c')).toEqual(['sea', 'sky', 'a', 'b', 'c']);
    expect(splitTags(' # , ')).toEqual([]);
  });

  test.each(['sea', 'überfahrt', '東京', 'a1', 'l·l', 'क्षि', 'snake_case'])('%s is one', (tag) => {
    expect(tagProblem(tag)).toBeUndefined();
  });

  test.each(['123', '_', 'a-b', 'a.b', '🌅'])('%s is none', (tag) => {
    expect(tagProblem(tag)).toBe('tag_invalid');
  });

  test('are at most 100 characters long', () => {
    expect(tagProblem('a'.repeat(100))).toBeUndefined();
    expect(tagProblem('a'.repeat(101))).toBe('tag_too_long');
  });

  test('are there once, in their order', () => {
    expect(withTags(['Sea'], ['sky', 'sea', 'sky'])).toEqual(['Sea', 'sky']);
  });
});
