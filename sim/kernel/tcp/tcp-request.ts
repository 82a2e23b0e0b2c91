/**
 * Requests: connections of a listener whose third segment has not come. What a peer's SYN says is taken over here.
 * Source: net/ipv4/tcp_input.c (tcp_conn_request, tcp_openreq_init).
 */

import { TCP_ACK, TCP_SYN, type TcpSegment } from '../../../daemon/wire/tcp.ts';
import { type SegmentOrigin, synOptionsOf } from './tcp-arrival.ts';
import { initialSpace, makeConnection } from './tcp-connection.ts';
import { ipHeaderLength } from './tcp-options.ts';
import { sendSyn } from './tcp-output.ts';
import { wayTo, zoneOf } from './tcp-segment-out.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';
import { addConnection } from './tcp-table.ts';
import { armSynAck } from './tcp-timers.ts';

const TCP_HEADER = 20;
const MTU_MAX = 65_535;

/** Answers a SYN and waits for the third segment. */
export function openRequest(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  const connection = makeRequest(tcp, listener, origin, segment);
  addConnection(tcp, connection);
  listener.requests.add(connection);
  sendSyn(connection, TCP_SYN | TCP_ACK);
  armSynAck(connection);
}

/** A request that has heard a SYN; nobody knows of it yet. Its first number is drawn, unless `initialSend` is it. */
export function makeRequest(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
  initialSend?: number,
): TcpConnection {
  const { options } = listener;
  const bound = options.link === undefined ? undefined : tcp.kernel.linksByName.get(options.link);
  const connection = makeConnection(tcp, {
    localAddress: origin.destination,
    localPort: segment.destinationPort,
    remoteAddress: origin.source,
    remotePort: segment.sourcePort,
    link: bound ?? zoneOf(origin),
    pathMtu: mtuBack(tcp, origin),
    state: 'SYN_RECV',
    noDelay: options.noDelay ?? true,
    keepAlive: false,
    handlers: {},
    listener,
    initialSend,
  });
  hearSyn(connection, segment);
  return connection;
}

/** The MTU of the way to a client, which is not that of the device that its SYN came by: a tunnel's packets are answered directly. */
function mtuBack({ kernel }: TcpState, origin: SegmentOrigin): number {
  const way = wayTo(kernel, {
    localAddress: origin.destination,
    remoteAddress: origin.source,
    link: zoneOf(origin),
  });
  if (typeof way === 'string') return Math.min(MTU_MAX, origin.link.mtu);
  return Math.min(MTU_MAX, way.kind === 'local' ? kernel.loopback.mtu : way.link.mtu);
}

/** Takes over what a peer's SYN says; options count only when both sides have them. */
export function hearSyn(connection: TcpConnection, segment: TcpSegment): void {
  const offered = synOptionsOf(segment);
  connection.receiveNext = segment.sequence + 1;
  connection.acknowledged = connection.receiveNext;
  connection.windowSequence = segment.sequence;
  connection.sendWindow = segment.window;
  if (offered.mss !== undefined && offered.mss > 0) connection.peerMss = offered.mss;
  connection.sackPermitted &&= offered.sackPermitted;
  connection.timestamps &&= offered.timestamp !== undefined;
  if (offered.scale === undefined) connection.receiveScale = 0;
  else if (connection.receiveScale > 0) connection.sendScale = offered.scale;
  if (connection.timestamps && offered.timestamp !== undefined) {
    connection.recentTimestamp = offered.timestamp;
    connection.recentTimestampAt = connection.tcp.kernel.clock.now;
  }
  const opened = connection.receiveSpace;
  if (opened === 0) connection.receiveSpace = initialSpace(segmentFor(connection));
  connection.receiveEdge = connection.receiveNext + connection.receiveSpace;
}

/** The segments that this side expects: its own MSS, less the timestamps. */
function segmentFor(connection: TcpConnection): number {
  const own = connection.pathMtu - ipHeaderLength(connection) - TCP_HEADER;
  return connection.timestamps ? own - 12 : own;
}
