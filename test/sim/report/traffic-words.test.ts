import { expect, test } from 'vitest';
import { durationUs, timeUs } from '../../../daemon/base/time.ts';
import { outageWords } from '../../../sim/report/traffic-words.ts';

function outage(fromMs: number, lengthMs: number, lost = 1, open = false) {
  const [from, length] = [fromMs * 1000, lengthMs * 1000];
  return { from: timeUs(from), to: timeUs(from + length), length: durationUs(length), lost, open };
}

test('few outages are told one by one', () => {
  expect(outageWords([])).toEqual([]);
  expect(outageWords([outage(1000, 400), outage(2000, 3600, 35, true)])).toEqual([
    'out for 400 ms from 1.000 s on, 1 lost',
    'out for 3.6 s from 2.000 s on, 35 lost, still going on at the end',
  ]);
});

test('of many the three longest, in their order, and the rest in one line', () => {
  const many = [400, 1200, 390, 3000, 410, 900].map((length, i) => outage(i * 5000, length, i + 1));
  expect(outageWords(many)).toEqual([
    'out for 1.2 s from 5.000 s on, 2 lost',
    'out for 3 s from 15.000 s on, 4 lost',
    'out for 900 ms from 25.000 s on, 6 lost',
    'out 3 more times for 410 ms at most, 9 lost',
  ]);
});
