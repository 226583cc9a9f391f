import { describe, expect, it } from 'vitest';
import { ownPath } from './next';

const ORIGIN = 'https://lambdagram.example';

describe('where to go after signing in', () => {
  it.each(['/activity', '/p/7?from=mail#likes', '/@anna'])('goes to %s', (next) => {
    expect(ownPath(next, ORIGIN)).toBe(next);
  });

  it.each([
    null,
    '',
    '//evil.example/x',
    '/\\evil.example',
    '/\t/evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    'activity',
    'http://[',
    '/login?next=/login',
    '/reset',
  ])('goes to the feed for %j', (next) => {
    expect(ownPath(next, ORIGIN)).toBe('/');
  });
});
