/**
 * Pieces of a packet, collected until it is whole: what IPv4 and IPv6 have in common. A piece that lies within what came
 * before is a repetition and changes nothing; one that overlaps takes the whole packet with it.
 * Source: net/ipv4/inet_fragment.c (inet_frag_queue_insert, inet_frag_find, inet_frag_kill), RFC 5722.
 */

import type { FragmentPiece, FragmentQueue, FragmentQueues } from './fragment-state.ts';
import { HZ, makeTimer } from './kernel-clock.ts';
import type { KernelState } from './kernel-state.ts';

/** Packets in pieces at a time and family; ipfrag_high_thresh over the memory of a full one. */
const QUEUES_MAX = 64;

/** The queue of a packet, a new one for its first piece; `undefined` when there are too many. */
export function openFragmentQueue(
  kernel: KernelState,
  queues: FragmentQueues,
  key: string,
  life: {
    readonly seconds: number;
    /** Sysctls ipfrag_high_thresh and ip6frag_high_thresh: with 0 nothing is collected. */
    readonly highThreshold: number;
    /** Not whole in time; the queue is gone already. */
    readonly onExpiry: (queue: FragmentQueue) => void;
  },
): FragmentQueue | undefined {
  const known = queues.get(key);
  if (known !== undefined) return known;
  if (queues.size >= QUEUES_MAX || life.highThreshold === 0) return undefined;
  const expire = () => {
    queues.delete(key);
    life.onExpiry(queue);
  };
  const queue: FragmentQueue = {
    pieces: [],
    length: undefined,
    first: undefined,
    pieceMax: 0,
    timer: makeTimer(expire),
  };
  queues.set(key, queue);
  kernel.clock.armTicks(queue.timer, life.seconds * HZ);
  return queue;
}

/** The packet is whole, or given up. */
export function closeFragmentQueue(kernel: KernelState, queues: FragmentQueues, key: string): void {
  const queue = queues.get(key);
  if (queue !== undefined) kernel.clock.cancel(queue.timer);
  queues.delete(key);
}

/** Adds a piece in its place; `false` when it contradicts what is there. */
export function insertPiece(
  queue: FragmentQueue,
  made: Omit<FragmentPiece, 'run'>,
  isLast: boolean,
): boolean {
  const { pieces } = queue;
  const { from, to } = made;
  const highest = pieces.at(-1);
  const reached = highest?.to ?? 0;
  if (queue.length !== undefined && (to > queue.length || (isLast && to !== queue.length))) {
    return false;
  }
  if (isLast && reached > to) return false;
  if (isLast) queue.length = to;
  if (highest !== undefined && from < reached && to <= reached) {
    const touched = pieces.find((known) => known.to > from && known.from < to);
    if (touched !== undefined) return isWithinRun(pieces, touched, to, from);
    const place = pieces.findIndex((known) => known.from >= to);
    pieces.splice(place, 0, { ...made, run: nextRun(pieces) });
    return true;
  }
  if (from < reached) return false;
  const follows = highest !== undefined && from === reached;
  pieces.push({ ...made, run: follows ? highest.run : nextRun(pieces) });
  return true;
}

/** Whether every octet from 0 to the end is there. */
export function isWhole(queue: FragmentQueue): boolean {
  if (queue.length === undefined) return false;
  let reached = 0;
  for (const piece of queue.pieces) {
    if (piece.from !== reached) return false;
    reached = piece.to;
  }
  return reached === queue.length;
}

function isWithinRun(
  pieces: readonly FragmentPiece[],
  touched: FragmentPiece,
  to: number,
  from: number,
): boolean {
  const end = pieces.findLast((known) => known.run === touched.run)?.to ?? touched.to;
  return from >= touched.from && to <= end;
}

function nextRun(pieces: readonly FragmentPiece[]): number {
  return pieces.reduce((run, piece) => Math.max(run, piece.run + 1), 0);
}
