/**
 * The virtual clock of one LAN: owns the event queue, the random streams and the run log. Nothing else in the
 * pure zone knows what time it is. A run is bounded by time and by a number of events, so that a loop is
 * reported and never endless.
 */

import { assert } from '../../daemon/base/assert.ts';
import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import { TIME_ZERO } from '../../daemon/base/time.ts';
import { type EventHandle, EventQueue, type EventTarget } from './event-queue.ts';
import { RandomStreams } from './random-streams.ts';
import { FULL_LOG, RunLog, type RunLogOptions } from './run-log.ts';

/** Why `runUntil` came back. */
export type StopReason = 'reached-time' | 'event-limit' | 'requested';

/** One virtual world's clock; see the head of the file. */
export class Engine {
  readonly queue = new EventQueue();
  readonly streams: RandomStreams;
  readonly log: RunLog;
  /** Events fired so far. */
  eventCount = 0;
  #now: TimeUs = TIME_ZERO;
  #stopRequested = false;

  /** `log` is what the run writes down; by default everything. */
  constructor(options: { readonly seed: number; readonly log?: RunLogOptions }) {
    this.streams = new RandomStreams(options.seed);
    this.log = new RunLog(options.log ?? FULL_LOG);
  }

  /** The virtual time. */
  get now(): TimeUs {
    return this.#now;
  }

  /** Calls `target.onEvent(at, code, payload)` at `at`; a time that is past already means now. */
  schedule(at: TimeUs, target: EventTarget, code: number, payload: unknown): EventHandle {
    return this.queue.push(at < this.#now ? this.#now : at, target, code, payload);
  }

  /** `schedule` for an event that is never taken out again, as frames are: `EventQueue.post`. */
  post(at: TimeUs, target: EventTarget, code: number, payload: unknown): void {
    this.queue.post(at < this.#now ? this.#now : at, target, code, payload);
  }

  /** `schedule`, counted from now. */
  scheduleAfter(by: DurationUs, target: EventTarget, code: number, payload: unknown): EventHandle {
    return this.queue.push((this.#now + by) as TimeUs, target, code, payload);
  }

  /** Takes a pending event out; `false` when it has fired already. */
  cancel(handle: EventHandle): boolean {
    return this.queue.cancel(handle);
  }

  /**
   * Fires everything up to and including `until`, then sets the clock to it. Stopped early, by the limit or by
   * request, the clock stays at the last event, and a further call goes on from there.
   */
  runUntil(until: TimeUs, eventLimit = Number.MAX_SAFE_INTEGER): StopReason {
    const queue = this.queue;
    this.#stopRequested = false;
    let left = eventLimit;
    for (;;) {
      const next = queue.peekTime();
      if (next > until) break;
      if (left-- <= 0) return 'event-limit';
      this.#now = next as TimeUs;
      this.eventCount++;
      queue.fire();
      if (this.#stopRequested) return 'requested';
    }
    if (until > this.#now) this.#now = until;
    return 'reached-time';
  }

  /** Fires one event; `false` when none is pending. */
  step(): boolean {
    const next = this.queue.nextTime();
    if (next === undefined) return false;
    this.#now = next;
    this.eventCount++;
    this.queue.fire();
    return true;
  }

  /**
   * Moves the clock to the very beginning of a later instant, before any of its events: somebody outside acts there,
   * as a step scheduled from the start would. Counts as an event, as that step would. Nothing may be pending before.
   */
  enter(at: TimeUs): void {
    assert(at >= this.#now && this.queue.peekTime() >= at, 'an instant is entered before its time');
    this.#now = at;
    this.eventCount++;
  }

  /** Ends `runUntil` after the event that is firing now. */
  requestStop(): void {
    this.#stopRequested = true;
  }
}
