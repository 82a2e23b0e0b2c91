/**
 * A kernel's own time: jiffies, the timer wheel, and one engine event for all timers of a host.
 *
 * Linux' timers fire on ticks of 4 ms (HZ=250), and since 4.8 the wheel rounds long delays up to
 * the granularity of their level: a neighbour's retransmission of 1 s comes after 1.004..1.036 s,
 * its delay of 5 s after 5.0..5.26 s. The recordings show exactly that. A frozen machine's time
 * stands still.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { Engine } from '../engine/engine.ts';
import { Wakeup } from '../engine/wakeup.ts';

/** Length of a tick: CONFIG_HZ=250, as Debian builds it. */
export const JIFFY_US = 4000;

/** Ticks per second. */
export const HZ = 250;

/**
 * Slots of a wheel level, and how many bits a level is coarser than the one below. Source:
 * kernel/time/timer.c.
 */
const LEVEL_SLOTS = 63;
const LEVEL_BITS = 3;
const LEVELS = 9;
/** How many ticks one slot of each level is, and how many all of them reach. */
const LEVEL_TICKS = Array.from({ length: LEVELS }, (_, level) => 2 ** (LEVEL_BITS * level));
const LEVEL_REACH = LEVEL_TICKS.map((ticks) => LEVEL_SLOTS * ticks);

/** A deadline of one part of the kernel; moved as often as needed, at most once pending. */
export interface KernelTimer {
  /** Kernel time of the deadline. */
  dueUs: number;
  /** Place in the heap, -1 when not armed. */
  place: number;
  sequence: number;
  readonly onExpire: () => void;
}

/** Makes a timer that is not armed. */
export function makeTimer(onExpire: () => void): KernelTimer {
  return { dueUs: 0, place: -1, sequence: 0, onExpire };
}

/** One host's clock and timers; see the head of the file. */
export class KernelClock {
  readonly engine: Engine;
  /** What jiffies counted at engine time 0, in µs: the phase of the ticks against the run. */
  readonly phaseUs: number;
  readonly #heap: KernelTimer[] = [];
  readonly #wakeup: Wakeup;
  #sequence = 0;
  /** Engine time minus kernel time: what was spent frozen. */
  #lagUs = 0;
  #frozenAtUs: number | undefined;
  #stopped = false;

  constructor(engine: Engine, phaseUs: number) {
    this.engine = engine;
    this.phaseUs = phaseUs;
    this.#wakeup = new Wakeup(engine, () => this.#expire());
  }

  /** Kernel time in µs: engine time without the time spent frozen. */
  get now(): number {
    return (this.#frozenAtUs ?? this.engine.now) - this.#lagUs;
  }

  /** Ticks so far. */
  get jiffies(): number {
    return Math.floor((this.now + this.phaseUs) / JIFFY_US);
  }

  /**
   * Kernel time at which a timer set now for `ticks` ticks fires: the wheel rounds up, never down.
   */
  wheelExpiryUs(ticks: number): number {
    let level = 0;
    while (level < LEVELS - 1 && ticks >= (LEVEL_REACH[level] as number)) level++;
    const granularity = LEVEL_TICKS[level] as number;
    const bucket = (Math.floor((this.jiffies + ticks) / granularity) + 1) * granularity;
    return bucket * JIFFY_US - this.phaseUs;
  }

  /** Arms a timer as mod_timer(jiffies + ticks) does; an armed one is moved. */
  armTicks(timer: KernelTimer, ticks: number): void {
    this.arm(timer, this.wheelExpiryUs(Math.max(0, ticks)));
  }

  /** Arms a timer for an exact kernel time (high-resolution timers); an armed one is moved. */
  arm(timer: KernelTimer, dueUs: number): void {
    if (timer.place >= 0) this.#remove(timer);
    timer.dueUs = dueUs;
    timer.sequence = this.#sequence++;
    timer.place = this.#heap.length;
    this.#heap.push(timer);
    this.#siftUp(timer);
    if (timer.place === 0) this.#armWakeup();
  }

  /** Disarms a timer; no harm when it is not armed. */
  cancel(timer: KernelTimer): void {
    if (timer.place >= 0) this.#remove(timer);
  }

  /** Stops the clock and lets it go on. */
  setFrozen(frozen: boolean): void {
    if (frozen === (this.#frozenAtUs !== undefined)) return;
    if (frozen) {
      this.#frozenAtUs = this.engine.now;
      this.#wakeup.moveTo(undefined);
      return;
    }
    this.#lagUs += this.engine.now - (this.#frozenAtUs ?? this.engine.now);
    this.#frozenAtUs = undefined;
    this.#armWakeup();
  }

  /** No timer fires any more. */
  stop(): void {
    this.#stopped = true;
    // Programs that end after their kernel still cancel their timers.
    for (const timer of this.#heap) timer.place = -1;
    this.#heap.length = 0;
    this.#wakeup.moveTo(undefined);
  }

  #armWakeup(): void {
    const first = this.#heap[0];
    if (first === undefined || this.#frozenAtUs !== undefined || this.#stopped) return;
    this.#wakeup.moveTo((first.dueUs + this.#lagUs) as TimeUs);
  }

  #expire(): void {
    const now = this.now;
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.dueUs > now || this.#stopped) break;
      this.#remove(first);
      first.onExpire();
    }
    this.#armWakeup();
  }

  #remove(timer: KernelTimer): void {
    const heap = this.#heap;
    const place = timer.place;
    timer.place = -1;
    const last = heap.pop();
    if (last === undefined || last === timer) return;
    heap[place] = last;
    last.place = place;
    this.#siftUp(last);
    this.#siftDown(last);
  }

  #siftUp(timer: KernelTimer): void {
    const heap = this.#heap;
    while (timer.place > 0) {
      const parent = heap[(timer.place - 1) >> 1] as KernelTimer;
      if (!isBefore(timer, parent)) return;
      heap[timer.place] = parent;
      [parent.place, timer.place] = [timer.place, parent.place];
      heap[timer.place] = timer;
    }
  }

  #siftDown(timer: KernelTimer): void {
    const heap = this.#heap;
    for (;;) {
      const left = heap[timer.place * 2 + 1];
      const right = heap[timer.place * 2 + 2];
      if (left === undefined) return;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, timer)) return;
      heap[timer.place] = child;
      [child.place, timer.place] = [timer.place, child.place];
      heap[timer.place] = timer;
    }
  }
}

/** Ticks of a duration, rounded up as msecs_to_jiffies does. */
export function ticksOf(duration: DurationUs | number): number {
  return Math.ceil(duration / JIFFY_US);
}

function isBefore(a: KernelTimer, b: KernelTimer): boolean {
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.sequence < b.sequence);
}
