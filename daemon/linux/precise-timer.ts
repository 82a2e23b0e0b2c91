/**
 * The daemon's clock on a real host, and an alarm that rings on time. node's timers are whole milliseconds and
 * late by up to two (measured: 1.1 ms median); VRRP's skew times are not. The alarm therefore sleeps until
 * shortly before the moment, and goes round the event loop for the rest, so packets are still heard meanwhile.
 *
 * Before it rings everything is read that came before: after a stop, or on a machine that is too busy, the alarm would
 * else overtake the very adverts that make it void. keepalived's scheduler does the same: of what is ready after one wait
 * the sockets go first, then the timers.
 */

import { elapsed, type TimeUs, timeUs } from '../base/time.ts';

/** Where the sleep ends and the rounds begin: node's worst lateness on an idle machine, with reserve. */
const ROUNDS_US = 1500;

/** The longest sleep, so that a deadline far away never exceeds setTimeout's 2^31 ms. */
const SLEEP_MS_MAX = 60_000;

/** Rounds in which something was still heard, before it rings all the same: a flood must not silence it. */
const READING_ROUNDS_MAX = 256;

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
  readonly #readAll: () => number;
  #dueUs: TimeUs | undefined;
  #sleep: NodeJS.Timeout | undefined;
  #round: NodeJS.Immediate | undefined;

  /** `readAll` reads what can be read at once and returns how much was heard so far, in all. */
  constructor(
    clock: MonotonicClock,
    actions: { readonly onDue: () => void; readonly readAll: () => number },
  ) {
    this.#clock = clock;
    this.#onDue = actions.onDue;
    this.#readAll = actions.readAll;
  }

  /** The moment that it is set to, while it has not rung. */
  get due(): TimeUs | undefined {
    return this.#dueUs;
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
    this.#sleep = undefined;
    this.#round = undefined;
    const due = this.#dueUs;
    if (due === undefined) return;
    if (this.#clock.now() < due) {
      this.#arm(due);
      return;
    }
    this.#read(this.#readAll(), READING_ROUNDS_MAX);
  }

  /** Once round the event loop, so that Node's own sockets are read too; again while there was something. */
  #read(heard: number, roundsLeft: number): void {
    // What was heard may have moved the alarm, and armed it anew.
    const due = this.#dueUs;
    if (due === undefined || due > this.#clock.now() || this.#isArmed) return;
    this.#round = setImmediate(() => {
      this.#round = undefined;
      const now = this.#readAll();
      if (this.#isArmed || this.#dueUs !== due) return;
      if (now !== heard && roundsLeft > 0) return this.#read(now, roundsLeft - 1);
      this.#dueUs = undefined;
      this.#onDue();
    });
  }

  get #isArmed(): boolean {
    return this.#sleep !== undefined || this.#round !== undefined;
  }
}
