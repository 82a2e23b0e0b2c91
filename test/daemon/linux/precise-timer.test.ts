/** The alarm of a real host: never early, and never before what came first was read. */

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type TimeUs, timeUs } from '../../../daemon/base/time.ts';
import { PreciseTimer } from '../../../daemon/linux/precise-timer.ts';

/** An alarm on a clock that is set by hand; `heard` is what was read so far. */
function playedTimer(onRead: (reads: number, timer: PreciseTimer) => void = () => {}) {
  const state = { now: 0, heard: 0, reads: 0, rung: 0 };
  const timer: PreciseTimer = new PreciseTimer(
    { now: () => timeUs(state.now) },
    {
      onDue: () => state.rung++,
      readAll: () => {
        onRead(++state.reads, timer);
        return state.heard;
      },
    },
  );
  return { state, timer };
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

test('rings once, not before its moment', async () => {
  const { state, timer } = playedTimer();
  timer.moveTo(timeUs(500));
  state.now = 499;
  await turns(10);
  expect(state.rung).toBe(0);
  state.now = 500;
  await turns(10);
  expect(state.rung).toBe(1);
  expect(timer.due).toBeUndefined();
});

test('late as it is, what is read first may move it: it does not ring for what is void', async () => {
  const later = timeUs(20_000_000);
  const { state, timer } = playedTimer((reads, one) => {
    if (reads === 2) one.moveTo(later);
  });
  timer.moveTo(timeUs(500));
  state.now = 10_000_000;
  await turns(20);
  expect(state).toMatchObject({ rung: 0, reads: 2 });
  expect(timer.due).toBe(later);
  timer.moveTo(undefined);
});

test('goes on reading while something comes, and rings when it is quiet', async () => {
  const { state, timer } = playedTimer((reads) => {
    if (reads <= 5) state.heard++;
  });
  timer.moveTo(timeUs(1));
  state.now = 1;
  await turns(20);
  expect(state).toMatchObject({ rung: 1, reads: 6 });
});

test('a flood delays it and does not silence it', async () => {
  const { state, timer } = playedTimer(() => {
    state.heard++;
  });
  timer.moveTo(timeUs(1));
  state.now = 1;
  await turns(100);
  expect(state.rung).toBe(0);
  await turns(200);
  expect(state.rung).toBe(1);
});

test('moved while it reads, it rings for the new moment alone', async () => {
  let moved = false;
  const { state, timer } = playedTimer((_reads, one) => {
    if (!moved) one.moveTo(timeUs(2) satisfies TimeUs);
    moved = true;
  });
  timer.moveTo(timeUs(1));
  state.now = 5;
  await turns(20);
  expect(state.rung).toBe(1);
});
