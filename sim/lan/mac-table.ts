/**
 * A switch's table of learned addresses: open addressing over two integers per address, so that a look-up makes no
 * boxed number. Entries age lazily: a switch asks about an entry before it trusts it. Knows nothing of ports
 * beyond their identity.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';

/** Addresses that the table holds; a real access switch holds 8 to 16 thousand. Beyond: not learned, so flooded. */
const MAC_TABLE_ENTRIES_MAX = 16_384;

/** One learned address. Its port is `undefined` once the entry is out of the table. */
export interface MacEntry<P> {
  /** The first 16 bits and the last 32 (signed) of the address. */
  readonly high: number;
  readonly low: number;
  port: P | undefined;
  learnedAt: TimeUs;
  lastSeenAt: TimeUs;
  /** Order of learning. */
  readonly order: number;
}

/** The table; see the head of the file. */
export class MacTable<P> {
  readonly ageing: DurationUs;
  #slots: (MacEntry<P> | undefined)[] = new Array<MacEntry<P> | undefined>(64).fill(undefined);
  #mask = 63;
  #size = 0;
  #order = 0;

  constructor(ageing: DurationUs) {
    this.ageing = ageing;
  }

  /** The live entry of an address; an aged one is taken out on the way. */
  find(high: number, low: number, now: TimeUs): MacEntry<P> | undefined {
    for (let i = hash(high, low) & this.#mask; ; i = (i + 1) & this.#mask) {
      const entry = this.#slots[i];
      if (entry === undefined) return undefined;
      if (entry.low !== low || entry.high !== high) continue;
      if (now - entry.lastSeenAt < this.ageing) return entry;
      this.#removeAt(i);
      return undefined;
    }
  }

  /** Learns an address that is not in the table; `undefined` when it is full. */
  add(high: number, low: number, port: P, now: TimeUs): MacEntry<P> | undefined {
    if (this.#size >= MAC_TABLE_ENTRIES_MAX) this.removeWhere((entry) => this.isAged(entry, now));
    if (this.#size >= MAC_TABLE_ENTRIES_MAX) return undefined;
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    const order = this.#order++;
    const entry: MacEntry<P> = { high, low, port, learnedAt: now, lastSeenAt: now, order };
    this.#insert(entry);
    this.#size++;
    return entry;
  }

  /** Whether the entry's station has been silent for too long. */
  isAged(entry: MacEntry<P>, now: TimeUs): boolean {
    return now - entry.lastSeenAt >= this.ageing;
  }

  /** Takes out all entries that `match` says. */
  removeWhere(match: (entry: MacEntry<P>) => boolean): void {
    const old = this.#slots;
    this.#slots = new Array<MacEntry<P> | undefined>(old.length).fill(undefined);
    this.#size = 0;
    for (const entry of old) {
      if (entry === undefined) continue;
      if (match(entry)) {
        entry.port = undefined;
      } else {
        this.#insert(entry);
        this.#size++;
      }
    }
  }

  /** How many live entries `match`. */
  count(match: (entry: MacEntry<P>) => boolean): number {
    let count = 0;
    for (const entry of this.#slots) if (entry !== undefined && match(entry)) count++;
    return count;
  }

  /** The live entries in order of learning. */
  entries(now: TimeUs): MacEntry<P>[] {
    const live: MacEntry<P>[] = [];
    for (const entry of this.#slots) {
      if (entry !== undefined && !this.isAged(entry, now)) live.push(entry);
    }
    return live.sort((a, b) => a.order - b.order);
  }

  #insert(entry: MacEntry<P>): void {
    let i = hash(entry.high, entry.low) & this.#mask;
    while (this.#slots[i] !== undefined) i = (i + 1) & this.#mask;
    this.#slots[i] = entry;
  }

  /** Takes one entry out and closes the gap, so that no later entry of the same chain is lost. */
  #removeAt(hole: number): void {
    const gone = this.#slots[hole];
    if (gone !== undefined) gone.port = undefined;
    this.#size--;
    this.#slots[hole] = undefined;
    for (let i = (hole + 1) & this.#mask; ; i = (i + 1) & this.#mask) {
      const entry = this.#slots[i];
      if (entry === undefined) return;
      this.#slots[i] = undefined;
      this.#insert(entry);
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Array<MacEntry<P> | undefined>(old.length * 2).fill(undefined);
    this.#mask = this.#slots.length - 1;
    for (const entry of old) if (entry !== undefined) this.#insert(entry);
  }
}

/** Spreads an address over 32 bits; made addresses often differ in their last octets only. */
function hash(high: number, low: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
