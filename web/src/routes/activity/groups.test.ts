import { describe, expect, it } from 'vitest';
import { grouped } from './groups';

/** A quarter past nine in the morning, wherever the test runs. */
const NOW = new Date(2026, 10, 30, 9, 15).getTime();
const row = (...at: [number, number, number, number?, number?]) => ({ created_at: new Date(...at).toISOString() });

describe('rows by day', () => {
  it('counts days from midnight, not by 24 hours', () => {
    const midnight = row(2026, 10, 30, 0, 0);
    const before = row(2026, 10, 29, 23, 59);
    expect(grouped([midnight, before], NOW)).toEqual([
      { span: 'today', rows: [midnight] },
      { span: 'week', rows: [before] },
    ]);
  });

  it('has a week of seven days, today included', () => {
    const first = row(2026, 10, 24, 0, 0);
    const before = row(2026, 10, 23, 23, 59);
    expect(grouped([first, before], NOW)).toEqual([
      { span: 'week', rows: [first] },
      { span: 'earlier', rows: [before] },
    ]);
  });

  it('keeps the order within a day', () => {
    const rows = [row(2026, 10, 30, 9), row(2026, 10, 30, 8), row(2026, 10, 30, 7)];
    expect(grouped(rows, NOW)).toEqual([{ span: 'today', rows }]);
  });

  it('leaves out days without rows', () => {
    expect(grouped([], NOW)).toEqual([]);
    expect(grouped([row(2026, 9, 1)], NOW).map((group) => group.span)).toEqual(['earlier']);
  });

  it('takes what a server ahead of this clock says for today', () => {
    expect(grouped([row(2026, 10, 30, 9, 20)], NOW).map((group) => group.span)).toEqual(['today']);
  });

  it('moves on at midnight', () => {
    const rows = [row(2026, 10, 30, 9)];
    const spanAt = (now: Date) => grouped(rows, now.getTime())[0]?.span;
    expect(spanAt(new Date(2026, 10, 30, 23, 59))).toBe('today');
    expect(spanAt(new Date(2026, 11, 1, 0, 0))).toBe('week');
    expect(spanAt(new Date(2026, 11, 6, 23, 59))).toBe('week');
    expect(spanAt(new Date(2026, 11, 7, 0, 0))).toBe('earlier');
  });
});
