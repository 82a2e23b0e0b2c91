/**
 * What a part that needs chance is handed: one stream of its own. Who makes streams, and from which
 * seed, is the caller's business (`sim/engine/random-streams.ts`, `daemon/linux`).
 */

/** One owner's private stream of random numbers. */
export interface RandomSource {
  /** A whole number, uniform over 0..2^32-1. */
  uint32(): number;
}

/** A whole number, uniform over 0..bound-1; `bound` at most 2^32. The bias is below 2^-20 for our bounds. */
export function randomBelow(source: RandomSource, bound: number): number {
  return Math.floor((source.uint32() / 4_294_967_296) * bound);
}
