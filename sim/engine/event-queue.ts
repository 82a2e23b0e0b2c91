/**
 * The queue of everything that is going to happen, ordered by (time, sequence). A 4-ary heap over typed arrays:
 * no allocation per event once it has grown, cancellation by handle. What an event means is its target's business.
 */

import { assert } from '../../daemon/base/assert.ts';
import type { TimeUs } from '../../daemon/base/time.ts';

/** Whoever gets events. One object serves many events; `code` and `payload` tell them apart. */
export interface EventTarget {
  /** Called at the event's time; `code` and `payload` are as given to `push`. */
  onEvent(now: TimeUs, code: number, payload: unknown): void;
}

/** Names a pending event for `cancel`; never reused while pending. 0 is never a handle. */
export type EventHandle = number;

const ARITY = 4;
/** Slots are below 2^22 (4 M pending events, the stated limit); the rest of a handle is a generation. */
const SLOT_LIMIT = 0x40_0000;

/** The queue; see the head of the file. */
export class EventQueue {
  #size = 0;
  #sequence = 0;
  #capacity: number;
  /** Heap of slots, with the keys beside it so that sifting touches one array each. */
  #heapTime: Float64Array;
  #heapSequence: Float64Array;
  #heapSlot: Int32Array;
  /** Per slot: place in the heap (-1 free), generation, and what to call. */
  #place: Int32Array;
  #generation: Float64Array;
  #targets: (EventTarget | undefined)[];
  #codes: Int32Array;
  #payloads: unknown[];
  #freeSlots: Int32Array;
  #freeCount = 0;
  #usedSlots = 0;

  constructor(capacity = 1024) {
    this.#capacity = capacity;
    this.#heapTime = new Float64Array(capacity);
    this.#heapSequence = new Float64Array(capacity);
    this.#heapSlot = new Int32Array(capacity);
    this.#place = new Int32Array(capacity).fill(-1);
    this.#generation = new Float64Array(capacity);
    this.#targets = new Array<EventTarget | undefined>(capacity).fill(undefined);
    this.#codes = new Int32Array(capacity);
    this.#payloads = new Array<unknown>(capacity).fill(undefined);
    this.#freeSlots = new Int32Array(capacity);
  }

  /** How many events are pending. */
  get size(): number {
    return this.#size;
  }

  /** The time of the next event; `undefined` when none is pending. */
  nextTime(): TimeUs | undefined {
    return this.#size === 0 ? undefined : (this.#heapTime[0] as TimeUs);
  }

  /** Adds an event; of two at the same time the one pushed first comes first. */
  push(at: TimeUs, target: EventTarget, code: number, payload: unknown): EventHandle {
    const slot = this.#takeSlot();
    this.#targets[slot] = target;
    this.#codes[slot] = code;
    this.#payloads[slot] = payload;
    this.#siftUp(this.#size++, at, this.#sequence++, slot);
    return (this.#generation[slot] as number) * SLOT_LIMIT + slot;
  }

  /** Takes a pending event out; `false` when it has fired or was cancelled before. */
  cancel(handle: EventHandle): boolean {
    const slot = handle % SLOT_LIMIT;
    const generation = Math.trunc(handle / SLOT_LIMIT);
    if (generation === 0 || this.#generation[slot] !== generation) return false;
    const place = this.#place[slot] as number;
    if (place < 0) return false;
    this.#removeAt(place);
    this.#freeSlot(slot);
    return true;
  }

  /** Takes the next event out and calls its target. The queue must not be empty. */
  fire(): void {
    assert(this.#size > 0, 'fire on an empty event queue');
    const now = this.#heapTime[0] as TimeUs;
    const slot = this.#heapSlot[0] as number;
    const target = this.#targets[slot] as EventTarget;
    const code = this.#codes[slot] as number;
    const payload = this.#payloads[slot];
    this.#removeAt(0);
    this.#freeSlot(slot);
    target.onEvent(now, code, payload);
  }

  #takeSlot(): number {
    if (this.#freeCount > 0) {
      const slot = this.#freeSlots[--this.#freeCount] as number;
      return slot;
    }
    if (this.#usedSlots === this.#capacity) this.#grow();
    const slot = this.#usedSlots++;
    this.#generation[slot] = 1;
    return slot;
  }

  #freeSlot(slot: number): void {
    this.#place[slot] = -1;
    this.#generation[slot] = (this.#generation[slot] as number) + 1;
    this.#targets[slot] = undefined;
    this.#payloads[slot] = undefined;
    this.#freeSlots[this.#freeCount++] = slot;
  }

  #removeAt(place: number): void {
    const last = --this.#size;
    if (place === last) return;
    const time = this.#heapTime[last] as number;
    const sequence = this.#heapSequence[last] as number;
    const slot = this.#heapSlot[last] as number;
    if (place > 0 && this.#isBefore(time, sequence, (place - 1) >> 2)) {
      this.#siftUp(place, time, sequence, slot);
    } else {
      this.#siftDown(place, time, sequence, slot);
    }
  }

  #isBefore(time: number, sequence: number, place: number): boolean {
    const other = this.#heapTime[place] as number;
    return time < other || (time === other && sequence < (this.#heapSequence[place] as number));
  }

  #siftUp(place: number, time: number, sequence: number, slot: number): void {
    const [times, sequences, slots] = [this.#heapTime, this.#heapSequence, this.#heapSlot];
    while (place > 0) {
      const parent = (place - 1) >> 2;
      if (!this.#isBefore(time, sequence, parent)) break;
      times[place] = times[parent] as number;
      sequences[place] = sequences[parent] as number;
      const moved = slots[parent] as number;
      slots[place] = moved;
      this.#place[moved] = place;
      place = parent;
    }
    times[place] = time;
    sequences[place] = sequence;
    slots[place] = slot;
    this.#place[slot] = place;
  }

  #siftDown(place: number, time: number, sequence: number, slot: number): void {
    const [times, sequences, slots] = [this.#heapTime, this.#heapSequence, this.#heapSlot];
    const size = this.#size;
    for (;;) {
      const first = place * ARITY + 1;
      if (first >= size) break;
      let best = first;
      const end = Math.min(first + ARITY, size);
      for (let child = first + 1; child < end; child++) {
        if (this.#isBefore(times[child] as number, sequences[child] as number, best)) best = child;
      }
      const bestTime = times[best] as number;
      if (time < bestTime || (time === bestTime && sequence < (sequences[best] as number))) break;
      times[place] = bestTime;
      sequences[place] = sequences[best] as number;
      const moved = slots[best] as number;
      slots[place] = moved;
      this.#place[moved] = place;
      place = best;
    }
    times[place] = time;
    sequences[place] = sequence;
    slots[place] = slot;
    this.#place[slot] = place;
  }

  #grow(): void {
    const capacity = Math.min(this.#capacity * 2, SLOT_LIMIT);
    assert(capacity > this.#capacity, 'more than 4 M events pending');
    this.#heapTime = enlarge(this.#heapTime, new Float64Array(capacity));
    this.#heapSequence = enlarge(this.#heapSequence, new Float64Array(capacity));
    this.#heapSlot = enlarge(this.#heapSlot, new Int32Array(capacity));
    this.#place = enlarge(this.#place, new Int32Array(capacity).fill(-1));
    this.#generation = enlarge(this.#generation, new Float64Array(capacity));
    this.#codes = enlarge(this.#codes, new Int32Array(capacity));
    this.#freeSlots = enlarge(this.#freeSlots, new Int32Array(capacity));
    this.#capacity = capacity;
  }
}

function enlarge<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
