/**
 * Events that are due later than those of the heap, once that holds thousands: buckets by time, in no order inside. A heap
 * of a million entries fits into no cache, and every level of a sift is a miss; here an entry is written behind the
 * last of its bucket, and read again with all of them when the time of the bucket comes. The heap then only holds
 * one bucket's entries, and what is pushed before them.
 *
 * Which bucket a time belongs to is one monotone function, so an entry of an earlier bucket is never later than one of a
 * later bucket, and the same times are always together. A bucket is a chain of pieces of one array, so that nothing
 * is allocated once that has grown.
 */

import type { EventHeap } from './event-heap.ts';
import { type EntrySink, SLOT_LIMIT, SLOT_MASK, sequenceOf } from './event-key.ts';

const BUCKETS = 512;
/** Entries of a piece. */
const PIECE = 32;
const PIECES_START = 256;
/** No piece. */
const NONE = -1;

/** What is due later; see the head of the file. */
export class FarEvents {
  /** Entries in all buckets, dead ones included. While it is 0, nothing is far. */
  size = 0;
  /** Buckets below were opened: such times are not far. */
  #opened = 0;
  #start = 0;
  #bucketsPerMicrosecond = 0;
  /** Time and key of each entry. */
  #entries = new Float64Array(PIECES_START * PIECE * 2);
  /** The piece behind each piece, in its bucket or among the free ones. */
  #next = new Int32Array(PIECES_START);
  #firstFree = NONE;
  #usedPieces = 0;
  /** Of each bucket: its newest piece, and how many entries that holds. The last is for all that is later still. */
  readonly #piece = new Int32Array(BUCKETS + 1).fill(NONE);
  readonly #filled = new Int32Array(BUCKETS + 1);

  /** Takes what stands in a heap, and gives back what is due first. */
  takeFrom(heap: EventHeap): void {
    this.#begin(heap.firstTime, heap.lastTime());
    heap.drainInto(this);
    this.openInto(heap);
  }

  /** Whether an event of that time belongs here, and not to the heap. */
  isFar(time: number): boolean {
    return this.size > 0 && this.#bucketOf(time) >= this.#opened;
  }

  /** Adds an entry, whose time is far. */
  add(time: number, sequence: number, slot: number): void {
    const bucket = this.#bucketOf(time);
    let piece = this.#piece[bucket] as number;
    let filled = this.#filled[bucket] as number;
    if (piece === NONE || filled === PIECE) {
      const older = piece;
      piece = this.#firstFree === NONE ? this.#newPiece() : this.#reusePiece();
      this.#next[piece] = older;
      this.#piece[bucket] = piece;
      filled = 0;
    }
    const at = (piece * PIECE + filled) * 2;
    this.#entries[at] = time;
    this.#entries[at + 1] = sequence * SLOT_LIMIT + slot;
    this.#filled[bucket] = filled + 1;
    this.size++;
  }

  /** Moves what is due next into the heap: the entries of the earliest bucket that has any. */
  openInto(heap: EventHeap): void {
    const before = this.size;
    while (this.size > 0 && this.size === before) {
      if (this.#opened === BUCKETS) this.#spreadLast();
      this.#drain(this.#opened++, heap);
    }
  }

  /** Moves everything elsewhere, in no order. */
  drainInto(other: EntrySink): void {
    for (let bucket = 0; bucket <= BUCKETS; bucket++) this.#drain(bucket, other);
  }

  /** Takes out all entries but those whose key `keeps` says. */
  keepWhere(keeps: (key: number) => boolean): void {
    const living: EntrySink = {
      add: (time, sequence, slot) => {
        if (keeps(sequence * SLOT_LIMIT + slot)) this.add(time, sequence, slot);
      },
    };
    for (let bucket = this.#opened; bucket <= BUCKETS; bucket++) this.#drain(bucket, living);
  }

  /** Begins anew, for times from `first` to `last`; nothing may be left inside. */
  #begin(first: number, last: number): void {
    this.#opened = 0;
    this.#start = first;
    this.#bucketsPerMicrosecond = BUCKETS / Math.max(last - first, 1);
  }

  /** All buckets but the last are empty: its entries are spread over all. */
  #spreadLast(): void {
    let [first, last] = [Number.POSITIVE_INFINITY, 0];
    let filled = this.#filled[BUCKETS] as number;
    const newest = this.#piece[BUCKETS] as number;
    for (let piece = newest; piece !== NONE; piece = this.#next[piece] as number) {
      for (let i = 0; i < filled; i++) {
        const time = this.#entries[(piece * PIECE + i) * 2] as number;
        if (time < first) first = time;
        if (time > last) last = time;
      }
      filled = PIECE;
    }
    this.#begin(first, last);
    this.#drain(BUCKETS, this);
  }

  /** Takes a bucket's entries out and adds them elsewhere, or here anew. */
  #drain(bucket: number, other: EntrySink): void {
    let piece = this.#piece[bucket] as number;
    let filled = this.#filled[bucket] as number;
    this.#piece[bucket] = NONE;
    while (piece !== NONE) {
      this.size -= filled;
      for (let i = 0; i < filled; i++) {
        const at = (piece * PIECE + i) * 2;
        const key = this.#entries[at + 1] as number;
        other.add(this.#entries[at] as number, sequenceOf(key), key & SLOT_MASK);
      }
      const older = this.#next[piece] as number;
      this.#next[piece] = this.#firstFree;
      this.#firstFree = piece;
      piece = older;
      filled = PIECE;
    }
  }

  #reusePiece(): number {
    const piece = this.#firstFree;
    this.#firstFree = this.#next[piece] as number;
    return piece;
  }

  #newPiece(): number {
    if (this.#usedPieces === this.#next.length) this.#grow();
    return this.#usedPieces++;
  }

  #grow(): void {
    const entries = new Float64Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    const next = new Int32Array(this.#next.length * 2);
    next.set(this.#next);
    this.#next = next;
  }

  #bucketOf(time: number): number {
    const bucket = (time - this.#start) * this.#bucketsPerMicrosecond;
    return bucket >= BUCKETS ? BUCKETS : bucket <= 0 ? 0 : Math.floor(bucket);
  }
}
