/**
 * Named random streams split from one seed. Every draw comes from a stream named by its owner
 * (`cable:sw1-3`, `srv-1/keepalived`), so adding a node or a draw elsewhere changes nobody else's luck.
 * Made with seedrandom's xor128, whose state is small and survives JSON.
 */

import xor128 from 'seedrandom/lib/xor128.js';
import type { RandomSource } from '../../daemon/base/random.ts';

/** All streams of one run. */
export class RandomStreams {
  #seed: number;
  readonly #streams = new Map<string, RandomStream>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The stream of that owner; the same object every time. */
  named(owner: string): RandomStream {
    let stream = this.#streams.get(owner);
    if (stream === undefined) {
      stream = new RandomStream(`${this.#seed}/${owner}`);
      this.#streams.set(owner, stream);
    }
    return stream;
  }

  /** Other luck from now on: every stream goes on as one of that seed. Owners keep their objects. */
  reseed(seed: number): void {
    this.#seed = seed;
    for (const [owner, stream] of this.#streams) stream.reseed(`${seed}/${owner}`);
  }

  /** The state of every stream, sorted by owner; plain JSON. */
  save(): readonly (readonly [string, unknown])[] {
    const owners = [...this.#streams.keys()].sort((a, b) => (a < b ? -1 : 1));
    return owners.map((owner) => [owner, this.named(owner).save()] as const);
  }

  /** Puts saved states back; streams not mentioned start anew. Owners keep the objects that they hold. */
  restore(saved: readonly (readonly [string, unknown])[]): void {
    for (const stream of this.#streams.values()) stream.reset();
    for (const [owner, state] of saved) this.named(owner).restore(state);
  }
}

/** One owner's stream. Most are never drawn from (the losses of a sound cable), so the generator is made by the first draw. */
export class RandomStream implements RandomSource {
  #seedText: string;
  #made: ReturnType<typeof xor128> | undefined;

  constructor(seedText: string) {
    this.#seedText = seedText;
  }

  uint32(): number {
    return this.#generator.int32() >>> 0;
  }

  /** The state as plain JSON. */
  save(): unknown {
    return this.#generator.state();
  }

  /** Begins anew, as if nothing had been drawn. */
  reset(): void {
    this.#made = undefined;
  }

  /** Begins anew as another stream. */
  reseed(seedText: string): void {
    this.#seedText = seedText;
    this.reset();
  }

  /** Continues from a saved state. */
  restore(state: unknown): void {
    this.#made = xor128('', { state: state as object });
  }

  get #generator(): ReturnType<typeof xor128> {
    this.#made ??= xor128(this.#seedText, { state: true });
    return this.#made;
  }
}
