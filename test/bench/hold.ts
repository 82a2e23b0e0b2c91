/**
 * B4, the hold model: a fixed number of events is pending, and each that fires pushes one more. Only the event queue
 * is under test. With `cancelling`, each event also moves a second one that never fires, as timers of a LAN do.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { type EventHandle, EventQueue, type EventTarget } from '../../sim/engine/event-queue.ts';
import type { BenchResult } from './bench-result.ts';
import { measure } from './bench-result.ts';

/** As ns-3's program draws: 1 to 2,000,000,000 ahead. */
const SPREAD = 2_000_000_000;

/** A small generator of 32-bit numbers; its quality does not matter here. */
function makeDraw(): () => number {
  let a = 88172645;
  let b = 463325252;
  return () => {
    let t = a ^ (a << 11);
    a = b;
    t ^= t >>> 8;
    b = b ^ (b >>> 19) ^ t;
    return b >>> 0;
  };
}

class Holder implements EventTarget {
  left: number;
  readonly #queue: EventQueue;
  readonly #draw: () => number;

  constructor(queue: EventQueue, draw: () => number, events: number) {
    this.#queue = queue;
    this.#draw = draw;
    this.left = events;
  }

  onEvent(now: TimeUs): void {
    this.left--;
    this.#queue.push((now + 1 + (this.#draw() % SPREAD)) as TimeUs, this, 0, undefined);
  }
}

class CancellingHolder implements EventTarget {
  left: number;
  readonly #queue: EventQueue;
  readonly #draw: () => number;
  readonly #timers: EventHandle[] = [];
  readonly #pending: number;

  constructor(queue: EventQueue, draw: () => number, size: { events: number; pending: number }) {
    this.#queue = queue;
    this.#draw = draw;
    this.left = size.events;
    this.#pending = size.pending;
  }

  onEvent(now: TimeUs, code: number): void {
    this.left--;
    this.#queue.push((now + 1 + (this.#draw() % SPREAD)) as TimeUs, this, code, undefined);
    const timer = this.#draw() % this.#pending;
    const old = this.#timers[timer];
    if (old !== undefined) this.#queue.cancel(old);
    const due = (now + 2 * SPREAD) as TimeUs;
    this.#timers[timer] = this.#queue.push(due, this, code, undefined);
  }
}

/** Runs one hold model. */
export function runHold(options: {
  readonly pending: number;
  readonly events: number;
  readonly cancelling: boolean;
}): BenchResult {
  const queue = new EventQueue();
  const draw = makeDraw();
  const { pending, events } = options;
  const holder = options.cancelling
    ? new CancellingHolder(queue, draw, { events, pending })
    : new Holder(queue, draw, events);
  for (let i = 0; i < pending; i++) {
    queue.push((1 + (draw() % SPREAD)) as TimeUs, holder, 0, undefined);
  }
  return measure({
    workload: `B4 hold ${pending}${options.cancelling ? ' cancelling' : ''}`,
    simulatedSeconds: 0,
    run: () => {
      while (holder.left > 0) queue.fire();
      return { events, linkFrames: 0, hostFrames: 0, messages: 0 };
    },
  });
}
