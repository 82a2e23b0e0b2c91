/**
 * The queue of everything that is going to happen, ordered by (time, sequence). A 4-ary heap over typed arrays:
 * no allocation per event once it has grown. Cancelling only marks: a cancelled event is dropped when it comes to
 * the top, or when more than half of the heap is dead, so that sifting need not keep track of places.
 * What an event means is its target's business.
 */

import { assert } from '../../daemon/base/assert.ts';
import type { TimeUs } from '../../daemon/base/time.ts';

/** Whoever gets events. One object serves many events; `code` and `payload` tell them apart. */
export interface EventTarget {
  /** Called at the event's time; `code` (32 bits) and `payload` are as given to `push`. */
  onEvent(now: TimeUs, code: number, payload: unknown): void;
}

/** Names a pending event for `cancel`; never reused while pending. 0 is never a handle. */
export type EventHandle = number;

/** Slots are below 2^22 (4 M pending events, the stated limit); the rest of a handle is a generation. */
const SLOT_LIMIT = 0x40_0000;
/** `&` takes the low 32 bits of any safe integer first, and is many times faster than `%` on such numbers. */
const SLOT_MASK = SLOT_LIMIT - 1;
/**
 * An event's key is its sequence and its slot in one number, so that ties need one comparison and the heap
 * two arrays. After 2^31 events the sequences of what is pending are dealt anew.
 */
const SEQUENCE_LIMIT = 0x8000_0000;
const GENERATION_LIMIT = 0x7fff_ffff;
/** Below this many entries a heap is not worth cleaning. */
const CLEAN_SIZE_MIN = 64;

/** The queue; see the head of the file. */
export class EventQueue {
  /** Entries in the heap, dead ones included. */
  #size = 0;
  #dead = 0;
  #sequence = 0;
  #capacity: number;
  #heapTime: Float64Array;
  #heapKey: Float64Array;
  /** Per slot: the key of its pending event (-1 free), generation, and what to call. */
  #slotKey: Float64Array;
  #generation: Int32Array;
  #targets: (EventTarget | undefined)[] = [];
  #codes: Int32Array;
  #payloads: unknown[] = [];
  #freeSlots: Int32Array;
  #freeCount = 0;
  #usedSlots = 0;

  /** `firstSequence` is for tests of the renumbering alone. */
  constructor(capacity = 1024, firstSequence = 0) {
    assert(capacity > 0 && capacity <= SLOT_LIMIT, 'capacity of an event queue is 1 to 4 M');
    this.#capacity = capacity;
    this.#sequence = firstSequence;
    this.#heapTime = new Float64Array(capacity);
    this.#heapKey = new Float64Array(capacity);
    this.#slotKey = new Float64Array(capacity).fill(-1);
    this.#generation = new Int32Array(capacity).fill(1);
    this.#codes = new Int32Array(capacity);
    this.#freeSlots = new Int32Array(capacity);
  }

  /** How many events are pending. */
  get size(): number {
    return this.#size - this.#dead;
  }

  /** Events that fit without growing. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The time of the next event; `undefined` when none is pending. */
  nextTime(): TimeUs | undefined {
    const time = this.peekTime();
    return time === Number.POSITIVE_INFINITY ? undefined : (time as TimeUs);
  }

  /** The time of the next event; infinity when none is pending. For the engine's inner loop. */
  peekTime(): number {
    if (this.#dead > 0) this.#dropDeadTop();
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#heapTime[0] as number);
  }

  /** Adds an event; of two at the same time the one pushed first comes first. */
  push(at: TimeUs, target: EventTarget, code: number, payload: unknown): EventHandle {
    if (this.#sequence >= SEQUENCE_LIMIT) this.#renumber();
    const slot = this.#freeCount > 0 ? this.#reuseSlot() : this.#newSlot();
    const key = this.#sequence++ * SLOT_LIMIT + slot;
    this.#slotKey[slot] = key;
    this.#targets[slot] = target;
    this.#codes[slot] = code;
    this.#payloads[slot] = payload;
    if (this.#size === this.#capacity) this.#grow();
    // A new event has the largest key: at equal times it stays below.
    const times = this.#heapTime;
    const keys = this.#heapKey;
    let place = this.#size++;
    while (place > 0) {
      const parent = (place - 1) >> 2;
      const parentTime = times[parent] as number;
      if (parentTime <= at) break;
      times[place] = parentTime;
      keys[place] = keys[parent] as number;
      place = parent;
    }
    times[place] = at;
    keys[place] = key;
    return (this.#generation[slot] as number) * SLOT_LIMIT + slot;
  }

  /** Takes a pending event out; `false` when it has fired or was cancelled before. */
  cancel(handle: EventHandle): boolean {
    const slot = handle & SLOT_MASK;
    const generation = Math.trunc(handle / SLOT_LIMIT);
    if (slot >= this.#usedSlots || this.#generation[slot] !== generation) return false;
    if (this.#slotKey[slot] === -1) return false;
    this.#targets[slot] = undefined;
    this.#freeSlot(slot);
    this.#dead++;
    if (this.#dead * 2 > this.#size && this.#size >= CLEAN_SIZE_MIN) this.#clean();
    return true;
  }

  /** Takes the next event out and calls its target. The queue must not be empty. */
  fire(): void {
    if (this.#dead > 0) this.#dropDeadTop();
    assert(this.#size > 0, 'fire on an empty event queue');
    const now = this.#heapTime[0] as TimeUs;
    const slot = (this.#heapKey[0] as number) & SLOT_MASK;
    const target = this.#targets[slot] as EventTarget;
    const code = this.#codes[slot] as number;
    const payload = this.#payloads[slot];
    this.#removeTop();
    this.#freeSlot(slot);
    target.onEvent(now, code, payload);
  }

  #reuseSlot(): number {
    return this.#freeSlots[--this.#freeCount] as number;
  }

  #newSlot(): number {
    if (this.#usedSlots === this.#capacity) this.#grow();
    assert(this.#usedSlots < this.#capacity, 'more than 4 M events pending');
    this.#targets.push(undefined);
    this.#payloads.push(undefined);
    return this.#usedSlots++;
  }

  /** Targets live long and are left behind until the slot is used again; payloads are let go. */
  #freeSlot(slot: number): void {
    const generation = this.#generation[slot] as number;
    this.#generation[slot] = generation === GENERATION_LIMIT ? 1 : generation + 1;
    this.#slotKey[slot] = -1;
    this.#payloads[slot] = undefined;
    this.#freeSlots[this.#freeCount++] = slot;
  }

  #dropDeadTop(): void {
    while (this.#dead > 0 && this.#size > 0 && this.#isDead(this.#heapKey[0] as number)) {
      this.#removeTop();
      this.#dead--;
    }
  }

  #isDead(key: number): boolean {
    return this.#slotKey[key & SLOT_MASK] !== key;
  }

  /** The last entry takes the place of the top. Written out for nodes with four children: the hottest loop of all. */
  #removeTop(): void {
    const times = this.#heapTime;
    const keys = this.#heapKey;
    const last = --this.#size;
    const time = times[last] as number;
    const key = keys[last] as number;
    let place = 0;
    for (let child = 1; child + 3 < last; child = (place << 2) + 1) {
      let best = this.#earlier(child, child + 1);
      best = this.#earlier(best, child + 2);
      best = this.#earlier(best, child + 3);
      const bestTime = times[best] as number;
      const bestKey = keys[best] as number;
      if (time < bestTime || (time === bestTime && key < bestKey)) break;
      times[place] = bestTime;
      keys[place] = bestKey;
      place = best;
    }
    this.#siftDown(place, time, key);
  }

  #earlier(one: number, other: number): number {
    const a = this.#heapTime[one] as number;
    const b = this.#heapTime[other] as number;
    if (b < a) return other;
    return b === a && (this.#heapKey[other] as number) < (this.#heapKey[one] as number)
      ? other
      : one;
  }

  /** Puts an entry at `place` or below it, moving smaller ones up. */
  #siftDown(place: number, time: number, key: number): void {
    const times = this.#heapTime;
    const keys = this.#heapKey;
    const size = this.#size;
    for (;;) {
      let best = (place << 2) + 1;
      if (best >= size) break;
      const end = Math.min(best + 4, size);
      let bestTime = times[best] as number;
      for (let child = best + 1; child < end; child++) {
        const childTime = times[child] as number;
        if (childTime > bestTime) continue;
        if (childTime < bestTime || (keys[child] as number) < (keys[best] as number)) {
          best = child;
          bestTime = childTime;
        }
      }
      const bestKey = keys[best] as number;
      if (time < bestTime || (time === bestTime && key < bestKey)) break;
      times[place] = bestTime;
      keys[place] = bestKey;
      place = best;
    }
    times[place] = time;
    keys[place] = key;
  }

  /** Throws the dead entries out and builds the heap of the rest. */
  #clean(): void {
    const times = this.#heapTime;
    const keys = this.#heapKey;
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      const key = keys[i] as number;
      if (this.#isDead(key)) continue;
      times[kept] = times[i] as number;
      keys[kept] = key;
      kept++;
    }
    this.#size = kept;
    this.#dead = 0;
    for (let i = (kept - 2) >> 2; i >= 0; i--) {
      this.#siftDown(i, times[i] as number, keys[i] as number);
    }
  }

  /** Gives what is pending the sequences 0, 1, 2 … in its order. An array in order is a heap. */
  #renumber(): void {
    this.#clean();
    const order = Array.from({ length: this.#size }, (_, i) => i);
    const times = this.#heapTime.slice(0, this.#size);
    const keys = this.#heapKey.slice(0, this.#size);
    const timeOf = (i: number) => times[i] as number;
    const keyOf = (i: number) => keys[i] as number;
    order.sort((a, b) => timeOf(a) - timeOf(b) || keyOf(a) - keyOf(b));
    order.forEach((from, sequence) => {
      const slot = keyOf(from) & SLOT_MASK;
      const key = sequence * SLOT_LIMIT + slot;
      this.#heapTime[sequence] = timeOf(from);
      this.#heapKey[sequence] = key;
      this.#slotKey[slot] = key;
    });
    this.#sequence = this.#size;
  }

  #grow(): void {
    const capacity = Math.min(this.#capacity * 2, SLOT_LIMIT);
    if (capacity === this.#capacity && this.#dead > 0) {
      this.#clean();
      return;
    }
    assert(capacity > this.#capacity, 'more than 4 M events pending');
    this.#heapTime = enlarge(this.#heapTime, new Float64Array(capacity));
    this.#heapKey = enlarge(this.#heapKey, new Float64Array(capacity));
    this.#slotKey = enlarge(this.#slotKey, new Float64Array(capacity).fill(-1));
    this.#generation = enlarge(this.#generation, new Int32Array(capacity).fill(1));
    this.#codes = enlarge(this.#codes, new Int32Array(capacity));
    this.#freeSlots = enlarge(this.#freeSlots, new Int32Array(capacity));
    this.#capacity = capacity;
  }
}

function enlarge<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
