/**
 * IPv6 packets that come in pieces are put together by their receiver; after ip6frag_time the sender of one that never became
 * whole hears "time exceeded", provided that its first piece came. What cannot be right is answered with a parameter problem.
 * Source: net/ipv6/reassembly.c (ipv6_frag_rcv, ip6_frag_queue, ip6_frag_reasm, ip6frag_expire_frag_queue); RFC 8200
 * section 4.5, RFC 5722, RFC 7112.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { writeUint16 } from '../../daemon/wire/integers.ts';
import { PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import {
  decodeFragmentHeader,
  findIpv6Payload,
  findUnfragmentable,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import { isLinkLocalIpv6, isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { closeFragmentQueue, insertPiece, isWhole, openFragmentQueue } from './fragment-queue.ts';
import type { FragmentQueue } from './fragment-state.ts';
import type { GatheredPacket } from './gathered-packet.ts';
import { sendIcmpv6Error } from './icmpv6-output.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const FRAGMENT_HEADER_LENGTH = 8;
const OFFSET_AT = 2;
const PAYLOAD_LENGTH_AT = 4;
const PAYLOAD_LENGTH_MAX = 65_535;
/** Source: RFC 4443 section 3.3, "fragment reassembly time exceeded". */
const CODE_REASSEMBLY = 1;
/** Source: RFC 4443 section 3.4, "erroneous header field". */
const CODE_HEADER_FIELD = 0;
/** Source: RFC 7112, "IPv6 first fragment has incomplete IPv6 header chain". */
const CODE_INCOMPLETE_CHAIN = 3;
/** Octets of the headers that a first piece must hold in full. */
const UPPER_HEADER_LENGTHS: ReadonlyMap<number, number> = new Map([
  [PROTOCOL_TCP, 20],
  [PROTOCOL_UDP, 8],
  [PROTOCOL_ICMPV6, 4],
]);

/** Takes the piece whose IP header is at `at` and returns the whole packet when it was the last missing one. */
export function collectIpv6Fragment(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
): GatheredPacket | undefined {
  const { nextHeaderAt, end: headerAt } = findUnfragmentable(bytes, at);
  const packetEnd = at + IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  const header = decodeFragmentHeader(bytes, headerAt, packetEnd);
  if (typeof header === 'string') return refuse(kernel, header);
  const dataAt = headerAt + FRAGMENT_HEADER_LENGTH;
  const { offset: from, more } = header;
  const to = from + packetEnd - dataAt;
  const wrong = (code: number, parameter: number) =>
    sendIcmpv6Error(kernel, bytes, at, link, { kind: 'parameter-problem', code, parameter });
  if (from === 0 && !hasUpperHeader(bytes, at, packetEnd)) {
    wrong(CODE_INCOMPLETE_CHAIN, 0);
    return refuse(kernel, 'ipv6:fragment-incomplete-chain');
  }
  if (to > PAYLOAD_LENGTH_MAX) {
    wrong(CODE_HEADER_FIELD, headerAt + OFFSET_AT - at);
    return refuse(kernel, 'ipv6:fragment-too-long');
  }
  if (more && to % 8 !== 0) {
    wrong(CODE_HEADER_FIELD, PAYLOAD_LENGTH_AT);
    return refuse(kernel, 'ipv6:fragment-too-long');
  }
  const key = keyOf(bytes, at, link, header.identification);
  const queues = kernel.fragments.inet6;
  const queue = openFragmentQueue(kernel, queues, key, {
    seconds: kernel.settings['ipv6.ip6frag_time'],
    highThreshold: kernel.settings['ipv6.ip6frag_high_thresh'],
    onExpiry: (late) => expire(kernel, link, late),
  });
  if (queue === undefined) return refuse(kernel, 'ipv6:fragment-too-many');
  const piece = { from, to, bytes: bytes.subarray(dataAt, packetEnd) };
  if (to === from || !insertPiece(queue, piece, !more)) {
    closeFragmentQueue(kernel, queues, key);
    return refuse(kernel, 'ipv6:fragment-overlap');
  }
  queue.pieceMax = Math.max(queue.pieceMax, packetEnd - at);
  if (from === 0) queue.first ??= copyOf(bytes, at, packetEnd);
  if (queue.first === undefined || !isWhole(queue)) return undefined;
  closeFragmentQueue(kernel, queues, key);
  const frame = join(queue, queue.first, {
    nextHeaderAt: nextHeaderAt - at + IP_AT,
    headerAt: headerAt - at + IP_AT,
  });
  const pieceLengths = queue.pieces.map((each) => each.to - each.from);
  return { frame, pieceMax: queue.pieceMax, pieceLengths };
}

function refuse(kernel: KernelState, reason: Parameters<typeof drop>[1]): undefined {
  drop(kernel, reason);
  return undefined;
}

/** Whether a first piece holds every header up to that of the transport. */
function hasUpperHeader(bytes: Uint8Array, at: number, end: number): boolean {
  const payload = findIpv6Payload(bytes, at);
  if (typeof payload === 'string') return false;
  return payload.at + (UPPER_HEADER_LENGTHS.get(payload.protocol) ?? 1) <= end;
}

/** The headers of the first piece without its fragment header, and all data behind them. */
function join(
  queue: FragmentQueue,
  first: Uint8Array,
  places: { readonly nextHeaderAt: number; readonly headerAt: number },
): Uint8Array {
  const { nextHeaderAt, headerAt } = places;
  const frame = newFrame(headerAt + (queue.length ?? 0));
  frame.set(first.subarray(0, headerAt));
  frame[nextHeaderAt] = first[headerAt] as number;
  for (const piece of queue.pieces) frame.set(piece.bytes, headerAt + piece.from);
  writeUint16(frame.length - IP_AT - IPV6_HEADER_LENGTH, frame, IP_AT + PAYLOAD_LENGTH_AT);
  return frame;
}

function copyOf(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const frame = newFrame(IP_AT + end - at);
  frame.set(bytes.subarray(at, end), IP_AT);
  return frame;
}

/** Only a packet whose first piece is there is worth an error: its ports can be quoted. */
function expire(kernel: KernelState, link: LinkState, queue: FragmentQueue): void {
  drop(kernel, 'ipv6:fragment-timeout');
  if (queue.first === undefined) return;
  const error = { kind: 'time-exceeded', code: CODE_REASSEMBLY, parameter: 0 } as const;
  sendIcmpv6Error(kernel, queue.first, IP_AT, link, error);
}

/** Source, destination and identification; and the link where it decides who is meant. */
function keyOf(bytes: Uint8Array, at: number, link: LinkState, identification: number): string {
  const [source, destination] = [readIpv6Source(bytes, at), readIpv6Destination(bytes, at)];
  const zone = isMulticastIpv6(destination) || isLinkLocalIpv6(destination) ? link.index : 0;
  return `${source} ${destination} ${identification} ${zone}`;
}
