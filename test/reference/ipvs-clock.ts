/**
 * A clock for replaying IPVS recordings: time is what the file says, and a timer fires somewhere in the
 * window that the recording machine's timer wheel (HZ=100, unknown phase) allows. Which side of a step it
 * fell on is told by the recorded counters, so the replay asks for single timers to fire.
 */

import { HZ, type KernelTimer } from '../../sim/kernel/kernel-clock.ts';

/** Ticks per second of the machine that was recorded. */
const RECORDED_HZ = 100;
/** By how much the recorded time of a step may be off, in µs. */
const STAMP_ERROR_US = 300_000;
/** The same for work that is put off by a tick, not by an entry's lifetime. */
const STAMP_ERROR_OF_WORK_US = 20_000;
const WORK_TICKS_MAX = 1;
const LEVEL_SLOTS = 63;
const LEVEL_BITS = 3;

/** Implements what IPVS asks of a clock. */
export class ReplayClock {
  now = 0;
  readonly #timers = new Set<KernelTimer>();
  readonly #work = new Set<KernelTimer>();
  readonly #lengthUs = new Map<KernelTimer, number>();
  /** By how much a timer may be later because the one that armed it was. */
  readonly #slackUs = new Map<KernelTimer, number>();
  #lateUs = 0;
  /**
   * How long after `now` what is being done may have been done: a step's stamp tells its beginning, and ipvsadm takes its time.
   * Work that is put off counts from there.
   */
  stepLastsUs = 0;

  wheelExpiryUs(ticks: number): number {
    return this.now + Math.round((ticks / HZ) * 1_000_000);
  }

  armTicks(timer: KernelTimer, ticks: number): void {
    this.arm(timer, this.wheelExpiryUs(ticks));
    if (ticks > WORK_TICKS_MAX) return;
    this.#work.add(timer);
    this.#slackUs.set(timer, this.#lateUs + this.stepLastsUs);
  }

  arm(timer: KernelTimer, dueUs: number): void {
    timer.dueUs = dueUs;
    timer.place = 0;
    this.#timers.add(timer);
    this.#lengthUs.set(timer, dueUs - this.now);
    this.#slackUs.set(timer, this.#lateUs);
  }

  cancel(timer: KernelTimer): void {
    timer.place = -1;
    this.#timers.delete(timer);
  }

  /** Whether the timer may have fired by now. */
  mayHaveFired(timer: KernelTimer): boolean {
    return this.#timers.has(timer) && timer.dueUs <= this.now + this.#stampErrorUs(timer);
  }

  /** Timers of work put off by a tick that may have fired by now. */
  work(): KernelTimer[] {
    return [...this.#work].filter((timer) => this.mayHaveFired(timer));
  }

  /** Lets timers fire that must have done so by now, each at its own moment: what they arm counts from there. */
  fireOverdue(): void {
    const now = this.now;
    for (;;) {
      const timer = [...this.#timers]
        .filter((one) => this.latest(one) < now)
        .reduce<KernelTimer | undefined>(
          (first, one) => (first === undefined || one.dueUs < first.dueUs ? one : first),
          undefined,
        );
      if (timer === undefined) return;
      this.now = timer.dueUs;
      this.#lateUs = this.latest(timer) - this.#stampErrorUs(timer) - timer.dueUs;
      this.fire(timer);
      this.#lateUs = 0;
      this.now = now;
    }
  }

  /** Lets one timer fire now, at the latest at its own time; no harm when it has been cancelled. */
  fire(timer: KernelTimer): void {
    if (!this.#timers.has(timer)) return;
    this.cancel(timer);
    const before = this.now;
    this.now = Math.max(this.now, timer.dueUs);
    timer.onExpire();
    this.now = before;
  }

  /** When the timer has fired at the latest, as far as stamps can be trusted. */
  latest(timer: KernelTimer): number {
    const ticks = ((this.#lengthUs.get(timer) ?? 0) / 1_000_000) * RECORDED_HZ;
    let level = 0;
    while (level < 8 && ticks >= LEVEL_SLOTS * 2 ** (LEVEL_BITS * level)) level++;
    const granularityUs = (2 ** (LEVEL_BITS * level) * 1_000_000) / RECORDED_HZ;
    const slackUs = this.#slackUs.get(timer) ?? 0;
    return timer.dueUs + granularityUs + slackUs + this.#stampErrorUs(timer);
  }

  #stampErrorUs(timer: KernelTimer): number {
    return this.#work.has(timer) ? STAMP_ERROR_OF_WORK_US : STAMP_ERROR_US;
  }
}
