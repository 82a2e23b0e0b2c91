/** Batches of reads and writes through a ring whose kernel is played: order, partial submissions, refusals. */

import { describe, expect, test } from 'vitest';
import type { MacAddress } from '../../../daemon/wire/mac-address.ts';
import {
  BATCH_FRAME_MAX,
  BATCH_MAX,
  type BatchRing,
  openBatchRing,
  type RingCalls,
} from '../../../sim/bridge/batch-ring.ts';
import { DescriptorPort } from '../../../sim/bridge/descriptor-port.ts';
import type { LinkCalls } from '../../../sim/bridge/link-calls.ts';
import { portId } from '../../../sim/lan/port.ts';
import { Ear, markedFrame } from '../lan/port-contract.ts';

const [IN, OUT] = [10, 11];
const EAGAIN = 11;
const EOPNOTSUPP = 95;
/** Offsets as Linux 6.18 answers for 128 entries, in octets. */
const AT = { sqTail: 4, cqHead: 8, cqTail: 12, sqMask: 16, cqMask: 20, cqes: 64, sqArray: 4160 };

/** The kernel's side of a ring, and queues behind descriptors. */
class PlayedKernel {
  readonly arrived: Uint8Array[] = [];
  readonly written: number[] = [];
  /** Results that a read gives instead of a frame, by number of the read. */
  readonly readErrors = new Map<number, number>();
  writeError = 0;
  enters = 0;
  /** Most operations that one `enter` takes. */
  takesAtMost = BATCH_MAX;
  readonly #queues = new ArrayBuffer(4672);
  readonly #entries = new ArrayBuffer(BATCH_MAX * 64);
  readonly #areas: Uint8Array[] = [];
  #head = 0;
  #reads = 0;

  readonly calls: RingCalls = {
    libc: {
      // High halves tell the areas apart: addresses have 64 bits.
      addressOf: (bytes) => BigInt(this.#areas.push(bytes)) << 40n,
      close: () => {},
    },
    setup: (entries, params) => {
      params.set([entries, entries * 2], 0);
      params[5] = 1;
      params.set([0, AT.sqTail, AT.sqMask, 24, 36, 32, AT.sqArray], 10);
      params.set([AT.cqHead, AT.cqTail, AT.cqMask, 28, 44, AT.cqes], 20);
      const words = new Uint32Array(this.#queues);
      words[AT.sqMask >> 2] = entries - 1;
      words[AT.cqMask >> 2] = entries * 2 - 1;
      return 7;
    },
    map: (_length, _ring, offset) => (offset === 0 ? this.#queues : this.#entries),
    enter: (_ring, submit) => {
      this.enters++;
      const count = Math.min(submit, this.takesAtMost);
      for (let i = 0; i < count; i++) this.#carryOut();
      return count;
    },
  };

  #carryOut(): void {
    const queues = new Int32Array(this.#queues);
    const index = queues[(AT.sqArray >> 2) + (this.#head++ & (BATCH_MAX - 1))] as number;
    const entry = new DataView(this.#entries, index * 64, 64);
    const address = entry.getBigUint64(16, true);
    const area = this.#areas[Number(address >> 40n) - 1] as Uint8Array;
    const start = Number(address & 0xff_ffff_ffffn);
    const length = entry.getUint32(24, true);
    expect(entry.getBigInt64(8, true)).toBe(-1n);
    expect(entry.getUint32(28, true)).toBe(8);
    const isRead = entry.getUint8(0) === 22;
    expect(entry.getInt32(4, true)).toBe(isRead ? IN : OUT);
    const result = isRead ? this.#read(area, start) : this.#write(area, start, length);
    const tail = queues[AT.cqTail >> 2] as number;
    const at = (AT.cqes >> 2) + (tail & (BATCH_MAX * 2 - 1)) * 4;
    queues[at] = Number(entry.getBigUint64(32, true));
    queues[at + 2] = result;
    queues[AT.cqTail >> 2] = tail + 1;
  }

  #read(area: Uint8Array, start: number): number {
    const error = this.readErrors.get(this.#reads++);
    if (error !== undefined) return -error;
    const frame = this.arrived.shift();
    if (frame === undefined) return -EAGAIN;
    area.set(frame, start);
    return frame.length;
  }

  #write(area: Uint8Array, start: number, length: number): number {
    if (this.writeError !== 0) return -this.writeError;
    this.written.push(area[start + length - 1] as number);
    return length;
  }
}

function ringOn(kernel: PlayedKernel): BatchRing {
  const ring = openBatchRing(kernel.calls);
  if (ring === undefined) throw new Error('no ring');
  return ring;
}

describe('reading', () => {
  test('takes what is there by one call, and frames that came between two reads', () => {
    const kernel = new PlayedKernel();
    const ring = ringOn(kernel);
    kernel.readErrors.set(1, EAGAIN);
    kernel.arrived.push(markedFrame(1), markedFrame(2));
    expect(ring.read(IN, 4)).toBe(4);
    expect([...ring.results.slice(0, 4)]).toEqual([60, -EAGAIN, 60, -EAGAIN]);
    expect([ring.frame(0, 60)[59], ring.frame(2, 60)[59]]).toEqual([1, 2]);
    expect(kernel.enters).toBe(1);
  });

  test('goes on where the kernel took only a part, round the ring many times', () => {
    const kernel = new PlayedKernel();
    const ring = ringOn(kernel);
    kernel.takesAtMost = 50;
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < BATCH_MAX; i++) kernel.arrived.push(markedFrame(i));
      expect(ring.read(IN, 1000)).toBe(BATCH_MAX);
      const marks = Array.from({ length: BATCH_MAX }, (_, i) => ring.frame(i, 60)[59]);
      expect(marks).toEqual(Array.from({ length: BATCH_MAX }, (_, i) => i));
    }
    expect(kernel.enters).toBe(30);
  });
});

describe('writing', () => {
  test('keeps the order over more than one batch, and tells each result', () => {
    const kernel = new PlayedKernel();
    const ring = ringOn(kernel);
    const results: number[] = [];
    ring.collect();
    for (let i = 0; i < 200; i++) {
      ring.write(OUT, markedFrame(i), { onWritten: (result) => results.push(result) });
    }
    expect(kernel.written.length).toBe(BATCH_MAX);
    ring.submit();
    expect(kernel.written).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(results).toEqual(new Array(200).fill(60));
    expect(kernel.enters).toBe(2);
  });
});

describe('no ring', () => {
  test('where the kernel forbids it, or gives no memory', () => {
    const { calls } = new PlayedKernel();
    expect(openBatchRing({ ...calls, setup: () => -1 })).toBeUndefined();
    const closed: number[] = [];
    const libc = { ...calls.libc, close: (descriptor: number) => void closed.push(descriptor) };
    expect(openBatchRing({ ...calls, libc, map: () => undefined })).toBeUndefined();
    expect(closed).toEqual([7]);
  });
});

describe('a port', () => {
  test('reads one frame directly and more by the ring', () => {
    const { kernel, port, ear, reads } = portOn();
    for (let i = 0; i < 5; i++) kernel.arrived.push(markedFrame(i));
    expect(port.drain(1)).toBe(true);
    expect([reads.length, kernel.enters]).toEqual([1, 0]);
    expect(port.drain(8)).toBe(false);
    expect([reads.length, kernel.enters]).toEqual([1, 1]);
    expect(ear.frames.map((frame) => frame[59])).toEqual([0, 1, 2, 3, 4]);
  });

  test('does without where the descriptor cannot promise not to wait, and loses nothing', () => {
    const { kernel, port, ear, direct } = portOn();
    kernel.readErrors.set(0, EOPNOTSUPP);
    for (let slot = 1; slot < 8; slot++) kernel.readErrors.set(slot, EOPNOTSUPP);
    kernel.arrived.push(markedFrame(1), markedFrame(2));
    expect(port.drain(8)).toBe(true);
    expect(port.drain(8)).toBe(false);
    expect(ear.frames.map((frame) => frame[59])).toEqual([1, 2]);

    const other = portOn();
    other.kernel.writeError = EOPNOTSUPP;
    other.ring.collect();
    other.port.send(markedFrame(3));
    other.port.send(markedFrame(4));
    other.ring.submit();
    expect(other.direct).toEqual([3, 4]);
    expect(other.port.counters).toMatchObject({ sent: 2, refused: 0 });
    expect(direct).toEqual([]);
  });

  test('sends a frame that no batch takes after those before it', () => {
    const { kernel, port, ring, order } = portOn();
    ring.collect();
    port.send(markedFrame(1));
    const long = new Uint8Array(BATCH_FRAME_MAX + 1).fill(9);
    port.send(long);
    port.send(markedFrame(2));
    ring.submit();
    expect(order()).toEqual([1, 9, 2]);
    expect(kernel.enters).toBe(2);
  });

  test('counts what the kernel refused, and stops when the interface is gone', () => {
    const { kernel, port, ring } = portOn();
    kernel.writeError = 77;
    ring.collect();
    port.send(markedFrame(1));
    ring.submit();
    expect(port.counters.refused).toBe(1);
    expect(port.vanished).toBe(true);
  });
});

/** A port between a played kernel's descriptors. */
function portOn() {
  const kernel = new PlayedKernel();
  const ring = ringOn(kernel);
  const reads: number[] = [];
  const direct: number[] = [];
  const calls: LinkCalls = {
    ring,
    read: (descriptor, into) => {
      reads.push(descriptor);
      const frame = kernel.arrived.shift();
      if (frame === undefined) return -EAGAIN;
      into.set(frame);
      return frame.length;
    },
    write: (_descriptor, bytes, length) => {
      direct.push(bytes[length - 1] as number);
      kernel.written.push(bytes[length - 1] as number);
      return length;
    },
    poll: () => 0,
    close: () => {},
    libc: undefined as never,
    interfaceRequest: () => {},
    intRequest: () => {},
    socketPair: () => [-1, -1],
  };
  const port = new DescriptorPort({
    calls,
    kind: 'tap',
    id: portId('t', 't'),
    label: 't',
    mac: 2 as MacAddress,
    mtu: 1500,
    carrier: true,
    descriptor: IN,
    outDescriptor: OUT,
    isPacketSocket: false,
  });
  const ear = new Ear();
  port.attach(ear);
  return { kernel, ring, port, ear, reads, direct, order: () => kernel.written };
}
