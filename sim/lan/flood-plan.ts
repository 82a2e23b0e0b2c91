/**
 * How a switch sends one frame to many ports. Ends of plain cables with the same delay are served by one engine
 * event; any other port gets the frame by a `send` of its own. A plan is a snapshot: the switch throws it
 * away when a port or cable changes, and frames on the way still follow the plan that they left with.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import { CableEnd } from './cable-end.ts';
import type { Port } from './port.ts';

/** A port of the plan: where it leads, and its number, which the frame's own way in is compared with. */
export interface FloodLeg {
  readonly index: number;
  readonly port: Port;
}

/** Cable ends that all deliver after the same delay. */
class FloodGroup implements EventTarget {
  readonly delayUs: DurationUs;
  readonly #ends: CableEnd[] = [];
  readonly #indexes: number[] = [];
  readonly #epochs: number[] = [];
  #lengthMax = Number.MAX_SAFE_INTEGER;
  #watched = false;

  constructor(delayUs: DurationUs) {
    this.delayUs = delayUs;
  }

  add(end: CableEnd, index: number): void {
    this.#ends.push(end);
    this.#indexes.push(index);
    this.#epochs.push(end.epoch);
    this.#lengthMax = Math.min(this.#lengthMax, end.lengthMax);
    this.#watched ||= end.watched;
  }

  send(engine: Engine, frame: Uint8Array, except: number): void {
    if (frame.length > this.#lengthMax) {
      // Some ends may lose it as too long: each decides for itself.
      this.#ends.forEach((end, i) => {
        if (this.#indexes[i] !== except) end.send(frame);
      });
      return;
    }
    // A cable that only the way in belongs to would make an event for nobody.
    if (this.#ends.length === 1 && this.#indexes[0] === except) return;
    if (this.#watched) this.#tell(engine, frame, except);
    engine.scheduleAfter(this.delayUs, this, except, frame);
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

  #tell(engine: Engine, frame: Uint8Array, except: number): void {
    const arrivesAt = (engine.now + this.delayUs) as TimeUs;
    this.#ends.forEach((end, i) => {
      if (this.#indexes[i] !== except && end.watched) end.noteSent(frame, arrivesAt);
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
    let group = this.#groups.find((candidate) => candidate.delayUs === end.plainDelayUs);
    if (group === undefined) {
      group = new FloodGroup(end.plainDelayUs as DurationUs);
      this.#groups.push(group);
    }
    group.add(end, leg.index);
  }
}
