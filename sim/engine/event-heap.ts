/**
 * A 4-ary heap of (time, key) over one typed array; of two entries of the same time the one with the smaller key is
 * earlier. Knows nothing of events. An entry's time and key lie together, and four children are one line of the
 * processor's cache.
 */

import { type EntrySink, SLOT_LIMIT, SLOT_MASK, sequenceOf } from './event-key.ts';

/** Large arrays begin 16 bytes into a page; from this place on, children of one parent share a line. */
const START = 4;

/** The heap; see the head of the file. */
export class EventHeap {
  /** Entries. */
  size = 0;
  #heap: Float64Array;

  constructor(capacity: number) {
    this.#heap = new Float64Array(START + capacity * 2);
  }

  /** Time of the first entry; there must be one. */
  get firstTime(): number {
    return this.#heap[START] as number;
  }

  /** Key of the first entry; there must be one. */
  get firstKey(): number {
    return this.#heap[START + 1] as number;
  }

  /** Adds an entry. */
  add(time: number, sequence: number, slot: number): void {
    const key = sequence * SLOT_LIMIT + slot;
    const heap = START + this.size * 2 === this.#heap.length ? this.#grow() : this.#heap;
    let place = this.size++;
    while (place > 0) {
      const parent = (place - 1) >> 2;
      const above = START + parent * 2;
      const parentTime = heap[above] as number;
      if (parentTime < time || (parentTime === time && (heap[above + 1] as number) < key)) break;
      heap[START + place * 2] = parentTime;
      heap[START + place * 2 + 1] = heap[above + 1] as number;
      place = parent;
    }
    heap[START + place * 2] = time;
    heap[START + place * 2 + 1] = key;
  }

  /** Takes the first entry out; there must be one. The last one takes its place. */
  removeFirst(): void {
    const last = START + --this.size * 2;
    this.#siftDown(START, this.#heap[last] as number, this.#heap[last + 1] as number);
  }

  /** Moves everything elsewhere, in no order. */
  drainInto(other: EntrySink): void {
    const heap = this.#heap;
    const end = START + this.size * 2;
    this.size = 0;
    for (let at = START; at < end; at += 2) {
      const key = heap[at + 1] as number;
      other.add(heap[at] as number, sequenceOf(key), key & SLOT_MASK);
    }
  }

  /** The latest time of all; 0 without entries. */
  lastTime(): number {
    let last = 0;
    for (let i = 0; i < this.size; i++) last = Math.max(last, this.#heap[START + i * 2] as number);
    return last;
  }

  /** Takes out all entries but those whose key `keeps` says. */
  keepWhere(keeps: (key: number) => boolean): void {
    const heap = this.#heap;
    let kept = 0;
    for (let i = 0; i < this.size; i++) {
      const key = heap[START + i * 2 + 1] as number;
      if (!keeps(key)) continue;
      heap[START + kept * 2] = heap[START + i * 2] as number;
      heap[START + kept * 2 + 1] = key;
      kept++;
    }
    this.size = kept;
    for (let i = (kept - 2) >> 2; i >= 0; i--) {
      const at = START + i * 2;
      this.#siftDown(at, heap[at] as number, heap[at + 1] as number);
    }
  }

  /** Puts an entry into the hole at `from` or below it, moving earlier ones up. The hottest loop of all. */
  #siftDown(from: number, time: number, key: number): void {
    const heap = this.#heap;
    const end = START + this.size * 2;
    let place = from;
    for (;;) {
      const child = place * 4 - (START * 3 - 2);
      let best: number;
      if (child + 6 < end) best = earliestOfFour(heap, child);
      else if (child < end) best = earliestBefore(heap, child, end);
      else break;
      const bestTime = heap[best] as number;
      const bestKey = heap[best + 1] as number;
      if (time < bestTime || (time === bestTime && key < bestKey)) break;
      heap[place] = bestTime;
      heap[place + 1] = bestKey;
      place = best;
    }
    heap[place] = time;
    heap[place + 1] = key;
  }

  #grow(): Float64Array {
    const larger = new Float64Array(START + (this.#heap.length - START) * 2);
    larger.set(this.#heap);
    this.#heap = larger;
    return larger;
  }
}

/**
 * Where the earliest of four entries stands. Which one it is nobody can foresee, the processor neither, so the choice is
 * arithmetic: a comparison as a number costs nothing, a branch taken wrongly as much as a whole level.
 */
function earliestOfFour(heap: Float64Array, at: number): number {
  const a = heap[at] as number;
  const b = heap[at + 2] as number;
  const c = heap[at + 4] as number;
  const d = heap[at + 6] as number;
  const left = at + 2 * +(b < a);
  const right = at + 4 + 2 * +(d < c);
  const leftTime = heap[left] as number;
  const rightTime = heap[right] as number;
  if (a === b || c === d || leftTime === rightTime) return earliestBefore(heap, at, at + 8);
  return left + (right - left) * +(rightTime < leftTime);
}

/** The same for the entries from `at` on that stand before `end`, by their keys where times are the same. */
function earliestBefore(heap: Float64Array, at: number, end: number): number {
  let best = at;
  for (let other = at + 2; other < end; other += 2) {
    const time = heap[other] as number;
    const bestTime = heap[best] as number;
    if (time > bestTime) continue;
    if (time < bestTime || (heap[other + 1] as number) < (heap[best + 1] as number)) best = other;
  }
  return best;
}
