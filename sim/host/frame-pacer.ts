/**
 * Frames that a process sends one after the other do not leave at one moment: each costs a system
 * call and a line of log, and setting an address before them costs a round trip to the kernel.
 * Between the first gratuitous ARP of a burst and the second a client's queued packet and its answer
 * find time, which decides whose MAC the client keeps when the answer comes from another one
 * (use_vmac). A master that is challenged by one that has just taken over answers about when that
 * one is done with its addresses, so the last announcement is its own (drawn-8, -22, -219, -884).
 *
 * A master that yields has its addresses for some time more. With a virtual MAC its kernel answers the
 * winner's announcements until they are gone; where that lasts longer than the winner's burst, the loser has
 * the last word and the switch looks for the virtual MAC behind its port until the winner's next advert.
 *
 * Source: recordings; an advert is followed by the burst after 100..300 µs, in bursts of five the
 * second frame comes 20..250 µs after the first, the others 0..50 µs after each other. A master that is
 * challenged (drawn-206, -345, -358, vmac-challenged) announces itself 7..63 µs after its advert, the second
 * time 7..33 µs later. The loser answers what comes until 88..110 µs after that advert: of a burst of five the first
 * four, of a shorter one all.
 */

import {
  type DurationUs,
  durationUs,
  later,
  NO_DURATION,
  type TimeUs,
} from '../../daemon/base/time.ts';
import type { MachineTimers } from './machine-timers.ts';

const ADDRESS_COST: DurationUs = durationUs(120);
const AFTER_FIRST: DurationUs = durationUs(60);
const AFTER_ADVERT: DurationUs = durationUs(50);
const AFTER_FIRST_UNPREPARED: DurationUs = durationUs(25);
const BETWEEN: DurationUs = durationUs(4);

/** From a packet to the advert that answers it: 50..160 µs in the recordings. */
export const ANSWER_TIME: DurationUs = durationUs(120);

/** From the winner's advert to the addresses gone: after the fourth announcement of a burst and before the fifth. */
export const DELETION_TIME: DurationUs = durationUs(85);

/** Says when a frame that a process gives out at `now` leaves, where that is known, as of a recorded run. */
export type FrameMoment = (link: string, frame: Uint8Array, now: TimeUs) => TimeUs | undefined;

/** Sends frames of one process, each at its time. */
export class FramePacer {
  readonly #timers: MachineTimers;
  readonly #send: (link: string, frame: Uint8Array) => void;
  readonly #momentOf: FrameMoment | undefined;
  #freeAt: TimeUs | undefined;
  /** When the last advert was sent, until something is announced after it. */
  #advertAt: TimeUs | undefined;
  /** The next frame is the first after an address was set. */
  #startsBurst = false;
  /** The frames that wait follow upon an address that was set. */
  #followsAddress = false;
  #stopped = false;
  /** Addresses that are being deleted. */
  #deletions = 0;

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
    const isIdle = this.#nextFree() <= now;
    const isFirst = isIdle || this.#advertAt !== undefined;
    if (isIdle) this.#followsAddress = false;
    const gap = this.#startsBurst ? AFTER_FIRST : isFirst ? AFTER_FIRST_UNPREPARED : BETWEEN;
    const leavesAt = this.#momentOf?.(link, frame, now) ?? this.#nextAnnouncement();
    this.#freeAt = later(leavesAt, gap);
    this.#startsBurst = false;
    this.#advertAt = undefined;
    if (leavesAt <= now) {
      this.#send(link, frame);
      return;
    }
    this.#timers.after(leavesAt - now, () => {
      if (!this.#stopped) this.#send(link, frame);
    });
  }

  /** Sends an advert in answer to a packet, which takes the process `time` to read; what it announces comes after it. */
  answer(time: DurationUs, action: () => void): void {
    this.#freeAt = later(this.#nextFree(), time);
    this.#advertAt = this.#freeAt;
    this.inTurn(action);
  }

  /** The process has sent an advert: it announces itself a little later. */
  advertised(): void {
    this.#advertAt = this.#timers.now;
  }

  #nextAnnouncement(): TimeUs {
    const free = this.#nextFree();
    if (this.#advertAt === undefined) return free;
    const after = later(this.#advertAt, AFTER_ADVERT);
    return after > free ? after : free;
  }

  /** The process has set an address: what it sends next comes later. */
  spend(): void {
    this.#freeAt = later(this.#nextFree(), ADDRESS_COST);
    this.#startsBurst = true;
    this.#followsAddress = true;
  }

  /**
   * Whether the process is still at addresses and the burst about them, so that an advert comes after them. A burst alone
   * is so short that it keeps no advert waiting.
   */
  get isSettingUp(): boolean {
    return this.#followsAddress && this.#nextFree() > this.#timers.now;
  }

  /** Whether what comes next must wait until the addresses are deleted. */
  get isDeleting(): boolean {
    return this.#deletions > 0;
  }

  /** Deletes an address, which takes the process `time`: reading a packet, log lines, netlink. */
  delete(time: DurationUs, action: () => void): void {
    this.#freeAt = later(this.#nextFree(), this.isDeleting ? NO_DURATION : time);
    this.#startsBurst = true;
    this.#deletions++;
    this.inTurn(() => {
      this.#deletions--;
      action();
    });
  }

  /** Does something when all that was asked for before is done. */
  inTurn(action: () => void): void {
    const { now } = this.#timers;
    this.#timers.after(this.#nextFree() - now, () => {
      if (!this.#stopped) action();
    });
  }

  #nextFree(): TimeUs {
    const { now } = this.#timers;
    return this.#freeAt === undefined || this.#freeAt < now ? now : this.#freeAt;
  }

  /** The process is gone: what it has not sent yet it never will. */
  stop(): void {
    this.#stopped = true;
  }
}
