/** When the frames of one process leave: one after the other, or as a recording says. */

import { expect, test } from 'vitest';
import type { TimeUs } from '../../../daemon/base/time.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import { type FrameMoment, FramePacer } from '../../../sim/host/frame-pacer.ts';
import { MachineTimers } from '../../../sim/host/machine-timers.ts';

const FIRST = Uint8Array.of(1);
const SECOND = Uint8Array.of(2);

function sentAt(frames: readonly Uint8Array[], momentOf?: FrameMoment): string[] {
  const engine = new Engine({ seed: 1 });
  const sent: string[] = [];
  const note = (_: string, frame: Uint8Array) => void sent.push(`${frame[0]} at ${engine.now}`);
  const pacer = new FramePacer(new MachineTimers(engine), note, momentOf);
  pacer.spend();
  for (const frame of frames) pacer.send('eth0', frame);
  engine.runUntil(10_000 as TimeUs);
  return sent;
}

test('a burst after an address was set: 120 µs, 60 µs, then 4 µs each', () => {
  expect(sentAt([FIRST, SECOND, SECOND])).toEqual(['1 at 120', '2 at 180', '2 at 184']);
});

test('a frame whose moment is given leaves then, and what follows comes after it', () => {
  const given: FrameMoment = (_, frame, now) =>
    frame === FIRST ? ((now + 700) as TimeUs) : undefined;
  expect(sentAt([FIRST, SECOND, SECOND], given)).toEqual(['1 at 700', '2 at 760', '2 at 764']);
});
