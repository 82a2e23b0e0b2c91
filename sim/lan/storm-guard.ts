/**
 * Keeps a loop of cables from running for ever. Switches here speak no spanning tree, and a frame that went
 * round is the very same buffer, so a switch counts how often one buffer crosses it. A real loop saturates its
 * lines within milliseconds; here a frame goes round `CROSSINGS_MAX` times and is dropped then, which is enough for
 * every host to hear it many times, and for MAC tables to be torn.
 */

import type { TimeUs } from '../../daemon/base/time.ts';

/** How often one frame may cross a switch within the window. Without a loop it is once; twice over a hub. */
const CROSSINGS_MAX = 32;
/** Counts are forgotten after this long, µs. A loop slower than that per round is no storm. */
const WINDOW_US = 100_000;
/** Frames counted at a time; beyond, the window begins anew. */
const FRAMES_MAX = 4096;
/** Floods per window beyond which excess is dropped: copies that a faulty cable corrupts on each round. */
const FLOODS_MAX = 50_000;

/** One switch's guard; see the head of the file. */
export class StormGuard {
  /** Frames dropped so far. */
  dropped = 0;
  /** A storm was seen: known destinations are counted from then on too, for torn tables bounce frames. */
  stormy = false;
  readonly #crossings = new Map<Uint8Array, number>();
  #windowEnd = 0;
  #floods = 0;

  /** Counts a crossing; `false` when the frame must be dropped. */
  admit(frame: Uint8Array, now: TimeUs): boolean {
    if (now >= this.#windowEnd) this.#beginWindow(now);
    else if (this.#crossings.size >= FRAMES_MAX) this.#crossings.clear();
    const count = (this.#crossings.get(frame) ?? 0) + 1;
    this.#crossings.set(frame, count);
    if (count <= CROSSINGS_MAX && ++this.#floods <= FLOODS_MAX) return true;
    this.stormy = true;
    this.dropped++;
    return false;
  }

  /** Forgets everything: the ports have changed, so the loop may be gone. */
  reset(): void {
    this.#crossings.clear();
    this.#floods = 0;
    this.stormy = false;
  }

  #beginWindow(now: TimeUs): void {
    this.#crossings.clear();
    this.#floods = 0;
    this.#windowEnd = now + WINDOW_US;
  }
}
