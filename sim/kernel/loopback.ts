/**
 * Packets of a host to itself. They come in through `lo` as a later event of the same virtual time,
 * so that no socket call ever calls back before it returns.
 */

import type { EventTarget } from '../engine/event-queue.ts';
import type { KernelState } from './kernel-state.ts';

/** Sends a frame (IP packet at 14) to this host itself. */
export function sendToLoopback(kernel: KernelState, frame: Uint8Array): void {
  const { counters } = kernel.loopback;
  counters.txPackets++;
  counters.txBytes += frame.length;
  kernel.loopbackQueue.push(frame);
  if (kernel.loopbackQueue.length > 1) return;
  const { engine } = kernel.clock;
  engine.schedule(engine.now, LOOPBACK, 0, kernel);
}

const LOOPBACK: EventTarget = {
  onEvent(_now, _code, payload) {
    const kernel = payload as KernelState;
    const frames = kernel.loopbackQueue.splice(0);
    for (const frame of frames) {
      if (kernel.halted) return;
      if (kernel.frozen) {
        kernel.ring.push({ link: kernel.loopback, frame });
        continue;
      }
      const { counters } = kernel.loopback;
      counters.rxPackets++;
      counters.rxBytes += frame.length;
      kernel.ops.receiveLoopback(frame);
    }
  },
};
