/** How long ago rows are from. */
export type Span = 'today' | 'week' | 'earlier';

export interface Group<T> {
  span: Span;
  rows: T[];
}

/** Groups rows by the day they were told, as the person's own clock and place count days. Groups without a row are left out. */
export function grouped<T extends { created_at: string }>(rows: T[], now: number): Group<T>[] {
  const today = startOfDay(now, 0);
  const week = startOfDay(now, -6);
  const spanOf = (row: T): Span => {
    const at = Date.parse(row.created_at);
    if (at >= today) return 'today';
    return at >= week ? 'week' : 'earlier';
  };
  const spans: Span[] = ['today', 'week', 'earlier'];
  return spans
    .map((span) => ({ span, rows: rows.filter((row) => spanOf(row) === span) }))
    .filter((group) => group.rows.length > 0);
}

/** Returns when a day began. Days have 23 or 25 hours when clocks are changed, so they are not counted in hours. */
function startOfDay(now: number, days: number): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}
