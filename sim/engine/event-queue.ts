/**
 * The queue of everything that is going to happen, ordered by (time, sequence): a heap (`event-heap.ts`), and
 * beside it a lane (`event-lane.ts`) for what is due shortly and in order, as frames are, and buckets
 * (`far-events.ts`) for what is due long after, where thousands are pending. Cancelling only marks: a cancelled event
 * is dropped when it comes first, or when more than half of all entries are dead, so that sifting need not keep track
 * of places. What an event means is its target's business.
 */

import { assert } from '../../daemon/base/assert.ts';
import type { TimeUs } from '../../daemon/base/time.ts';
import { EventHeap } from './event-heap.ts';
import { type EntrySink, SLOT_LIMIT, SLOT_MASK, sequenceOf } from './event-key.ts';
import { EventLane } from './event-lane.ts';
import { FarEvents } from './far-events.ts';

/** Whoever gets events. One object serves many events; `code` and `payload` tell them apart. */
export interface EventTarget {
  /** Called at the event's time; `code` (32 bits) and `payload` are as given to `push`. */
  onEvent(now: TimeUs, code: number, payload: unknown): void;
}

/** Names a pending event for `cancel`; never reused while pending. 0 is never a handle. */
export type EventHandle = number;

/** After so many events the sequences of what is pending are dealt anew. */
const SEQUENCE_LIMIT = 0x8000_0000;
const GENERATION_LIMIT = 0x7fff_ffff;
/** A heap of so many entries still fits into the processor's cache. */
const HEAP_SIZE_FAR = 4096;
/** Below this many entries a heap is not worth cleaning. */
const CLEAN_SIZE_MIN = 64;
/**
 * What is due within this time of the last event may take the lane, µs. Longer than a frame needs for a cable, and
 * shorter than any timer: one far entry would send all nearer ones to the heap until it is due.
 */
const LANE_SPAN = 250;

/** A slot's numbers: the sequence of its pending event (-1: free), generation, code, and the next free slot. */
const SLOT_FIELDS = 4;
const SEQUENCE = 0;
const GENERATION = 1;
const CODE = 2;
const NEXT_FREE = 3;
const FREE = -1;
/** End of the list of free slots. */
const NONE = -1;

/** The queue; see the head of the file. */
export class EventQueue {
  /** Dead entries in heap, lane and far buckets. */
  #dead = 0;
  #sequence = 0;
  #capacity: number;
  readonly #heap: EventHeap;
  readonly #lane = new EventLane();
  #far: FarEvents | undefined;
  /** With so many entries in the heap, most of them become far. */
  #heapSizeMax = HEAP_SIZE_FAR;
  /** When the last event fired. */
  #lastFired = 0;
  #slots: Int32Array;
  /** Per slot: whom to call, and with what. */
  #targets: (EventTarget | undefined)[] = [];
  #payloads: unknown[] = [];
  #firstFree = NONE;
  #usedSlots = 0;

  /** `firstSequence` is for tests of the renumbering alone. */
  constructor(capacity = 1024, firstSequence = 0) {
    assert(capacity > 0 && capacity <= SLOT_LIMIT, 'capacity of an event queue is 1 to 4 M');
    this.#capacity = capacity;
    this.#sequence = firstSequence;
    this.#heap = new EventHeap(capacity);
    this.#slots = new Int32Array(capacity * SLOT_FIELDS);
  }

  /** How many events are pending. */
  get size(): number {
    return this.#entries - this.#dead;
  }

  /** Entries, dead ones included. */
  get #entries(): number {
    return this.#heap.size + this.#lane.size + (this.#far?.size ?? 0);
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
    if (this.#dead > 0) this.#dropDeadFirsts();
    const laneTime = this.#lane.firstTime;
    if (this.#heap.size === 0) return laneTime;
    const heapTime = this.#heap.firstTime;
    return heapTime < laneTime ? heapTime : laneTime;
  }

  /** Adds an event; of two at the same time the one pushed first comes first. */
  push(at: TimeUs, target: EventTarget, code: number, payload: unknown): EventHandle {
    const slot = this.#insert(at, target, code, payload);
    return (this.#slots[slot * SLOT_FIELDS + GENERATION] as number) * SLOT_LIMIT + slot;
  }

  /** The same for an event that nobody will cancel: a handle is a number too large to cost nothing. */
  post(at: TimeUs, target: EventTarget, code: number, payload: unknown): void {
    this.#insert(at, target, code, payload);
  }

  /** Adds an event; its slot. */
  #insert(at: TimeUs, target: EventTarget, code: number, payload: unknown): number {
    if (this.#sequence >= SEQUENCE_LIMIT) this.#renumber();
    const slot = this.#firstFree === NONE ? this.#newSlot() : this.#reuseSlot();
    const sequence = this.#sequence++;
    this.#slots[slot * SLOT_FIELDS + SEQUENCE] = sequence;
    this.#slots[slot * SLOT_FIELDS + CODE] = code;
    this.#targets[slot] = target;
    this.#payloads[slot] = payload;
    const lane = this.#lane;
    if (at >= lane.lastTime && at - this.#lastFired <= LANE_SPAN) lane.add(at, sequence, slot);
    else if (this.#far?.isFar(at) === true) this.#far.add(at, sequence, slot);
    else this.#addToHeap(at, sequence, slot);
    return slot;
  }

  /** Takes a pending event out; `false` when it has fired or was cancelled before. */
  cancel(handle: EventHandle): boolean {
    const slot = handle & SLOT_MASK;
    const generation = Math.trunc(handle / SLOT_LIMIT);
    const base = slot * SLOT_FIELDS;
    if (slot >= this.#usedSlots || this.#slots[base + GENERATION] !== generation) return false;
    if (this.#slots[base + SEQUENCE] === FREE) return false;
    this.#targets[slot] = undefined;
    this.#freeSlot(slot);
    this.#dead++;
    const entries = this.#entries;
    if (this.#dead * 2 > entries && entries >= CLEAN_SIZE_MIN) this.#clean();
    return true;
  }

  /** Takes the next event out and calls its target. The queue must not be empty. */
  fire(): void {
    if (this.#dead > 0) this.#dropDeadFirsts();
    const lane = this.#lane;
    let now: number;
    let key: number;
    if (lane.size > 0 && !this.#isHeapFirst()) {
      now = lane.firstTime;
      key = lane.firstKey;
      lane.removeFirst();
    } else {
      assert(this.#heap.size > 0, 'fire on an empty event queue');
      now = this.#heap.firstTime;
      key = this.#heap.firstKey;
      this.#removeHeapFirst();
    }
    const slot = key & SLOT_MASK;
    const target = this.#targets[slot] as EventTarget;
    const code = this.#slots[slot * SLOT_FIELDS + CODE] as number;
    const payload = this.#payloads[slot];
    this.#freeSlot(slot);
    this.#lastFired = now;
    target.onEvent(now as TimeUs, code, payload);
  }

  /** Whether the heap's first entry comes before that of the lane, which is not empty. */
  #isHeapFirst(): boolean {
    const heap = this.#heap;
    if (heap.size === 0) return false;
    const heapTime = heap.firstTime;
    const laneTime = this.#lane.firstTime;
    return heapTime < laneTime || (heapTime === laneTime && heap.firstKey < this.#lane.firstKey);
  }

  #reuseSlot(): number {
    const slot = this.#firstFree;
    this.#firstFree = this.#slots[slot * SLOT_FIELDS + NEXT_FREE] as number;
    return slot;
  }

  #newSlot(): number {
    if (this.#usedSlots === this.#capacity) this.#growSlots();
    this.#slots[this.#usedSlots * SLOT_FIELDS + GENERATION] = 1;
    this.#targets.push(undefined);
    this.#payloads.push(undefined);
    return this.#usedSlots++;
  }

  /** Targets live long and are left behind until the slot is used again; payloads are let go. */
  #freeSlot(slot: number): void {
    const slots = this.#slots;
    const base = slot * SLOT_FIELDS;
    const generation = slots[base + GENERATION] as number;
    slots[base + GENERATION] = generation === GENERATION_LIMIT ? 1 : generation + 1;
    slots[base + SEQUENCE] = FREE;
    slots[base + NEXT_FREE] = this.#firstFree;
    this.#firstFree = slot;
    this.#payloads[slot] = undefined;
  }

  #dropDeadFirsts(): void {
    while (this.#dead > 0 && this.#heap.size > 0 && this.#isDead(this.#heap.firstKey)) {
      this.#removeHeapFirst();
      this.#dead--;
    }
    const lane = this.#lane;
    while (this.#dead > 0 && lane.size > 0 && this.#isDead(lane.firstKey)) {
      lane.removeFirst();
      this.#dead--;
    }
  }

  #isDead(key: number): boolean {
    return this.#slots[(key & SLOT_MASK) * SLOT_FIELDS + SEQUENCE] !== sequenceOf(key);
  }

  #addToHeap(time: number, sequence: number, slot: number): void {
    const heap = this.#heap;
    heap.add(time, sequence, slot);
    if (heap.size < this.#heapSizeMax || (this.#far?.size ?? 0) > 0) return;
    this.#far ??= new FarEvents();
    this.#far.takeFrom(heap);
    // Where thousands are due at the same time, all come back: not to be tried again at every push.
    this.#heapSizeMax = Math.max(HEAP_SIZE_FAR, heap.size * 2);
  }

  /** The heap is never empty while anything is far. */
  #removeHeapFirst(): void {
    this.#heap.removeFirst();
    if (this.#heap.size > 0) return;
    this.#heapSizeMax = HEAP_SIZE_FAR;
    this.#far?.openInto(this.#heap);
  }

  /** Throws the dead entries out. */
  #clean(): void {
    const isLiving = (key: number) => !this.#isDead(key);
    this.#lane.keepWhere(isLiving);
    this.#far?.keepWhere(isLiving);
    this.#heap.keepWhere(isLiving);
    if (this.#heap.size === 0) this.#far?.openInto(this.#heap);
    this.#dead = 0;
  }

  /** Gives what is pending the sequences 0, 1, 2 … in its order. */
  #renumber(): void {
    this.#clean();
    const entries: { readonly time: number; readonly old: number; readonly slot: number }[] = [];
    const list: EntrySink = { add: (time, old, slot) => void entries.push({ time, old, slot }) };
    this.#lane.drainInto(list);
    this.#far?.drainInto(list);
    this.#heap.drainInto(list);
    entries.sort((a, b) => a.time - b.time || a.old - b.old);
    entries.forEach(({ time, slot }, sequence) => {
      this.#slots[slot * SLOT_FIELDS + SEQUENCE] = sequence;
      this.#heap.add(time, sequence, slot);
    });
    this.#sequence = entries.length;
  }

  /** More slots. Dead entries have given theirs back long ago. */
  #growSlots(): void {
    const capacity = Math.min(this.#capacity * 2, SLOT_LIMIT);
    assert(capacity > this.#capacity, 'more than 4 M events pending');
    const slots = new Int32Array(capacity * SLOT_FIELDS);
    slots.set(this.#slots);
    this.#slots = slots;
    this.#capacity = capacity;
  }
}
