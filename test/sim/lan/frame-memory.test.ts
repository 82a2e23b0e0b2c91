import { expect, it } from 'vitest';
import { FrameMemory, newFrame } from '../../../sim/lan/frame-memory.ts';

it('gives every frame zeros of its own, whatever the lengths', () => {
  const memory = new FrameMemory();
  const frames: Uint8Array[] = [];
  for (let i = 0; i < 3000; i++) {
    const frame = memory.take((i * 37) % 2500);
    expect(frame.length).toBe((i * 37) % 2500);
    expect(frame.every((byte) => byte === 0)).toBe(true);
    frame.fill(1 + (i % 255));
    frames.push(frame);
  }
  frames.forEach((frame, i) => {
    expect(frame.every((byte) => byte === 1 + (i % 255))).toBe(true);
  });
});

it('cuts frames of usual length from shared blocks', () => {
  const [one, two] = [newFrame(100), newFrame(100)];
  const sameBlock = one.buffer === two.buffer;
  // Only at the end of a block do two frames in a row lie apart.
  expect(sameBlock || newFrame(100).buffer === two.buffer).toBe(true);
  expect(one.buffer.byteLength).toBeLessThanOrEqual(16_384);
});
