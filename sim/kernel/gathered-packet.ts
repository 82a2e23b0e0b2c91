/**
 * A packet that was put together by somebody who is not its end (a director) goes on in the very pieces that came, or at
 * least in none larger: whoever cut it knew what fits the way. Source: net/ipv6/ip6_output.c (ip6_fragment, frag_max_size),
 * net/ipv4/ip_output.c (ip_do_fragment).
 */

import type { KernelState } from './kernel-state.ts';

/** What a kernel knows of the packet that it has just put together, while it is at it. */
export interface GatheredPacket {
  /** A frame of its own whose IP header is at 14; of a packet that is handed on, the copy. */
  frame: Uint8Array;
  /** Octets of the largest packet that brought a piece; without bound in a tunnel of the other family, which does not know it. */
  pieceMax: number;
  /** Octets of data in each piece, in the packet's order. */
  readonly pieceLengths: readonly number[];
}

/** How a packet is cut. */
export interface Cut {
  /** Most octets of a piece with its headers. */
  readonly mtu: number;
  /** Octets of data in the pieces that the packet came in, which are kept if they can be; none when it came whole. */
  readonly pieceLengths: readonly number[];
}

/** The largest piece that a packet came in; `undefined` when it came whole. */
export function pieceMaxOf(kernel: KernelState, bytes: Uint8Array): number | undefined {
  const { gathered } = kernel;
  return gathered?.frame === bytes ? gathered.pieceMax : undefined;
}

/** Octets of data in the pieces that a packet came in; none when it came whole. */
export function pieceLengthsOf(kernel: KernelState, bytes: Uint8Array): readonly number[] {
  const { gathered } = kernel;
  return gathered?.frame === bytes ? gathered.pieceLengths : [];
}

/** A copy that may be changed takes the place of the packet. */
export function takeOver(kernel: KernelState, bytes: Uint8Array, copy: Uint8Array): void {
  const { gathered } = kernel;
  if (gathered?.frame === bytes) gathered.frame = copy;
}

/** The packet goes on in one of the other family: only the lengths of its pieces are kept. */
export function forgetPieceMax(kernel: KernelState): void {
  if (kernel.gathered !== undefined) kernel.gathered.pieceMax = Number.POSITIVE_INFINITY;
}

/** Runs what is done with a packet that was put together. */
export function whileGathered(
  kernel: KernelState,
  gathered: GatheredPacket,
  handle: (frame: Uint8Array) => void,
): void {
  kernel.gathered = gathered;
  handle(gathered.frame);
  kernel.gathered = undefined;
}

/**
 * The lengths of the pieces that the packet came in, the first one grown by what was put before it (a tunnel's headers);
 * `undefined` where one does not fit, or does not end where the next may begin. Source: the fast paths of
 * ip6_fragment and ip_do_fragment, which go along the list of pieces.
 */
export function keptLengths(
  length: number,
  room: number,
  pieceLengths: readonly number[],
): readonly number[] | undefined {
  const others = pieceLengths.slice(1);
  if (others.length === 0) return undefined;
  const kept = [length - others.reduce((sum, one) => sum + one, 0), ...others];
  const mayStay = kept.every(
    (one, index) => one <= room && (one % 8 === 0 || index === kept.length - 1),
  );
  return mayStay ? kept : undefined;
}
