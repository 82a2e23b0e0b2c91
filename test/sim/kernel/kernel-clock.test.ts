import { expect, test } from 'vitest';
import { Engine } from '../../../sim/engine/engine.ts';
import { KernelClock, makeTimer } from '../../../sim/kernel/kernel-clock.ts';

test('a timer may be cancelled and armed after its clock has stopped', () => {
  const clock = new KernelClock(new Engine({ seed: 1 }), 0);
  const fired: number[] = [];
  const timers = [1, 2, 3].map((number) => makeTimer(() => fired.push(number)));
  for (const [index, timer] of timers.entries()) clock.arm(timer, 1000 * (index + 1));
  clock.stop();
  for (const timer of timers.toReversed()) clock.cancel(timer);
  for (const timer of timers) clock.arm(timer, 5000);
  for (const timer of timers) clock.cancel(timer);
  clock.engine.runUntil(10_000 as typeof clock.engine.now);
  expect(fired).toEqual([]);
});
