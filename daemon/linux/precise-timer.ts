/**
 * The daemon's clock on a real host, and an alarm that rings on time. node's timers are whole milliseconds and
 * late by up to two (measured: 1.1 ms median); VRRP's skew times are not. The alarm therefore sleeps until
 * shortly before the moment, and goes round the event loop for the rest, so packets are still heard meanwhile.
 */

import { elapsed, type TimeUs, timeUs } from '../base/time.ts';

/** Where the sleep ends and the rounds begin: node's worst lateness on an idle machine, with reserve. */
const ROUNDS_US = 1500;

/** The longest sleep, so that a deadline far away never exceeds setTimeout's 2^31 ms. */
const SLEEP_MS_MAX = 60_000;

/** Microseconds since this clock was made, unaffected by changes of the wall clock. */
export interface MonotonicClock {
  now(): TimeUs;
}

/** A clock that begins at 0 now. */
export function monotonicClock(): MonotonicClock {
  const startNs = process.hrtime.bigint();
  return { now: () => timeUs(Number((process.hrtime.bigint() - startNs) / 1000n)) };
}

/** One alarm; setting it again replaces the moment. */
export class PreciseTimer {
  readonly #clock: MonotonicClock;
  readonly #onDue: () => void;
  #dueUs: TimeUs | undefined;
  #sleep: NodeJS.Timeout | undefined;
  #round: NodeJS.Immediate | undefined;

  constructor(clock: MonotonicClock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Sets, moves or (with `undefined`) clears the alarm. It rings once, never early. */
  moveTo(dueUs: TimeUs | undefined): void {
    if (dueUs === this.#dueUs) return;
    this.#dueUs = dueUs;
    clearTimeout(this.#sleep);
    if (this.#round !== undefined) clearImmediate(this.#round);
    this.#sleep = undefined;
    this.#round = undefined;
    if (dueUs !== undefined) this.#arm(dueUs);
  }

  #arm(dueUs: TimeUs): void {
    const left = elapsed(this.#clock.now(), dueUs);
    if (left > ROUNDS_US) {
      const ms = Math.min(Math.floor((left - ROUNDS_US) / 1000), SLEEP_MS_MAX);
      this.#sleep = setTimeout(() => this.#onWake(), ms);
    } else {
      this.#round = setImmediate(() => this.#onWake());
    }
  }

  #onWake(): void {
    const due = this.#dueUs;
    if (due === undefined) return;
    if (this.#clock.now() < due) {
      this.#arm(due);
      return;
    }
    this.#dueUs = undefined;
    this.#onDue();
  }
}
