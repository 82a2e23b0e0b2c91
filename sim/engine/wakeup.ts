/**
 * A deadline that is moved far more often than it is met: a backup's master-down timer moves with every advert.
 * Moving it later costs nothing; the pending event fires at the old time, sees that it is early, and goes to sleep again.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { Engine } from './engine.ts';
import type { EventHandle, EventTarget } from './event-queue.ts';

/** One movable deadline; calls `onDue(now)` once per `moveTo`, never early. */
export class Wakeup implements EventTarget {
  #dueUs: TimeUs | undefined;
  #handle: EventHandle = 0;
  #pendingAt = 0;
  readonly #engine: Engine;
  readonly #onDue: (now: TimeUs) => void;
  readonly #afterOthers: boolean;
  #waitedForOthers = false;

  /**
   * With `afterOthers` a deadline that is met lets everything else go first that is pending for that very moment:
   * a process that reads its sockets before it looks at its timers.
   */
  constructor(
    engine: Engine,
    onDue: (now: TimeUs) => void,
    options: { readonly afterOthers: boolean } = { afterOthers: false },
  ) {
    this.#engine = engine;
    this.#onDue = onDue;
    this.#afterOthers = options.afterOthers;
  }

  /** Sets, moves or (with `undefined`) clears the deadline. */
  moveTo(dueUs: TimeUs | undefined): void {
    this.#dueUs = dueUs;
    if (dueUs === undefined) return;
    if (this.#handle !== 0) {
      if (this.#pendingAt <= dueUs) return;
      this.#engine.cancel(this.#handle);
    }
    this.#arm(dueUs);
  }

  /** The deadline, if one is set. */
  get dueUs(): TimeUs | undefined {
    return this.#dueUs;
  }

  onEvent(now: TimeUs): void {
    this.#handle = 0;
    const due = this.#dueUs;
    if (due === undefined) return;
    if (due > now) {
      this.#waitedForOthers = false;
      this.#arm(due);
      return;
    }
    if (this.#afterOthers && !this.#waitedForOthers) {
      this.#waitedForOthers = true;
      this.#arm(due);
      return;
    }
    this.#waitedForOthers = false;
    this.#dueUs = undefined;
    this.#onDue(now);
  }

  #arm(at: TimeUs): void {
    this.#handle = this.#engine.schedule(at, this, 0, undefined);
    this.#pendingAt = at;
  }
}
