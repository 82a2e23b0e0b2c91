/**
 * Timers as data: a list of moments with what is due then, ordered by (time, order of entry).
 *
 * The owner asks `nextDueAt`, sleeps, and takes what has become due. Nothing is ever called back. Made
 * for the few dozen timers of one daemon; timers that move with every packet (the master-down timer)
 * live as plain fields beside it.
 */

import type { TimeUs } from './time.ts';

/** One entry; `value` says what is due. */
export interface Deadline<T> {
  readonly dueAt: TimeUs;
  readonly value: T;
}

/** Deadlines in the order in which they fall due; equal times keep the order of entry. */
export class Deadlines<T> {
  readonly #entries: Deadline<T>[] = [];

  /** Number of waiting entries. */
  get size(): number {
    return this.#entries.length;
  }

  /** Adds an entry behind all others that are due no later. */
  add(dueAt: TimeUs, value: T): void {
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1] as Deadline<T>).dueAt > dueAt) at--;
    this.#entries.splice(at, 0, { dueAt, value });
  }

  /** The moment of the first entry, `undefined` when there is none. */
  nextDueAt(): TimeUs | undefined {
    return this.#entries[0]?.dueAt;
  }

  /** Takes the first entry when it is due at `now` or was before; a late caller misses nothing. */
  takeDue(now: TimeUs): Deadline<T> | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.dueAt > now) return undefined;
    this.#entries.shift();
    return first;
  }

  /** Drops every entry for which `unwanted` holds. */
  remove(unwanted: (value: T) => boolean): void {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      if (unwanted((this.#entries[i] as Deadline<T>).value)) this.#entries.splice(i, 1);
    }
  }
}
