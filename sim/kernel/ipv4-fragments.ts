/**
 * IPv4 packets that come in pieces are put together before anything looks into them; after ipfrag_time the sender of
 * one that never became whole hears "time exceeded".
 * Source: net/ipv4/ip_fragment.c (ip_frag_queue, ip_frag_reasm, ip_expire), RFC 791 section 3.2.
 */

import { internetChecksum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { readUint16, writeUint16 } from '../../daemon/wire/integers.ts';
import {
  ipv4HeaderLength,
  readIpv4Destination,
  readIpv4Identification,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4TotalLength,
} from '../../daemon/wire/ipv4.ts';
import { closeFragmentQueue, insertPiece, isWhole, openFragmentQueue } from './fragment-queue.ts';
import type { FragmentQueue } from './fragment-state.ts';
import type { GatheredPacket } from './gathered-packet.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { drop, type KernelState } from './kernel-state.ts';

const FLAGS_AT = 6;
const TOTAL_LENGTH_AT = 2;
const CHECKSUM_AT = 10;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const PACKET_LENGTH_MAX = 65_535;
/** Source: RFC 792, "fragment reassembly time exceeded". */
const CODE_REASSEMBLY = 1;

/**
 * Takes the fragment at `at` and returns the whole packet when it was the last missing one. What is for this host and what a
 * director hands on is collected apart.
 */
export function collectFragment(
  kernel: KernelState,
  bytes: Uint8Array,
  at: number,
  whose: 'local' | 'forwarded',
): GatheredPacket | undefined {
  const headerLength = ipv4HeaderLength(bytes, at);
  const field = readUint16(bytes, at + FLAGS_AT);
  const from = (field & OFFSET_MASK) * 8;
  const isLast = (field & MORE_FRAGMENTS) === 0;
  let length = readIpv4TotalLength(bytes, at) - headerLength;
  // All pieces but the last hold a multiple of eight octets; a rest is cut off.
  if (!isLast) length -= length % 8;
  const to = from + length;
  if (length <= 0 || to + headerLength > PACKET_LENGTH_MAX) {
    drop(kernel, 'ipv4:fragment-too-long');
    return undefined;
  }
  const key = `${whose} ${keyOf(bytes, at)}`;
  const queues = kernel.fragments.inet;
  const queue = openFragmentQueue(kernel, queues, key, {
    seconds: kernel.settings['ipv4.ipfrag_time'],
    highThreshold: kernel.settings['ipv4.ipfrag_high_thresh'],
    onExpiry: (late) => expire(kernel, late),
  });
  if (queue === undefined) {
    drop(kernel, 'ipv4:fragment-too-many');
    return undefined;
  }
  const payload = bytes.subarray(at + headerLength, at + headerLength + length);
  if (!insertPiece(queue, { from, to, bytes: payload }, isLast)) {
    drop(kernel, 'ipv4:fragment-overlap');
    closeFragmentQueue(kernel, queues, key);
    return undefined;
  }
  queue.pieceMax = Math.max(queue.pieceMax, headerLength + length);
  if (from === 0) queue.first = bytes.subarray(at - Math.min(at, ETHERNET_HEADER_LENGTH));
  const { first } = queue;
  if (first === undefined || !isWhole(queue)) return undefined;
  closeFragmentQueue(kernel, queues, key);
  const pieceLengths = queue.pieces.map((each) => each.to - each.from);
  return { frame: join(queue, first), pieceMax: queue.pieceMax, pieceLengths };
}

/** `first` is the frame of the first piece; its header becomes that of the whole. */
function join(queue: FragmentQueue, first: Uint8Array): Uint8Array {
  const ipAt = ETHERNET_HEADER_LENGTH;
  const headerLength = ipv4HeaderLength(first, ipAt);
  const frame = new Uint8Array(ipAt + headerLength + (queue.length ?? 0));
  frame.set(first.subarray(0, ipAt + headerLength));
  for (const piece of queue.pieces) frame.set(piece.bytes, ipAt + headerLength + piece.from);
  writeUint16(frame.length - ipAt, frame, ipAt + TOTAL_LENGTH_AT);
  writeUint16(0, frame, ipAt + FLAGS_AT);
  writeUint16(0, frame, ipAt + CHECKSUM_AT);
  writeUint16(internetChecksum(frame, ipAt, headerLength), frame, ipAt + CHECKSUM_AT);
  return frame;
}

/** Only a packet whose first piece is there is worth an error: its ports can be quoted. */
function expire(kernel: KernelState, queue: FragmentQueue): void {
  drop(kernel, 'ipv4:fragment-timeout');
  if (queue.first === undefined) return;
  sendIcmpError(kernel, queue.first, ETHERNET_HEADER_LENGTH, {
    kind: 'time-exceeded',
    code: CODE_REASSEMBLY,
  });
}

function keyOf(bytes: Uint8Array, at: number): string {
  const source = readIpv4Source(bytes, at);
  const destination = readIpv4Destination(bytes, at);
  const id = readIpv4Identification(bytes, at);
  return `${source} ${destination} ${id} ${readIpv4Protocol(bytes, at)}`;
}
