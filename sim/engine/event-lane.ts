/**
 * Events that were pushed in the order of their times: a ring, where the heap of `event-queue.ts` would cost a sift up
 * and a sift down through every level. A LAN's frames are such events: each arrives microseconds after it was sent, so
 * one that is sent later nearly always arrives later, however many timers are pending far behind them.
 */

/** Entries that fit at first; a power of two, as ever after. */
const CAPACITY_START = 64;

/** A queue whose times never decrease; see the head of the file. */
export class EventLane {
  /** Entries in the ring, dead ones included. */
  size = 0;
  /** Time of the first entry; infinity when there is none. */
  firstTime = Number.POSITIVE_INFINITY;
  /** Time of the entry that was added last; what comes before it does not fit. */
  lastTime = Number.NEGATIVE_INFINITY;
  /** Time and key of each entry. */
  #ring = new Float64Array(CAPACITY_START * 2);
  #mask = CAPACITY_START - 1;
  #first = 0;

  /** Key of the first entry; there must be one. */
  get firstKey(): number {
    return this.#ring[this.#first * 2 + 1] as number;
  }

  /** Adds an entry behind the last; `time` is at least `lastTime` and `key` the largest yet. */
  add(time: number, key: number): void {
    if (this.size > this.#mask) this.#grow();
    if (this.size === 0) this.firstTime = time;
    const at = ((this.#first + this.size++) & this.#mask) * 2;
    this.#ring[at] = time;
    this.#ring[at + 1] = key;
    this.lastTime = time;
  }

  /** Takes the first entry out; there must be one. */
  removeFirst(): void {
    this.#first = (this.#first + 1) & this.#mask;
    if (--this.size === 0) this.#empty();
    else this.firstTime = this.#ring[this.#first * 2] as number;
  }

  /** Moves everything elsewhere, in order. */
  drainInto(other: { add(time: number, key: number): void }): void {
    const { size } = this;
    const ring = this.#ring;
    this.size = 0;
    this.#empty();
    for (let i = 0; i < size; i++) {
      const at = ((this.#first + i) & this.#mask) * 2;
      other.add(ring[at] as number, ring[at + 1] as number);
    }
  }

  /** Takes out all entries but those whose key `keeps` says. */
  keepWhere(keeps: (key: number) => boolean): void {
    const kept: (readonly [time: number, key: number])[] = [];
    this.drainInto({ add: (time, key) => void (keeps(key) && kept.push([time, key])) });
    for (const [time, key] of kept) this.add(time, key);
  }

  #empty(): void {
    this.firstTime = Number.POSITIVE_INFINITY;
    this.lastTime = Number.NEGATIVE_INFINITY;
  }

  #grow(): void {
    const larger = new Float64Array(this.#ring.length * 2);
    const start = this.#first * 2;
    larger.set(this.#ring.subarray(start));
    larger.set(this.#ring.subarray(0, start), this.#ring.length - start);
    this.#ring = larger;
    this.#mask = larger.length / 2 - 1;
    this.#first = 0;
  }
}
