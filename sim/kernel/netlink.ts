/**
 * Announcing changes to whoever listens, as netlink does: later, in order, never from inside the
 * call that changed something. Without listeners nothing is queued.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import type { NetlinkEvent } from './kernel-api.ts';
import type { KernelState } from './kernel-state.ts';

/** Queues an announcement; listeners hear it in an event of the same virtual time. */
export function announce(kernel: KernelState, event: NetlinkEvent): void {
  if (kernel.netlinkListeners.length === 0 || kernel.halted) return;
  kernel.netlinkQueue.push(event);
  if (kernel.netlinkQueue.length > 1) return;
  const { engine } = kernel.clock;
  engine.schedule(engine.now as TimeUs, NETLINK_FLUSH, 0, kernel);
}

const NETLINK_FLUSH: EventTarget = {
  onEvent(_now, _code, payload) {
    const kernel = payload as KernelState;
    const events = kernel.netlinkQueue.splice(0);
    for (const event of events) {
      for (const listener of [...kernel.netlinkListeners]) listener(event);
    }
  },
};
