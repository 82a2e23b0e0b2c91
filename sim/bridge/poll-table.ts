/** The `struct pollfd` table of one `poll` over the ports of a bridge and whatever else it waits for. */

import { POLLFD_LENGTH } from '../../daemon/linux/native/libc.ts';
import { LINK } from './link-calls.ts';

const EVENTS = 4;
const RETURNED = 6;

/** Descriptors by slot; see poll(2). */
export class PollTable {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly #view: DataView;

  constructor(descriptors: readonly number[]) {
    this.count = descriptors.length;
    this.bytes = new Uint8Array(descriptors.length * POLLFD_LENGTH);
    this.#view = new DataView(this.bytes.buffer);
    for (const [slot, descriptor] of descriptors.entries()) {
      this.#view.setInt32(slot * POLLFD_LENGTH, descriptor, true);
      this.#view.setInt16(slot * POLLFD_LENGTH + EVENTS, LINK.POLLIN, true);
    }
  }

  /** Whether the last poll found something at a slot: input, an error, a hang-up. */
  isReady(slot: number): boolean {
    return this.#view.getInt16(slot * POLLFD_LENGTH + RETURNED, true) !== 0;
  }
}
