import { expect, it } from 'vitest';
import { placeOf } from './place';

it.each([
  ['session', '/settings/sessions', 'Sessions', 'device'],
  ['password', '/settings/sessions', 'Sessions', 'lock'],
  ['request', '/activity/requests', 'Follow requests', undefined],
])('a row of kind %s leads to %s', (type, href, label, icon) => {
  const place = placeOf({ type });
  expect([place?.href, place?.label(), place?.icon]).toEqual([href, label, icon]);
});

it.each(['like', 'post', 'follow', 'a kind of later'])('a row of kind %s leads to what it is about', (type) => {
  expect(placeOf({ type })).toBeUndefined();
});
