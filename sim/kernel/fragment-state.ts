/** A packet that came in pieces, while they are being collected. */

import type { KernelTimer } from './kernel-clock.ts';

/** The pieces of one packet, in order of their offsets. */
export interface FragmentQueue {
  readonly pieces: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[];
  /** Octets of the whole payload, known when the last piece is there. */
  length: number | undefined;
  /** The first piece from its IP header on, for its header and for the error at the end of the time. */
  first: Uint8Array | undefined;
  readonly timer: KernelTimer;
}
