import { describe, expect, test } from 'vitest';
import { type Candidate, complete, offered, piecesOf, queryAt } from './mentions';

describe('mentions in a text', () => {
  const at = (username: string, start: number, length: number) => ({ username, start, length });

  test('are cut out by Unicode scalar values', () => {
    expect(piecesOf('🌅🌅 @ann, see', [at('ann', 3, 4)])).toEqual([
      { text: '🌅🌅 ' },
      { text: '@ann', username: 'ann' },
      { text: ', see' },
    ]);
  });

  test('may be all of it, or beside each other', () => {
    expect(piecesOf('@ann', [at('ann', 0, 4)])).toEqual([{ text: '@ann', username: 'ann' }]);
    expect(piecesOf('@a\n@b', [at('b', 3, 2), at('a', 0, 2)]).map(({ username }) => username)).toEqual([
      'a',
      undefined,
      'b',
    ]);
  });

  test('that are nowhere or over another are text', () => {
    expect(piecesOf('@ann', [at('ann', 2, 4)])).toEqual([{ text: '@ann' }]);
    expect(piecesOf('@ann', [at('ann', 0, 4), at('nn', 2, 2)])).toEqual([{ text: '@ann', username: 'ann' }]);
    expect(piecesOf('', [])).toEqual([]);
  });
});

describe('a mention that is being written', () => {
  test.each([
    ['@', 1, 0, ''],
    ['hello @an', 9, 6, 'an'],
    ['(@b.c', 5, 1, 'b.c'],
    ['🌅 @zoë', 7, 3, 'zoë'],
    ['@anna and', 3, 0, 'an'],
  ])('is found in %j at %i', (text, caret, start, found) => {
    expect(queryAt(text, caret)).toEqual({ start, text: found });
  });

  test.each([
    ['ann@example', 11],
    ['@ann ', 5],
    ['@@ann', 5],
    ['https://example.org/@ann', 24],
    ['no', 2],
  ])('is not in %j at %i', (text, caret) => {
    expect(queryAt(text, caret)).toBeUndefined();
  });

  test('is completed with a space, and the caret behind it', () => {
    const text = 'ask @an about it';
    const query = queryAt(text, 7);
    expect(query && complete(text, query, 'anna')).toEqual({ text: 'ask @anna about it', caret: 10 });
    expect(complete('@', { start: 0, text: '' }, 'anna')).toEqual({ text: '@anna ', caret: 6 });
  });
});

describe('who is offered', () => {
  const person = (username: string, full_name?: string): Candidate => ({
    user_id: username,
    username,
    full_name,
    profile_pic: '',
  });
  const people = [person('zoe', 'Anna Zoe'), person('Annabel'), person('bert.ann'), person('anna'), person('carl')];
  const names = (query: string) => offered(people, query).map(({ username }) => username);

  test('is whose user name begins so, then of whose name a word does', () => {
    expect(names('ann')).toEqual(['Annabel', 'anna', 'zoe', 'bert.ann']);
    expect(names('ANNA')).toEqual(['Annabel', 'anna', 'zoe']);
    expect(names('x')).toEqual([]);
  });

  test('is each once, and at most six', () => {
    const many = Array.from({ length: 20 }, (_, index) => person(`ann${index % 10}`));
    expect(offered(many, '').map(({ username }) => username)).toEqual(['ann0', 'ann1', 'ann2', 'ann3', 'ann4', 'ann5']);
  });
});
