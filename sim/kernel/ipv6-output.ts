/**
 * IPv6 packets on their way out; the counterpart of `ipv4-output.ts`, with neighbours of the ND
 * table.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import { internetChecksum, ipv6AddressSum, pseudoHeaderSum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { writeUint16 } from '../../daemon/wire/integers.ts';
import { PROTOCOL_ICMPV6, PROTOCOL_TCP } from '../../daemon/wire/ipv4.ts';
import {
  encodeIpv6Header,
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6NextHeader,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import {
  ANY_IPV6,
  type Ipv6Address,
  isLinkLocalIpv6,
  multicastMacOfIpv6,
  writeIpv6,
} from '../../daemon/wire/ipv6-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { type Cut, pieceLengthsOf, pieceMaxOf } from './gathered-packet.ts';
import { errorOf, type Ipv4Way } from './ipv4-output.ts';
import { cutIpv6 } from './ipv6-cut.ts';
import { routeIpv6 } from './ipv6-lookup.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';
import { sendToLoopback } from './loopback.ts';
import { neighbourFor, sendToNeighbour } from './neighbour-machine.ts';
import { outputVerdict, type PacketPlace, packetMark } from './packet-question.ts';
import { pathMtuTo } from './path-mtu.ts';
import type { RouteFailure } from './route-state.ts';
import type { SocketError } from './socket-api.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
/** Source: RFC 8200 section 5. */
const IPV6_MTU_MIN = 1280;
const PAYLOAD_LENGTH_MAX = 65_535;
const IDENTIFICATIONS = 0xffff_ffff;
/** Where the payload of a packet without extension headers stands. */
export const IPV6_PAYLOAD_AT = IP_AT + IPV6_HEADER_LENGTH;

/** What the next hop must know of a routing decision. */
export type Ipv6Way = Ipv4Way;

/** A frame with room for headers and `payloadLength` octets behind them, at `IPV6_PAYLOAD_AT`. */
export function newIpv6Frame(payloadLength: number): Uint8Array {
  return newFrame(IPV6_PAYLOAD_AT + payloadLength);
}

/** Fills the IP header of a frame made by `newIpv6Frame` and sends it. */
export function finishIpv6(
  kernel: KernelState,
  frame: Uint8Array,
  header: {
    readonly nextHeader: number;
    readonly source: Ipv6Address;
    readonly destination: Ipv6Address;
    readonly hopLimit: number;
  },
  way: Ipv6Way,
): SocketError | undefined {
  encodeIpv6Header(
    {
      ...header,
      trafficClass: 0,
      flowLabel: 0,
      payloadLength: frame.length - IPV6_PAYLOAD_AT,
    },
    frame,
    IP_AT,
  );
  return sendIpv6Frame(kernel, frame, way);
}

/** Sends a frame whose IPv6 packet at 14 is complete. */
export function sendIpv6Frame(
  kernel: KernelState,
  frame: Uint8Array,
  way: Ipv6Way,
): SocketError | undefined {
  if (kernel.firewall.counts['output-mark'] > 0 && kernel.inet6.hasMarkRules) {
    const other = wayOfMarked(kernel, frame, way);
    if (typeof other === 'string') return errorOf(other);
    way = other;
  }
  for (const hook of kernel.outputHooks) {
    if (hook(frame, 'inet6')) return undefined;
  }
  return sendIpv6BehindHooks(kernel, frame, way);
}

/** As in `ipv4-output.ts`. Source: net/ipv6/netfilter.c, ip6_route_me_harder. */
function wayOfMarked(kernel: KernelState, frame: Uint8Array, way: Ipv6Way): Ipv6Way | RouteFailure {
  const destination = readIpv6Destination(frame, IP_AT);
  if (way.kind !== 'unicast' || isLinkLocalIpv6(destination)) return way;
  const mark = packetMark(kernel, 'output-mark', placeOf(frame, way.link));
  if (mark === 0) return way;
  return routeIpv6(kernel, destination, readIpv6Source(frame, IP_AT), undefined, { mark });
}

function placeOf(bytes: Uint8Array, link: LinkState): PacketPlace {
  return { bytes, at: IP_AT, family: 'inet6', link };
}

/** Sends a frame past the hooks: what IPVS itself sends. */
export function sendIpv6BehindHooks(
  kernel: KernelState,
  frame: Uint8Array,
  way: Ipv6Way,
): SocketError | undefined {
  if (isDisabled(kernel, way.link)) {
    drop(kernel, 'ipv6:disabled');
    return 'EADDRNOTAVAIL';
  }
  if (kernel.firewall.counts.output > 0) {
    const rule = outputVerdict(kernel, placeOf(frame, way.link));
    if (rule?.verdict === 'drop') {
      drop(kernel, 'ipv6:firewall');
      return 'EPERM';
    }
    const other = kernel.linksByName.get(rule?.redirectTo ?? '');
    if (other !== undefined) way = { ...way, link: other };
  }
  if (way.kind === 'local') {
    sendToLoopback(kernel, frame);
    return undefined;
  }
  return passIpv6(kernel, frame, way, outputMtu(kernel, frame, way.link));
}

/** Sends a packet to its next hop, in pieces if it is longer than `mtu` or came in pieces. */
export function passIpv6(
  kernel: KernelState,
  frame: Uint8Array,
  way: Ipv6Way,
  mtu: number,
): SocketError | undefined {
  const cut = cutOf(kernel, frame, mtu);
  if (cut !== undefined) return passInPieces(kernel, frame, way, cut);
  passIpv6ToLink(kernel, frame, way);
  return undefined;
}

function passInPieces(
  kernel: KernelState,
  frame: Uint8Array,
  way: Ipv6Way,
  cut: Cut,
): SocketError | undefined {
  if (frame.length - IPV6_PAYLOAD_AT > PAYLOAD_LENGTH_MAX) return 'EMSGSIZE';
  // Drawn anew for each packet, so that nobody can guess the next one (RFC 7739).
  const pieces = cutIpv6(frame, cut, 1 + randomBelow(kernel.random, IDENTIFICATIONS));
  if (pieces.length === 0) {
    drop(kernel, 'ipv6:too-big');
    return 'EMSGSIZE';
  }
  for (const piece of pieces) passIpv6ToLink(kernel, piece, way);
  return undefined;
}

/** How a packet must be cut; `undefined` when it need not be. Source: ip6_finish_output, ip6_fragment. */
function cutOf(kernel: KernelState, frame: Uint8Array, mtu: number): Cut | undefined {
  const pieceMax = pieceMaxOf(kernel, frame);
  if (frame.length - IP_AT <= Math.min(mtu, pieceMax ?? mtu)) return undefined;
  if (pieceMax === undefined) return { mtu, pieceLengths: [] };
  return {
    mtu: Math.min(mtu, Math.max(pieceMax, IPV6_MTU_MIN)),
    pieceLengths: pieceLengthsOf(kernel, frame),
  };
}

/** What fits the way of a packet; segments of TCP have been made for it already. */
function outputMtu(kernel: KernelState, frame: Uint8Array, link: LinkState): number {
  if (kernel.pathMtus.size === 0 || readIpv6NextHeader(frame, IP_AT) === PROTOCOL_TCP) {
    return link.mtu;
  }
  return pathMtuTo(kernel, readIpv6Destination(frame, IP_AT), link);
}

/** The last step. */
function passIpv6ToLink(kernel: KernelState, frame: Uint8Array, way: Ipv6Way): void {
  const entry = neighbourFor(kernel, kernel.nd, way.link, way.nextHop);
  if (entry === undefined) return;
  if (entry.state === 'NONE' && way.kind === 'multicast') {
    entry.state = 'NOARP';
    entry.mac = multicastMacOfIpv6(way.nextHop as Ipv6Address);
  }
  sendToNeighbour(kernel, entry, frame);
}

/**
 * Sends a packet whose header the caller wrote; payload length is filled in, a source of `::`
 * chosen (and the checksum of ICMPv6 made for it, as raw sockets of that protocol do).
 */
export function sendRawIpv6(
  kernel: KernelState,
  packet: Uint8Array,
  link: LinkState | undefined,
  mayBeCut: boolean,
): SocketError | undefined {
  if (packet.length < IPV6_HEADER_LENGTH) return 'EINVAL';
  if (link !== undefined && !link.up) return 'ENETUNREACH';
  const frame = newFrame(IP_AT + packet.length);
  frame.set(packet, IP_AT);
  const written = readIpv6Source(frame, IP_AT);
  const source = written === ANY_IPV6 ? undefined : written;
  const way = routeIpv6(kernel, readIpv6Destination(frame, IP_AT), source, link);
  if (typeof way === 'string') return errorOf(way);
  writeUint16(packet.length - IPV6_HEADER_LENGTH, frame, IP_AT + 4);
  if (written === ANY_IPV6) {
    writeIpv6(way.source as Ipv6Address, frame, IP_AT + 8);
    fillIcmpv6Checksum(frame);
  }
  // A packet with a header of its own is never cut (rawv6_send_hdrinc).
  if (!mayBeCut && way.kind !== 'local' && packet.length > way.link.mtu) {
    drop(kernel, 'ipv6:too-big');
    return 'EMSGSIZE';
  }
  return sendIpv6Frame(kernel, frame, way);
}

function fillIcmpv6Checksum(frame: Uint8Array): void {
  const payload = findIpv6Payload(frame, IP_AT);
  if (typeof payload === 'string' || payload.protocol !== PROTOCOL_ICMPV6) return;
  const length = frame.length - payload.at;
  if (length < 4) return;
  const addresses = ipv6AddressSum(readIpv6Source(frame, IP_AT), readIpv6Destination(frame, IP_AT));
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_ICMPV6, length });
  writeUint16(0, frame, payload.at + 2);
  writeUint16(internetChecksum(frame, payload.at, length, pseudo), frame, payload.at + 2);
}

/** Whether IPv6 is switched off on a link. */
export function isDisabled(kernel: KernelState, link: LinkState): boolean {
  return kernel.ipv6All.disable_ipv6 !== 0 || link.ipv6.disable_ipv6 !== 0;
}
