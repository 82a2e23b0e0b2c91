/** Frames that a sender left to its card are finished as the card would have. */

import { describe, expect, it } from 'vitest';
import { undoOffload } from '../../../sim/bridge/offload.ts';

const TCP_AT = 34;

/** A TCP segment with `payload` octets behind a virtio header that asks for segmentation and checksums. */
function large(payload: number, segmentSize: number): Uint8Array {
  const bytes = new Uint8Array(10 + 54 + payload);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  bytes[1] = segmentSize > 0 ? 1 : 0;
  view.setUint16(4, segmentSize, true);
  view.setUint16(6, TCP_AT, true);
  view.setUint16(8, 16, true);
  const frame = new Uint8Array(bytes.buffer, 10);
  const inner = new DataView(bytes.buffer, 10);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45]);
  inner.setUint16(16, 40 + payload);
  inner.setUint16(18, 0xfffe);
  frame[22] = 64;
  frame[23] = 6;
  inner.setUint32(26, 0x0a000001);
  inner.setUint32(30, 0x0a000002);
  inner.setUint16(24, 0xffff - fold(sum(frame, 14, 34)));
  inner.setUint32(38, 0xffff_ff00);
  frame[46] = 0x50;
  frame[47] = 0x19;
  for (let i = 0; i < payload; i++) frame[54 + i] = i & 0xff;
  // What the kernel leaves behind: the sum of the pseudo header.
  inner.setUint16(50, fold(sum(frame, 26, 34) + 6 + 20 + payload));
  return bytes;
}

describe('undoOffload', () => {
  it('completes a checksum', () => {
    const { frames, wasOffloaded } = undoOffload(large(101, 0), {
      frames: [],
      wasOffloaded: false,
    });
    expect([frames.length, wasOffloaded]).toEqual([1, true]);
    expect(tcpSum(frames[0])).toBe(0xffff);
  });

  it('leaves a finished frame as it is', () => {
    const bytes = large(10, 0);
    bytes[0] = 0;
    const { frames, wasOffloaded } = undoOffload(bytes, { frames: [], wasOffloaded: false });
    expect(wasOffloaded).toBe(false);
    expect(frames[0]).toEqual(bytes.subarray(10));
  });

  it('cuts a large segment: sequence, identification, lengths, flags and checksums', () => {
    const { frames } = undoOffload(large(2500, 1000), { frames: [], wasOffloaded: false });
    const views = frames.map((one) => new DataView(one.buffer, one.byteOffset, one.byteLength));
    expect(frames.map((one) => one.length)).toEqual([1054, 1054, 554]);
    expect(views.map((one) => one.getUint32(38))).toEqual([0xffffff00, 0x2e8, 0x6d0]);
    expect(views.map((one) => one.getUint16(18))).toEqual([0xfffe, 0xffff, 0]);
    expect(views.map((one) => one.getUint16(16))).toEqual([1040, 1040, 540]);
    // FIN and PSH belong to the last one.
    expect(frames.map((one) => one[47])).toEqual([0x10, 0x10, 0x19]);
    for (const one of frames) {
      expect(tcpSum(one)).toBe(0xffff);
      expect(fold(sum(one, 14, 34))).toBe(0xffff);
    }
    const payload = frames.flatMap((one) => [...one.subarray(54)]);
    expect(payload).toEqual(Array.from({ length: 2500 }, (_, i) => i & 0xff));
  });

  it('never throws on garbage', () => {
    for (let seed = 1; seed < 2000; seed++) {
      const bytes = new Uint8Array(24 + (seed % 90));
      let state = seed;
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        bytes[i] = state >>> 24;
      }
      bytes[1] = seed % 5;
      expect(undoOffload(bytes, { frames: [], wasOffloaded: false }).frames.length).toBeGreaterThan(
        0,
      );
    }
  });
});

function sum(bytes: Uint8Array, from: number, to: number): number {
  let total = 0;
  for (let at = from; at < to; at += 2) {
    total += ((bytes[at] ?? 0) << 8) | (at + 1 < to ? (bytes[at + 1] ?? 0) : 0);
  }
  return total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

function tcpSum(frame: Uint8Array | undefined): number {
  if (frame === undefined) return -1;
  return fold(sum(frame, 26, 34) + 6 + (frame.length - 34) + sum(frame, 34, frame.length));
}
