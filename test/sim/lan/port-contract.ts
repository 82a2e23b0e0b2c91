/** What any pair of ports joined by a line must do; run by the tests of cables, and of every other port. */

import { expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import type { Engine } from '../../../sim/engine/engine.ts';
import type { Port, PortReceiver } from '../../../sim/lan/port.ts';

/** Two ports, what is sent into one comes out of the other. */
export interface PortPair {
  readonly engine: Engine;
  readonly a: Port;
  readonly b: Port;
  /** Takes the signal away from both ends, and gives it back. */
  setConnected(connected: boolean): void;
}

/** Everything that a receiver heard, in order. */
export class Ear implements PortReceiver {
  readonly frames: Uint8Array[] = [];
  readonly carrier: boolean[] = [];
  onHeard: ((frame: Uint8Array) => void) | undefined;

  onFrame(frame: Uint8Array): void {
    this.frames.push(frame);
    this.onHeard?.(frame);
  }

  onCarrier(up: boolean): void {
    this.carrier.push(up);
  }
}

/** A frame of 60 bytes whose last byte is `mark`. */
export function markedFrame(mark: number): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  frame[59] = mark;
  return frame;
}

/** Declares the tests of the contract; `make` is called anew for each. */
export function itKeepsThePortContract(make: () => PortPair): void {
  const connected = () => {
    const pair = make();
    const [earA, earB] = [new Ear(), new Ear()];
    pair.a.attach(earA);
    pair.b.attach(earB);
    const settle = () => pair.engine.runUntil(timeUs(pair.engine.now + 1_000_000));
    settle();
    return { ...pair, earA, earB, settle };
  };

  it('delivers a frame to the far end as a later event, as the very same buffer', () => {
    const { a, earA, earB, settle } = connected();
    const frame = markedFrame(1);
    a.send(frame);
    expect(earB.frames).toEqual([]);
    settle();
    expect(earB.frames).toHaveLength(1);
    expect(earB.frames[0]).toBe(frame);
    expect(earA.frames).toEqual([]);
  });

  it('keeps the order of frames, both ways', () => {
    const { a, b, earA, earB, settle } = connected();
    for (let mark = 0; mark < 20; mark++) {
      a.send(markedFrame(mark));
      b.send(markedFrame(100 + mark));
    }
    settle();
    expect(earB.frames.map((frame) => frame[59])).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(earA.frames.map((frame) => frame[59])).toEqual(
      Array.from({ length: 20 }, (_, i) => 100 + i),
    );
  });

  it('may be sent to from within onFrame', () => {
    const { a, b, earA, earB, settle } = connected();
    earB.onHeard = (frame) => b.send(frame);
    a.send(markedFrame(7));
    settle();
    expect(earA.frames.map((frame) => frame[59])).toEqual([7]);
  });

  it('loses the carrier at once and tells both devices by a later event', () => {
    const { a, b, earA, earB, settle, setConnected } = connected();
    expect([a.carrier, b.carrier]).toEqual([true, true]);
    setConnected(false);
    expect([a.carrier, b.carrier]).toEqual([false, false]);
    expect([earA.carrier, earB.carrier]).toEqual([[], []]);
    settle();
    expect([earA.carrier, earB.carrier]).toEqual([[false], [false]]);
  });

  it('loses what is sent without a carrier, and what was on the way when it went', () => {
    const { a, earB, settle, setConnected } = connected();
    a.send(markedFrame(1));
    setConnected(false);
    a.send(markedFrame(2));
    settle();
    setConnected(true);
    settle();
    expect(earB.frames).toEqual([]);
    a.send(markedFrame(3));
    settle();
    expect(earB.frames.map((frame) => frame[59])).toEqual([3]);
    expect(earB.carrier).toEqual([false, true]);
  });

  it('hands a second device the place of the first', () => {
    const { a, b, earB, settle } = connected();
    const next = new Ear();
    b.attach(next);
    a.send(markedFrame(1));
    settle();
    expect([earB.frames.length, next.frames.length]).toEqual([0, 1]);
  });
}
