/**
 * An event's key: its sequence and its slot in one number, so that a tie of times needs one comparison and an entry two
 * numbers. Between functions both travel apart, as small integers: a number above 2^31 would be an object of its own.
 */

/** Slots are below 2^22: 4 M pending events, the stated limit. */
export const SLOT_LIMIT = 0x40_0000;
/** `&` takes the low 32 bits of any safe integer first, and is many times faster than `%` on such numbers. */
export const SLOT_MASK = SLOT_LIMIT - 1;

/** Where entries go: heap, lane, far buckets. */
export interface EntrySink {
  /** Adds an entry. */
  add(time: number, sequence: number, slot: number): void;
}

/** The sequence in a key. */
export function sequenceOf(key: number): number {
  return Math.floor(key / SLOT_LIMIT);
}
