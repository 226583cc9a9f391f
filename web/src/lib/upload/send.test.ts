import { expect, test } from 'vitest';
import { pause, places } from './send';

test('so many run at a time, each in its turn, also after a failure', async () => {
  const inTurn = places(2);
  const order: number[] = [];
  let [running, most] = [0, 0];
  const works = Array.from({ length: 6 }, (_, index) =>
    inTurn(async () => {
      running += 1;
      most = Math.max(most, running);
      order.push(index);
      await Promise.resolve();
      running -= 1;
      if (index === 1) throw new Error('it failed');
    }),
  );
  const results = await Promise.allSettled(works);
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
});

test('a pause ends at once when it is aborted', async () => {
  const control = new AbortController();
  const waiting = pause(60_000, control.signal);
  control.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  await expect(pause(60_000, control.signal)).rejects.toThrow('stopped');
});
