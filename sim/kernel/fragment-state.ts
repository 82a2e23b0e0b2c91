/** A packet that came in pieces, while they are being collected. */

import type { KernelTimer } from './kernel-clock.ts';

/** A piece: octets `from` to `to` of the payload. */
export interface FragmentPiece {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  /** Pieces that came one behind the other, each where the last one ended, are one run. */
  readonly run: number;
}

/** The pieces of one packet, in order of their offsets. */
export interface FragmentQueue {
  readonly pieces: FragmentPiece[];
  /** Octets of the whole payload, known when the last piece is there. */
  length: number | undefined;
  /** The first piece as a frame of its own, for its header and for the error at the end of the time. */
  first: Uint8Array | undefined;
  /** Octets of the largest packet that brought a piece. */
  pieceMax: number;
  readonly timer: KernelTimer;
}

/** Packets in pieces of one family, by what tells them apart. */
export type FragmentQueues = Map<string, FragmentQueue>;
