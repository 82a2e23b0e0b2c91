/**
 * An IPv6 packet that was put together by somebody who is not its end (a director) goes on in pieces no larger than those
 * that came: whoever cut it knew what fits the way. Source: net/ipv6/ip6_output.c (ip6_fragment, frag_max_size).
 */

import type { KernelState } from './kernel-state.ts';

/** What a kernel knows of the packet that it has just put together, while it is at it. */
export interface GatheredPacket {
  /** A frame of its own whose IP header is at 14; of a packet that is handed on, the copy. */
  frame: Uint8Array;
  /** Octets of the largest packet that brought a piece. */
  readonly pieceMax: number;
}

/** The largest piece that a packet came in; `undefined` when it came whole. */
export function pieceMaxOf(kernel: KernelState, bytes: Uint8Array): number | undefined {
  const { gathered } = kernel;
  return gathered?.frame === bytes ? gathered.pieceMax : undefined;
}

/** A copy that may be changed takes the place of the packet. */
export function takeOver(kernel: KernelState, bytes: Uint8Array, copy: Uint8Array): void {
  const { gathered } = kernel;
  if (gathered?.frame === bytes) gathered.frame = copy;
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
