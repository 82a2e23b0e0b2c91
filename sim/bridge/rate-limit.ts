/**
 * How many frames a bridge may send to the outside: a loop or a storm inside must not become one outside. Two buckets,
 * one for all frames and a smaller one for broadcasts and multicasts, which reach every station of the real network.
 */

/** Frames a second, all together: more than a kernel takes from one process. */
export const RATE_DEFAULT = 250_000;
/** Broadcasts and multicasts a second. */
export const GROUP_RATE_DEFAULT = 10_000;
/** A bucket holds what fits into this time. */
const BURST_SECONDS = 0.1;

/** The limit of one port. */
export class RateLimit {
  /** Frames that were too many. */
  refused = 0;
  readonly #all: Bucket;
  readonly #group: Bucket;

  constructor(options: { readonly rate: number; readonly groupRate: number }) {
    this.#all = new Bucket(options.rate);
    this.#group = new Bucket(Math.min(options.groupRate, options.rate));
  }

  /** Whether a frame may leave at a moment (µs). */
  admits(frame: Uint8Array, nowUs: number): boolean {
    const isGroup = ((frame[0] as number) & 1) === 1;
    if ((!isGroup || this.#group.take(nowUs)) && this.#all.take(nowUs)) return true;
    this.refused++;
    return false;
  }
}

class Bucket {
  readonly #perUs: number;
  readonly #capacity: number;
  #tokens: number;
  #lastUs = 0;

  constructor(rate: number) {
    this.#perUs = rate / 1_000_000;
    this.#capacity = Math.max(1, rate * BURST_SECONDS);
    this.#tokens = this.#capacity;
  }

  take(nowUs: number): boolean {
    if (nowUs > this.#lastUs) {
      this.#tokens = Math.min(this.#capacity, this.#tokens + (nowUs - this.#lastUs) * this.#perUs);
      this.#lastUs = nowUs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
