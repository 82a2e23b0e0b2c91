/**
 * When a frame leaves a line of limited rate, by arithmetic instead of events. Exact: the moment at which the line
 * is free again is kept as whole microseconds and a fraction of the rate, so nothing drifts.
 * A frame occupies the line as on Ethernet: preamble, at least 60 bytes, check sequence, gap.
 */

import type { TimeUs } from '../../daemon/base/time.ts';

/** Preamble and start delimiter, bytes (IEEE 802.3). */
const PREAMBLE_LENGTH = 8;
/** Frame check sequence, bytes. */
const FCS_LENGTH = 4;
/** Gap between two frames, bytes. */
const GAP_LENGTH = 12;
/** Shortest frame without its check sequence; shorter ones are padded by the NIC. */
const FRAME_LENGTH_MIN = 60;
/** An octet takes so many µs divided by the rate in bits per second. */
const OCTET_NUMERATOR = 8 * 1_000_000;

/** One direction of a line; see the head of the file. */
export class LineRate {
  // What every frame needs comes first, so that it lies in few lines of the processor's cache.
  /** The line is free from here on: whole µs, and a remainder over the denominator. */
  #freeAt = 0;
  #freeAtRest = 0;
  /**
   * µs that an octet takes, as a fraction in lowest terms: at 1 Gbit/s 1/125, so that all numbers stay small whole ones, where
   * V8 keeps a larger one in an object of its own.
   */
  readonly #numerator: number;
  readonly #denominator: number;
  #waiting = 0;
  #first = 0;
  /**
   * Ring of the moments at which waiting frames begin to leave. Up to 64 bytes lie on the heap, more are an allocation
   * of their own, which each of a thousand cables would pay for twice.
   */
  #starts = new Float64Array(8);
  readonly bitsPerSecond: number;
  readonly #queueFrames: number;

  constructor(bitsPerSecond: number, queueFrames: number) {
    this.bitsPerSecond = bitsPerSecond;
    const divisor = greatestCommonDivisor(OCTET_NUMERATOR, bitsPerSecond);
    this.#numerator = OCTET_NUMERATOR / divisor;
    this.#denominator = bitsPerSecond / divisor;
    this.#queueFrames = queueFrames;
  }

  /**
   * Gives the line a frame now: when its last bit has left (rounded up to µs, since nothing happens
   * between two), or -1 when too many wait already.
   */
  take(now: TimeUs, frameLength: number): number {
    if (this.#freeAt < now) {
      this.#freeAt = now;
      this.#freeAtRest = 0;
    } else if (this.#freeAt > now || this.#freeAtRest > 0) {
      this.#forgetStarted(now);
      if (this.#waiting >= this.#queueFrames) return -1;
      this.#addWaiting(this.#freeAt);
    }
    this.#occupy(PREAMBLE_LENGTH + Math.max(frameLength, FRAME_LENGTH_MIN) + FCS_LENGTH);
    const lastBit = this.#freeAtRest > 0 ? this.#freeAt + 1 : this.#freeAt;
    this.#occupy(GAP_LENGTH);
    return lastBit;
  }

  /** Empties the queue: the carrier is gone. */
  clear(): void {
    this.#freeAt = 0;
    this.#freeAtRest = 0;
    this.#waiting = 0;
  }

  /** Exact for every rate: the product stays below 2^53, and `%` of such numbers is slow. */
  #occupy(bytes: number): void {
    const total = bytes * this.#numerator + this.#freeAtRest;
    const whole = Math.floor(total / this.#denominator);
    this.#freeAt += whole;
    this.#freeAtRest = total - whole * this.#denominator;
  }

  #forgetStarted(now: number): void {
    const size = this.#starts.length;
    while (this.#waiting > 0 && (this.#starts[this.#first] as number) <= now) {
      this.#first = (this.#first + 1) % size;
      this.#waiting--;
    }
  }

  #addWaiting(start: number): void {
    if (this.#waiting === this.#starts.length) {
      const larger = new Float64Array(this.#starts.length * 2);
      for (let i = 0; i < this.#waiting; i++) {
        larger[i] = this.#starts[(this.#first + i) % this.#starts.length] as number;
      }
      this.#starts = larger;
      this.#first = 0;
    }
    this.#starts[(this.#first + this.#waiting) % this.#starts.length] = start;
    this.#waiting++;
  }
}

/** Of whole numbers; 1 where one of them is none. */
function greatestCommonDivisor(a: number, b: number): number {
  if (!Number.isInteger(a) || !Number.isInteger(b)) return 1;
  let [greater, less] = [a, b];
  while (less > 0) [greater, less] = [less, greater % less];
  return greater;
}
