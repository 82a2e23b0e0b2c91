/**
 * IPv4 packets on their way out: the header, the output hook of the firewall, MTU, and the next
 * hop. Frames are built with room for the Ethernet header in front, so that a packet is one buffer
 * from the socket to the far end. Multicast of a host is not looped back to it (IP_MULTICAST_LOOP
 * off, as keepalived sets it).
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import {
  encodeIpv4Header,
  hasDontFragment,
  IPV4_HEADER_LENGTH,
  NO_OPTIONS,
  PROTOCOL_TCP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
} from '../../daemon/wire/ipv4.ts';
import { type Ipv4Address, multicastMacOfIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { BROADCAST_MAC } from '../../daemon/wire/mac-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { pieceLengthsOf, pieceMaxOf } from './gathered-packet.ts';
import { cutIpv4 } from './ipv4-cut.ts';
import { drop, isWithoutNeighbours, type KernelState, type LinkState } from './kernel-state.ts';
import { sendToLoopback } from './loopback.ts';
import { neighbourFor, sendToNeighbour } from './neighbour-machine.ts';
import { outputVerdict, type PacketPlace, packetMark } from './packet-question.ts';
import { pathMtuTo } from './path-mtu.ts';
import { routeOutput } from './route-lookup.ts';
import type { RouteDecision, RouteFailure } from './route-state.ts';
import type { SocketError } from './socket-api.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
/** Header room of a packet without options. */
export const IPV4_PAYLOAD_AT = IP_AT + IPV4_HEADER_LENGTH;

/** What the next hop must know of a routing decision. */
export type Ipv4Way = Pick<RouteDecision, 'kind' | 'link' | 'nextHop'> &
  Partial<Pick<RouteDecision, 'neighbour'>>;

/** A frame with room for headers and `payloadLength` octets behind them, at `IPV4_PAYLOAD_AT`. */
export function newIpv4Frame(payloadLength: number): Uint8Array {
  return newFrame(IPV4_PAYLOAD_AT + payloadLength);
}

/** Fills the IP header of a frame made by `newIpv4Frame` and sends it. */
export function finishIpv4(
  kernel: KernelState,
  frame: Uint8Array,
  header: {
    readonly protocol: number;
    readonly source: Ipv4Address;
    readonly destination: Ipv4Address;
    readonly tos: number;
    readonly ttl: number;
    readonly flags: number;
  },
  way: Ipv4Way,
): SocketError | undefined {
  encodeIpv4Header(
    {
      tos: header.tos,
      totalLength: frame.length - IP_AT,
      identification: header.flags === 0 ? takeIdentification(kernel) : 0,
      flags: header.flags,
      fragmentOffset: 0,
      ttl: header.ttl,
      protocol: header.protocol,
      source: header.source,
      destination: header.destination,
      options: NO_OPTIONS,
    },
    frame,
    IP_AT,
  );
  return sendIpv4Frame(kernel, frame, way);
}

/** Sends a frame whose IPv4 packet at 14 is complete. */
export function sendIpv4Frame(
  kernel: KernelState,
  frame: Uint8Array,
  way: Ipv4Way,
): SocketError | undefined {
  if (kernel.firewall.counts['output-mark'] > 0 && kernel.inet.hasMarkRules) {
    const other = wayOfMarked(kernel, frame, way);
    if (typeof other === 'string') return errorOf(other);
    way = other;
  }
  for (const hook of kernel.outputHooks) {
    if (hook(frame, 'inet')) return undefined;
  }
  return sendBehindHooks(kernel, frame, way);
}

/**
 * The firewall's mark may lead a packet another way than the one its source address was chosen for; that one stays.
 * Source: net/ipv4/netfilter.c, ip_route_me_harder.
 */
function wayOfMarked(kernel: KernelState, frame: Uint8Array, way: Ipv4Way): Ipv4Way | RouteFailure {
  if (way.kind !== 'unicast') return way;
  const mark = packetMark(kernel, 'output-mark', placeOf(frame, way.link));
  if (mark === 0) return way;
  const [source, destination] = [readIpv4Source(frame, IP_AT), readIpv4Destination(frame, IP_AT)];
  return routeOutput(kernel, destination, source, undefined, mark);
}

function placeOf(bytes: Uint8Array, link: LinkState): PacketPlace {
  return { bytes, at: IP_AT, family: 'inet', link };
}

/** Sends a frame past the hooks: what IPVS itself sends. */
export function sendBehindHooks(
  kernel: KernelState,
  frame: Uint8Array,
  way: Ipv4Way,
): SocketError | undefined {
  if (kernel.firewall.counts.output > 0) {
    const rule = outputVerdict(kernel, placeOf(frame, way.link));
    if (rule?.verdict === 'drop') {
      drop(kernel, 'ipv4:firewall');
      return 'EPERM';
    }
    const other = kernel.linksByName.get(rule?.redirectTo ?? '');
    if (other !== undefined) way = { ...way, link: other, neighbour: undefined };
  }
  if (way.kind === 'local') {
    sendToLoopback(kernel, frame);
    return undefined;
  }
  const mtu = outputMtu(kernel, frame, way.link);
  const isTooBig = frame.length - IP_AT > mtu;
  if (isTooBig && hasDontFragment(frame, IP_AT) && pieceMaxOf(kernel, frame) === undefined) {
    drop(kernel, 'ipv4:too-big');
    return 'EMSGSIZE';
  }
  passIpv4(kernel, frame, way, mtu);
  return undefined;
}

/** Sends a packet that may be cut to its next hop, in pieces if it is longer than `mtu` or came in pieces. */
export function passIpv4(kernel: KernelState, frame: Uint8Array, way: Ipv4Way, mtu: number): void {
  const pieceMax = pieceMaxOf(kernel, frame);
  const isBound = pieceMax !== undefined && Number.isFinite(pieceMax);
  if (frame.length - IP_AT <= mtu && !isBound) {
    passToLink(kernel, frame, way);
    return;
  }
  const cut = { mtu: Math.min(mtu, pieceMax ?? mtu), pieceLengths: pieceLengthsOf(kernel, frame) };
  for (const piece of cutIpv4(frame, cut)) passToLink(kernel, piece, way);
}

/** What fits the way of a packet; segments of TCP have been made for it already. */
function outputMtu(kernel: KernelState, frame: Uint8Array, link: LinkState): number {
  if (kernel.pathMtus.size === 0 || readIpv4Protocol(frame, IP_AT) === PROTOCOL_TCP) {
    return link.mtu;
  }
  return pathMtuTo(kernel, readIpv4Destination(frame, IP_AT), link);
}

/** The last step: to the neighbour, or to the MAC of a group. */
function passToLink(kernel: KernelState, frame: Uint8Array, way: Ipv4Way): void {
  let entry = way.neighbour;
  if (entry === undefined || entry.dead) {
    entry = neighbourFor(kernel, kernel.arp, way.link, way.nextHop);
    way.neighbour = entry;
  }
  // A full table loses the packet without a word to the sender (measured: sendmsg succeeds).
  if (entry === undefined) return;
  if (entry.state === 'NONE' && way.kind !== 'unicast') {
    entry.state = 'NOARP';
    entry.mac =
      way.kind === 'multicast' ? multicastMacOfIpv4(way.nextHop as Ipv4Address) : BROADCAST_MAC;
  } else if (entry.state === 'NONE' && isWithoutNeighbours(way.link)) {
    entry.state = 'NOARP';
  }
  sendToNeighbour(kernel, entry, frame);
}

/** The errno of a routing failure. Source: net/ipv4/fib_semantics.c, fib_props. */
export function errorOf(failure: RouteFailure): SocketError {
  switch (failure) {
    case 'no-route':
      return 'ENETUNREACH';
    case 'unreachable':
      return 'EHOSTUNREACH';
    case 'prohibit':
      return 'EACCES';
    case 'blackhole':
      return 'EINVAL';
  }
}

/** The identification of the next packet that may be cut. */
export function takeIdentification(kernel: KernelState): number {
  const id = kernel.nextIdentification;
  kernel.nextIdentification = (id % 0xffff) + 1;
  return id;
}
