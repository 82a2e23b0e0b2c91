/**
 * Frames that a process sends one after the other do not leave at one moment: each costs a system
 * call and a line of log, and setting an address before them costs a round trip to the kernel.
 * Between the first gratuitous ARP of a burst and the second a client's queued packet and its answer
 * find time, which decides whose MAC the client keeps when the answer comes from another one
 * (use_vmac). A master that is challenged announces itself before the challenger does, who is still
 * busy with its addresses.
 *
 * Source: recordings; an advert is followed by the burst after 100..300 µs, in bursts of five the
 * second frame comes 20..250 µs after the first, the others 0..50 µs after each other.
 */

import { type DurationUs, durationUs, later, type TimeUs } from '../../daemon/base/time.ts';
import type { MachineTimers } from './machine-timers.ts';

const ADDRESS_COST: DurationUs = durationUs(120);
const AFTER_FIRST: DurationUs = durationUs(60);
const BETWEEN: DurationUs = durationUs(4);

/** Says when a frame that a process gives out at `now` leaves, where that is known, as of a recorded run. */
export type FrameMoment = (link: string, frame: Uint8Array, now: TimeUs) => TimeUs | undefined;

/** Sends frames of one process, each at its time. */
export class FramePacer {
  readonly #timers: MachineTimers;
  readonly #send: (link: string, frame: Uint8Array) => void;
  readonly #momentOf: FrameMoment | undefined;
  #freeAt: TimeUs | undefined;
  /** The next frame is the first after an address was set. */
  #startsBurst = false;
  #stopped = false;

  constructor(
    timers: MachineTimers,
    send: (link: string, frame: Uint8Array) => void,
    momentOf?: FrameMoment,
  ) {
    this.#timers = timers;
    this.#send = send;
    this.#momentOf = momentOf;
  }

  /** Sends now, or when the frames before it have gone. */
  send(link: string, frame: Uint8Array): void {
    const { now } = this.#timers;
    const given = this.#momentOf?.(link, frame, now);
    const freeAt = given ?? this.#freeAt;
    if (freeAt === undefined || now >= freeAt) {
      this.#startsBurst = false;
      this.#freeAt = later(now, AFTER_FIRST);
      this.#send(link, frame);
      return;
    }
    this.#freeAt = later(freeAt, this.#startsBurst ? AFTER_FIRST : BETWEEN);
    this.#startsBurst = false;
    this.#timers.after(freeAt - now, () => {
      if (!this.#stopped) this.#send(link, frame);
    });
  }

  /** The process has set an address: what it sends next comes later. */
  spend(): void {
    const { now } = this.#timers;
    const from = this.#freeAt === undefined || this.#freeAt < now ? now : this.#freeAt;
    this.#freeAt = later(from, ADDRESS_COST);
    this.#startsBurst = true;
  }

  /** The process is gone: what it has not sent yet it never will. */
  stop(): void {
    this.#stopped = true;
  }
}
