/**
 * Segments on their way to IP: source address, next hop, checksum, options. Nothing here decides what is sent;
 * that is `tcp-output.ts`. Resets for segments without a connection are made here too, since they need no state.
 * Source: net/ipv4/tcp_output.c (__tcp_transmit_skb), tcp_ipv4.c (tcp_v4_send_reset).
 */

import { addressSum } from '../../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import { readUint16, readUint32 } from '../../../daemon/wire/integers.ts';
import { type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import {
  encodeIpv4Header,
  IPV4_DONT_FRAGMENT,
  NO_OPTIONS,
  PROTOCOL_TCP,
} from '../../../daemon/wire/ipv4.ts';
import {
  encodeTcp,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  type TcpSegment,
  tcpLength,
} from '../../../daemon/wire/tcp.ts';
import { errorOf, IPV4_PAYLOAD_AT, newIpv4Frame, sendIpv4Frame } from '../ipv4-output.ts';
import { routeIpv6 } from '../ipv6-lookup.ts';
import { finishIpv6, IPV6_PAYLOAD_AT, newIpv6Frame } from '../ipv6-output.ts';
import { drop, type KernelState, type LinkState } from '../kernel-state.ts';
import { confirmNeighbour } from '../neighbour-machine.ts';
import { findNeighbour } from '../neighbour-table.ts';
import { routeOutput } from '../route-lookup.ts';
import type { RouteDecision } from '../route-state.ts';
import type { SocketError } from '../socket-api.ts';

const NOTHING = new Uint8Array(0);

/** Where a segment comes from and goes to. */
export interface SegmentPath {
  readonly localAddress: IpAddress;
  readonly remoteAddress: IpAddress;
  readonly link: LinkState | undefined;
  /** SO_MARK, for policy rules. */
  readonly mark?: number;
  /** Identification field; 0 for SYN-ACK and resets, as Linux sends them. IPv4 only. */
  readonly identification: number;
  /** A socket of ip_no_pmtu_disc: routers may cut its segments. IPv4 only. */
  readonly mayBeCut?: boolean;
  /** The peer has answered: its next hop counts as confirmed. */
  readonly confirm: boolean;
}

/** The way to a peer, or why there is none. */
export function wayTo(
  kernel: KernelState,
  path: Pick<SegmentPath, 'remoteAddress' | 'link' | 'mark'> & {
    readonly localAddress?: IpAddress;
  },
): RouteDecision | SocketError {
  const { localAddress: local, remoteAddress: remote, link, mark = 0 } = path;
  if (isIpv4(remote)) {
    const source = local !== undefined && isIpv4(local) ? local : undefined;
    const way = routeOutput(kernel, remote, source, link, mark);
    return typeof way === 'string' ? errorOf(way) : way;
  }
  const source = local === undefined || isIpv4(local) ? undefined : local;
  const way = routeIpv6(kernel, remote, source, link, { mark });
  return typeof way === 'string' ? errorOf(way) : way;
}

/** Sends a segment; the reason when it cannot leave. An address that is no longer the host's sends nothing. */
export function sendSegment(
  kernel: KernelState,
  path: SegmentPath,
  segment: TcpSegment,
): SocketError | undefined {
  const { localAddress: source, remoteAddress: destination } = path;
  const way = wayTo(kernel, path);
  if (typeof way === 'string') {
    drop(kernel, 'tcp:no-route');
    return way;
  }
  if (way.kind === 'broadcast' || way.kind === 'multicast') return 'ENETUNREACH';
  if (!kernel.localAddresses.has(source)) {
    drop(kernel, 'tcp:source-gone');
    return 'EHOSTUNREACH';
  }
  if (path.confirm) confirm(kernel, way, isIpv4(destination));
  const length = tcpLength(segment);
  const sum = addressSum(source, destination);
  if (!isIpv4(source) || !isIpv4(destination)) {
    if (isIpv4(source) || isIpv4(destination)) return 'EINVAL';
    const frame = newIpv6Frame(length);
    encodeTcp(segment, frame, IPV6_PAYLOAD_AT, sum);
    const hopLimit = way.link.ipv6.hop_limit;
    return finishIpv6(
      kernel,
      frame,
      { nextHeader: PROTOCOL_TCP, source, destination, hopLimit },
      way,
    );
  }
  const frame = newIpv4Frame(length);
  encodeTcp(segment, frame, IPV4_PAYLOAD_AT, sum);
  encodeIpv4Header(
    {
      tos: 0,
      totalLength: frame.length - ETHERNET_HEADER_LENGTH,
      identification: path.identification,
      flags: path.mayBeCut === true ? 0 : IPV4_DONT_FRAGMENT,
      fragmentOffset: 0,
      ttl: kernel.settings['ipv4.ip_default_ttl'],
      protocol: PROTOCOL_TCP,
      source,
      destination,
      options: NO_OPTIONS,
    },
    frame,
    ETHERNET_HEADER_LENGTH,
  );
  return sendIpv4Frame(kernel, frame, way);
}

/** Whether the segment of that number waits in this host until its next hop's MAC is known. */
export function isWaitingForNeighbour(
  kernel: KernelState,
  path: Pick<SegmentPath, 'localAddress' | 'remoteAddress' | 'link' | 'mark'>,
  ports: { readonly localPort: number; readonly remotePort: number },
  sequence: number,
): boolean {
  const way = wayTo(kernel, path);
  if (typeof way === 'string' || way.kind !== 'unicast') return false;
  const inet = isIpv4(path.remoteAddress);
  const entry = findNeighbour(inet ? kernel.arp : kernel.nd, way.link, way.nextHop);
  if (entry === undefined || entry.queue.length === 0) return false;
  const at = inet ? IPV4_PAYLOAD_AT : IPV6_PAYLOAD_AT;
  return entry.queue.some(
    (frame) =>
      frame.length >= at + 8 &&
      readUint16(frame, at) === ports.localPort &&
      readUint16(frame, at + 2) === ports.remotePort &&
      readUint32(frame, at + 4) === sequence,
  );
}

/**
 * Answers a segment that belongs to no connection with a reset; a reset is never answered.
 * Source: RFC 9293 section 3.10.7.1.
 */
export function refuseSegment(
  kernel: KernelState,
  arrival: {
    readonly source: IpAddress;
    readonly destination: IpAddress;
    readonly link: LinkState;
  },
  segment: TcpSegment,
): void {
  if ((segment.flags & TCP_RST) !== 0) return;
  const hasAck = (segment.flags & TCP_ACK) !== 0;
  const syn = (segment.flags & TCP_SYN) === 0 ? 0 : 1;
  const fin = (segment.flags & TCP_FIN) === 0 ? 0 : 1;
  const end = (segment.sequence + segment.payload.length + syn + fin) >>> 0;
  sendSegment(
    kernel,
    {
      localAddress: arrival.destination,
      remoteAddress: arrival.source,
      link: zoneOf(arrival),
      identification: 0,
      confirm: false,
    },
    {
      sourcePort: segment.destinationPort,
      destinationPort: segment.sourcePort,
      sequence: hasAck ? segment.acknowledgement : 0,
      acknowledgement: hasAck ? 0 : end,
      flags: hasAck ? TCP_RST : TCP_RST | TCP_ACK,
      window: 0,
      urgent: 0,
      options: [],
      payload: NOTHING,
    },
  );
}

/** Link-local peers of IPv6 are only known together with their link. */
export function zoneOf(arrival: {
  readonly source: IpAddress;
  readonly link: LinkState;
}): LinkState | undefined {
  const { source, link } = arrival;
  if (isIpv4(source) || source >> 118n !== 0x3fan || link.kind === 'loopback') return undefined;
  return link;
}

function confirm(kernel: KernelState, way: RouteDecision, inet: boolean): void {
  if (way.kind !== 'unicast') return;
  const entry = findNeighbour(inet ? kernel.arp : kernel.nd, way.link, way.nextHop);
  if (entry !== undefined) confirmNeighbour(kernel, entry);
}
