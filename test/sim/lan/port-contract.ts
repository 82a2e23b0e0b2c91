/** What any pair of ports joined by a line must do; run by the tests of cables, and of every other port. */

import { expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import type { Engine } from '../../../sim/engine/engine.ts';
import type { Port, PortReceiver } from '../../../sim/lan/port.ts';

/** Two ports, what is sent into one comes out of the other. */
export interface PortPair {
  readonly a: Port;
  readonly b: Port;
  /** Takes the signal away from both ends, and gives it back. */
  setConnected(connected: boolean): void;
  /** Lets everything that is under way come to its end. */
  settle(): void | Promise<void>;
  /** Frames cross a real wire: what arrives is equal, not the same buffer. */
  readonly isRealWire?: true;
  close?(): void;
}

/** A pair on one engine: a second of virtual time settles everything. */
export function virtualPair(engine: Engine, pair: Omit<PortPair, 'settle'>): PortPair {
  return { ...pair, settle: () => void engine.runUntil(timeUs(engine.now + 1_000_000)) };
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
export function itKeepsThePortContract(
  make: () => PortPair | Promise<PortPair>,
  whyNot?: string,
): void {
  const claim = (name: string, body: (pair: Connected) => Promise<void>): void => {
    it(name, async (context) => {
      context.skip(whyNot !== undefined, whyNot);
      const pair = await make();
      try {
        const [earA, earB] = [new Ear(), new Ear()];
        pair.a.attach(earA);
        pair.b.attach(earB);
        await pair.settle();
        await body({ pair, earA, earB, settle: async () => pair.settle() });
      } finally {
        pair.close?.();
      }
    });
  };

  claim(
    'delivers a frame to the far end as a later event',
    async ({ pair, earA, earB, settle }) => {
      const frame = markedFrame(1);
      pair.a.send(frame);
      expect(earB.frames).toEqual([]);
      await settle();
      expect(earB.frames).toHaveLength(1);
      if (pair.isRealWire === true) expect(earB.frames[0]).toEqual(frame);
      else expect(earB.frames[0], 'the very same buffer').toBe(frame);
      expect(earA.frames).toEqual([]);
    },
  );

  claim('keeps the order of frames, both ways', async ({ pair, earA, earB, settle }) => {
    for (let mark = 0; mark < 20; mark++) {
      pair.a.send(markedFrame(mark));
      pair.b.send(markedFrame(100 + mark));
    }
    await settle();
    expect(marksOf(earB)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(marksOf(earA)).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
  });

  claim('may be sent to from within onFrame', async ({ pair, earA, earB, settle }) => {
    earB.onHeard = (frame) => pair.b.send(frame);
    pair.a.send(markedFrame(7));
    await settle();
    expect(marksOf(earA)).toEqual([7]);
  });

  claim('loses the carrier at once and tells both devices by a later event', async (given) => {
    const { pair, earA, earB, settle } = given;
    expect([pair.a.carrier, pair.b.carrier]).toEqual([true, true]);
    pair.setConnected(false);
    expect([pair.a.carrier, pair.b.carrier]).toEqual([false, false]);
    expect([earA.carrier, earB.carrier]).toEqual([[], []]);
    await settle();
    expect([earA.carrier, earB.carrier]).toEqual([[false], [false]]);
  });

  claim('loses what is sent without a carrier, and what was on the way then', async (given) => {
    const { pair, earB, settle } = given;
    pair.a.send(markedFrame(1));
    pair.setConnected(false);
    pair.a.send(markedFrame(2));
    await settle();
    pair.setConnected(true);
    await settle();
    expect(earB.frames).toEqual([]);
    pair.a.send(markedFrame(3));
    await settle();
    expect(marksOf(earB)).toEqual([3]);
    expect(earB.carrier).toEqual([false, true]);
  });

  claim('hands a second device the place of the first', async ({ pair, earB, settle }) => {
    const next = new Ear();
    pair.b.attach(next);
    pair.a.send(markedFrame(1));
    await settle();
    expect([earB.frames.length, next.frames.length]).toEqual([0, 1]);
  });
}

interface Connected {
  readonly pair: PortPair;
  readonly earA: Ear;
  readonly earB: Ear;
  readonly settle: () => Promise<void>;
}

function marksOf(ear: Ear): readonly (number | undefined)[] {
  return ear.frames.map((frame) => frame[59]);
}
