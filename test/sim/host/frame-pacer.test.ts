/** When the frames of one process leave: one after the other, or as a recording says. */

import { expect, test } from 'vitest';
import { durationUs, type TimeUs } from '../../../daemon/base/time.ts';
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

/** What a process did and when, to which `deeds` are put at the beginning. */
function doneAt(deeds: (pacer: FramePacer, note: (what: string) => () => void) => void): string[] {
  const engine = new Engine({ seed: 1 });
  const done: string[] = [];
  const note = (what: string) => () => void done.push(`${what} at ${engine.now}`);
  const send = (_: string, frame: Uint8Array) => note(`frame ${frame[0]}`)();
  deeds(new FramePacer(new MachineTimers(engine), send), note);
  engine.runUntil(10_000 as TimeUs);
  return done;
}

test('a master that is challenged announces itself after its advert: 50 µs, 25 µs, then 4 µs each', () => {
  const done = doneAt((pacer) => {
    pacer.advertised();
    for (const frame of [FIRST, SECOND, SECOND]) pacer.send('eth0', frame);
  });
  expect(done).toEqual(['frame 1 at 50', 'frame 2 at 75', 'frame 2 at 79']);
});

test('an advert that answers a packet leaves when that is read, and what it announces after it', () => {
  const done = doneAt((pacer, note) => {
    pacer.answer(durationUs(120), note('advert'));
    for (const frame of [FIRST, SECOND, SECOND]) pacer.send('eth0', frame);
  });
  expect(done).toEqual(['advert at 120', 'frame 1 at 170', 'frame 2 at 195', 'frame 2 at 199']);
});

test('addresses are deleted together after a while, and what was asked for after them comes after them', () => {
  const done = doneAt((pacer, note) => {
    pacer.delete(durationUs(85), note('first'));
    pacer.delete(durationUs(85), note('second'));
    expect(pacer.isDeleting).toBe(true);
    pacer.inTurn(note('script'));
  });
  expect(done).toEqual(['first at 85', 'second at 85', 'script at 85']);
});

test('an advert waits for addresses that are set and the burst about them, not for a burst alone', () => {
  const engine = new Engine({ seed: 1 });
  const pacer = new FramePacer(new MachineTimers(engine), () => undefined);
  pacer.send('eth0', FIRST);
  expect(pacer.isSettingUp).toBe(false);
  engine.runUntil(1000 as TimeUs);
  pacer.spend();
  pacer.send('eth0', FIRST);
  pacer.send('eth0', SECOND);
  engine.runUntil(1183 as TimeUs);
  expect(pacer.isSettingUp).toBe(true);
  engine.runUntil(1184 as TimeUs);
  expect(pacer.isSettingUp).toBe(false);
});

test('deletion begins when the frames before it have left', () => {
  const done = doneAt((pacer, note) => {
    pacer.send('eth0', FIRST);
    pacer.send('eth0', SECOND);
    pacer.delete(durationUs(85), note('gone'));
  });
  expect(done).toEqual(['frame 1 at 0', 'frame 2 at 25', 'gone at 114']);
});

test('a process that is gone deletes nothing any more', () => {
  const done = doneAt((pacer, note) => {
    pacer.delete(durationUs(85), note('gone'));
    pacer.stop();
  });
  expect(done).toEqual([]);
});
