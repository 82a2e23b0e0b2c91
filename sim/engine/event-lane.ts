/**
 * Events that were pushed in the order of their times: a ring, where the heap of `event-queue.ts` would cost a sift up
 * and a sift down through every level. A LAN's frames are such events: each arrives microseconds after it was sent, so
 * one that is sent later nearly always arrives later, however many timers are pending far behind them.
 */

import { type EntrySink, SLOT_LIMIT, SLOT_MASK, sequenceOf } from './event-key.ts';

/** Entries that fit at first; a power of two, as ever after. */
const CAPACITY_START = 64;

/** A queue whose times never decrease; see the head of the file. */
export class EventLane {
  /** Entries in the ring, dead ones included. */
  size = 0;
  /** Time of the first entry; infinity when there is none. */
  firstTime = Number.POSITIVE_INFINITY;
  /** Time of the entry that was added last; what comes before it does not fit. */
  lastTime = Number.NEGATIVE_INFINITY;
  /** Time and key of each entry. */
  #ring = new Float64Array(CAPACITY_START * 2);
  #mask = CAPACITY_START - 1;
  #first = 0;

  /** Key of the first entry; there must be one. */
  get firstKey(): number {
    return this.#ring[this.#first * 2 + 1] as number;
  }

  /** Adds an entry behind the last; `time` is at least `lastTime` and `sequence` the largest yet. */
  add(time: number, sequence: number, slot: number): void {
    if (this.size > this.#mask) this.#grow();
    if (this.size === 0) this.firstTime = time;
    const at = ((this.#first + this.size++) & this.#mask) * 2;
    this.#ring[at] = time;
    this.#ring[at + 1] = sequence * SLOT_LIMIT + slot;
    this.lastTime = time;
  }

  /** Takes the first entry out; there must be one. */
  removeFirst(): void {
    this.#first = (this.#first + 1) & this.#mask;
    if (--this.size === 0) this.#empty();
    else this.firstTime = this.#ring[this.#first * 2] as number;
  }

  /** Moves everything elsewhere, in order. */
  drainInto(other: EntrySink): void {
    const { size } = this;
    const ring = this.#ring;
    this.size = 0;
    this.#empty();
    for (let i = 0; i < size; i++) {
      const at = ((this.#first + i) & this.#mask) * 2;
      const key = ring[at + 1] as number;
      other.add(ring[at] as number, sequenceOf(key), key & SLOT_MASK);
    }
  }

  /** Takes out all entries but those whose key `keeps` says. */
  keepWhere(keeps: (key: number) => boolean): void {
    const kept: (readonly [time: number, sequence: number, slot: number])[] = [];
    this.drainInto({
      add(time, sequence, slot) {
        if (keeps(sequence * SLOT_LIMIT + slot)) kept.push([time, sequence, slot]);
      },
    });
    for (const [time, sequence, slot] of kept) this.add(time, sequence, slot);
  }

  #empty(): void {
    this.firstTime = Number.POSITIVE_INFINITY;
    this.lastTime = Number.NEGATIVE_INFINITY;
  }

  #grow(): void {
    const larger = new Float64Array(this.#ring.length * 2);
    const start = this.#first * 2;
    larger.set(this.#ring.subarray(start));
    larger.set(this.#ring.subarray(0, start), this.#ring.length - start);
    this.#ring = larger;
    this.#mask = larger.length / 2 - 1;
    this.#first = 0;
  }
}
