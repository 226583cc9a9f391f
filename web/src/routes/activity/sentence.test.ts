import { afterEach, describe, expect, it } from 'vitest';
import { overwriteGetLocale } from '$lib/paraglide/runtime.js';
import { sentence } from './sentence';

const NAMES = ['anna', 'ben', 'cleo'];
const actors = (count: number) =>
  NAMES.slice(0, count).map((username) => ({ user_id: username, username, profile_pic: '' }));
const row = (type: string, shown: number, actor_count = shown) => ({
  type,
  actors: actors(shown),
  actor_count,
  message: 'as the API says it',
});
const text = (...of: Parameters<typeof row>) =>
  sentence(row(...of))
    .map((part) => part.text)
    .join('');

afterEach(() => overwriteGetLocale(() => 'en'));

describe('what a row says', () => {
  it.each([
    [text('like', 1), 'anna likes your photo'],
    [text('like', 2), 'anna and ben like your photo'],
    [text('like', 3), 'anna, ben and 1 other like your photo'],
    [text('like', 3, 12_000), 'anna, ben and 12K others like your photo'],
    [text('follow', 1), 'anna follows you'],
    [text('follow', 3, 21), 'anna, ben and 19 others follow you'],
    [text('like', 1, 2), 'anna and 1 other like your photo'],
    [text('like', 0, 2), 'Somebody likes your photo'],
    [text('comment', 3, 4), 'anna, ben and 2 others commented on your photo'],
    [text('reply', 1), 'anna replied to your comment'],
    [text('mention', 1), 'anna mentioned you in a comment'],
    [text('comment_like', 2), 'anna and ben like your comment'],
    [text('request', 1, 3), 'anna and 2 others want to follow you'],
    [text('acceptance', 1), 'anna accepted your request'],
    [text('post', 1), 'anna shared a new photo'],
    [text('session', 1), 'New login to your account'],
    [text('password', 1), 'Your password was changed'],
    [text('story', 1), 'as the API says it'],
  ])('%s', (said, wanted) => {
    expect(said).toBe(wanted);
  });

  it('is said in German', () => {
    overwriteGetLocale(() => 'de');
    expect(text('like', 2)).toBe('anna und ben gefällt dein Foto');
    expect(text('follow', 3, 4)).toBe('anna, ben und 2 weitere folgen dir');
    expect(text('comment_like', 1, 2)).toBe('anna und 1 weiteren Person gefällt dein Kommentar');
    expect(text('post', 1)).toBe('anna hat ein neues Foto geteilt');
    expect(text('session', 1)).toBe('Neue Anmeldung mit deinem Konto');
    expect(text('password', 1)).toBe('Dein Passwort wurde geändert');
  });

  it('marks the names, so that they are links', () => {
    expect(sentence(row('follow', 2))).toEqual([
      { text: 'anna', username: 'anna' },
      { text: ' and ' },
      { text: 'ben', username: 'ben' },
      { text: ' follow you' },
    ]);
    expect(sentence(row('post', 1))[0]).toEqual({ text: 'anna', username: 'anna' });
    expect(sentence(row('session', 1)).some(({ username }) => username)).toBe(false);
  });
});
