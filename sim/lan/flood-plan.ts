/**
 * How a switch sends one frame to many ports. Ends of plain cables with the same delay and rate are served by one
 * engine event, as long as the frame leaves all of them at the same time; any other port gets the frame by an
 * event of its own. A plan is a snapshot: the switch throws it
 * away when a port or cable changes, and frames on the way still follow the plan that they left with.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import { CableEnd } from './cable-end.ts';
import type { Port } from './port.ts';

/** A port of the plan: where it leads, and its number, which the frame's own way in is compared with. */
export interface FloodLeg {
  readonly index: number;
  readonly port: Port;
}

/** Cable ends of the same delay and rate. */
class FloodGroup implements EventTarget {
  readonly delayUs: number;
  readonly rate: number | undefined;
  readonly #ends: CableEnd[] = [];
  readonly #indexes: number[] = [];
  readonly #epochs: number[] = [];
  /** When the frame that is being sent has left each end. */
  readonly #sentAt: number[] = [];
  #lengthMax = Number.MAX_SAFE_INTEGER;
  #watched = false;

  constructor(delayUs: number, rate: number | undefined) {
    this.delayUs = delayUs;
    this.rate = rate;
  }

  add(end: CableEnd, index: number): void {
    this.#ends.push(end);
    this.#indexes.push(index);
    this.#epochs.push(end.epoch);
    this.#sentAt.push(-1);
    this.#lengthMax = Math.min(this.#lengthMax, end.lengthMax);
    this.#watched ||= end.watched;
  }

  send(engine: Engine, frame: Uint8Array, except: number): void {
    // Of one end that is also the way in, nobody is left.
    if (this.#ends.length === 1 && this.#indexes[0] === except) return;
    if (frame.length > this.#lengthMax) {
      // Some ends may lose it as too long: each decides for itself.
      this.#forEachBut(except, (end) => end.send(frame));
      return;
    }
    const sentAt = this.rate === undefined ? engine.now : this.#take(engine.now, frame, except);
    if (sentAt < 0) {
      this.#forEachBut(except, (end, i) => end.sendTaken(frame, this.#sentAt[i] as number));
      return;
    }
    const arrivesAt = (sentAt + this.delayUs) as TimeUs;
    if (this.#watched) this.#forEachBut(except, (end) => end.noteSent(frame, arrivesAt));
    engine.post(arrivesAt, this, except, frame);
  }

  onEvent(_now: TimeUs, except: number, payload: unknown): void {
    const frame = payload as Uint8Array;
    const ends = this.#ends;
    const indexes = this.#indexes;
    const epochs = this.#epochs;
    for (let i = 0; i < ends.length; i++) {
      if (indexes[i] !== except) (ends[i] as CableEnd).arrive(frame, epochs[i] as number);
    }
  }

  /** Gives the frame to every line; the time at which it has left them all, or -1 when that differs. */
  #take(now: TimeUs, frame: Uint8Array, except: number): number {
    let common = -2;
    for (let i = 0; i < this.#ends.length; i++) {
      if (this.#indexes[i] === except) continue;
      const sentAt = (this.#ends[i] as CableEnd).line?.take(now, frame.length) ?? now;
      this.#sentAt[i] = sentAt;
      if (common === -2) common = sentAt;
      else if (common !== sentAt) common = -1;
    }
    return common;
  }

  #forEachBut(except: number, visit: (end: CableEnd, i: number) => void): void {
    this.#ends.forEach((end, i) => {
      if (this.#indexes[i] !== except) visit(end, i);
    });
  }
}

/** A set of ports that get the same frames; see the head of the file. */
export class FloodPlan {
  /** The plan holds until then: a member of a multicast group ages out. */
  readonly validUntil: number;
  readonly #groups: FloodGroup[] = [];
  readonly #single: FloodLeg[] = [];

  constructor(legs: readonly FloodLeg[], validUntil = Number.MAX_SAFE_INTEGER) {
    this.validUntil = validUntil;
    for (const leg of legs) this.#add(leg);
  }

  /** Sends to every port of the plan but the one with number `except`. */
  send(engine: Engine, frame: Uint8Array, except: number): void {
    for (const group of this.#groups) group.send(engine, frame, except);
    for (const leg of this.#single) if (leg.index !== except) leg.port.send(frame);
  }

  #add(leg: FloodLeg): void {
    const end = leg.port;
    if (!(end instanceof CableEnd) || end.plainDelayUs < 0 || !end.carrier) {
      this.#single.push(leg);
      return;
    }
    const rate = end.line?.bitsPerSecond;
    const delayUs = end.plainDelayUs;
    let group = this.#groups.find((known) => known.delayUs === delayUs && known.rate === rate);
    if (group === undefined) {
      group = new FloodGroup(delayUs, rate);
      this.#groups.push(group);
    }
    group.add(end, leg.index);
  }
}
