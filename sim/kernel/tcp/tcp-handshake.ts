/**
 * The handshake: a SYN at a listener, the third segment, a SYN-ACK for an own SYN, and accepting. The listener's
 * two queues are Linux': requests up to tcp_max_syn_backlog and the backlog, and connections that wait for
 * accept. Left out: SYN cookies (a full queue drops SYNs, counted) and TCP Fast Open.
 * Source: net/ipv4/tcp_input.c (tcp_conn_request, tcp_rcv_synsent_state_process), tcp_minisocks.c (tcp_check_req).
 */

import { TCP_ACK, TCP_RST, TCP_SYN, type TcpSegment } from '../../../daemon/wire/tcp.ts';
import { drop } from '../kernel-state.ts';
import { takeAck } from './tcp-ack.ts';
import { type Arrival, arrivalOf, type SegmentOrigin, synOptionsOf } from './tcp-arrival.ts';
import { initialSpace, makeConnection } from './tcp-connection.ts';
import { fail, forget } from './tcp-lifecycle.ts';
import { ipHeaderLength } from './tcp-options.ts';
import { armRetransmit, currentMss, pushData, retransmit, sendAck, sendSyn } from './tcp-output.ts';
import { refuseSegment, zoneOf } from './tcp-segment-out.ts';
import { isOlderTimestamp } from './tcp-sequence.ts';
import { deliver, deliverSoon, socketOf } from './tcp-socket.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';
import { addConnection } from './tcp-table.ts';
import { armKeepAlive, armSynAck } from './tcp-timers.ts';

const TCP_HEADER = 20;
const MTU_MAX = 65_535;

/** A segment for a listener that belongs to no connection. */
export function receiveAtListener(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  if ((segment.flags & TCP_RST) !== 0) return;
  if ((segment.flags & TCP_ACK) !== 0) {
    refuseSegment(tcp.kernel, origin, segment);
    return;
  }
  if ((segment.flags & TCP_SYN) === 0) {
    drop(tcp.kernel, 'tcp:not-acceptable');
    return;
  }
  if (listener.acceptQueue.length > listener.backlog) {
    drop(tcp.kernel, 'tcp:accept-queue-full');
    return;
  }
  const limit = Math.min(tcp.kernel.settings['ipv4.tcp_max_syn_backlog'], listener.backlog + 1);
  if (listener.requests.size >= limit) {
    drop(tcp.kernel, 'tcp:syn-queue-full');
    return;
  }
  openRequest(tcp, listener, origin, segment);
}

/** A segment for a request: its SYN again, the third segment, or a reset. `false`: nothing more to do with it. */
export function receiveInSynReceived(
  connection: TcpConnection,
  origin: SegmentOrigin,
  segment: TcpSegment,
): boolean {
  const { tcp, listener } = connection;
  const arrival = arrivalOf(connection, segment);
  const { flags } = arrival;
  const first = connection.sent[0];
  const isSynAgain = (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN;
  if (isSynAgain && arrival.end === connection.receiveNext) {
    if (first !== undefined) retransmit(connection, first);
    return false;
  }
  const isInWindow =
    arrival.end >= connection.receiveNext && arrival.sequence <= connection.receiveEdge;
  if (!isInWindow) {
    if ((flags & TCP_RST) === 0) sendAck(connection);
    return false;
  }
  if ((flags & (TCP_RST | TCP_SYN)) !== 0) {
    if ((flags & TCP_RST) !== 0 && arrival.sequence === connection.receiveNext) {
      if (listener === undefined) fail(connection, 'ECONNREFUSED');
      else forget(connection);
    }
    return false;
  }
  if ((flags & TCP_ACK) === 0) return false;
  if (arrival.acknowledgement !== connection.sendNext) {
    refuseSegment(tcp.kernel, origin, segment);
    return false;
  }
  if (listener !== undefined && !hasRoom(listener)) {
    drop(tcp.kernel, 'tcp:accept-queue-full');
    if (tcp.kernel.settings['ipv4.tcp_abort_on_overflow'] !== 0) {
      refuseSegment(tcp.kernel, origin, segment);
      forget(connection);
    }
    return false;
  }
  establish(connection, arrival);
  if (listener === undefined) {
    connection.handlers.onConnected?.();
    return true;
  }
  listener.requests.delete(connection);
  listener.acceptQueue.push(connection);
  return true;
}

/** A segment for a connection that waits for the answer to its SYN. */
export function receiveInSynSent(
  connection: TcpConnection,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  const { kernel } = connection.tcp;
  const { flags } = segment;
  const arrival = arrivalOf(connection, segment);
  const hasAck = (flags & TCP_ACK) !== 0;
  if (hasAck && arrival.acknowledgement !== connection.sendNext) {
    refuseSegment(kernel, origin, segment);
    return;
  }
  if ((flags & TCP_RST) !== 0) {
    if (hasAck) fail(connection, 'ECONNREFUSED');
    return;
  }
  if ((flags & TCP_SYN) === 0) return;
  hearSyn(connection, segment);
  if (!hasAck) {
    openAtOnce(connection);
    return;
  }
  const heard = arrivalOf(connection, segment);
  establish(connection, heard);
  sendAck(connection);
  connection.handlers.onConnected?.();
  if (connection.state === 'ESTABLISHED') pushData(connection);
}

/** Accepts what waits, as long as the program does. `soon`: the program is in a call of its own. */
export function acceptWaiting(listener: TcpListenerState, soon: boolean): void {
  while (listener.accepting && !listener.closed) {
    const connection = listener.acceptQueue.shift();
    if (connection === undefined) return;
    connection.listener = undefined;
    connection.handlers = listener.options.onAccept(socketOf(connection));
    if (soon) deliverSoon(connection);
    else deliver(connection);
  }
}

/** Whether the accept queue takes one more. Source: sk_acceptq_is_full. */
function hasRoom(listener: TcpListenerState): boolean {
  return listener.acceptQueue.length <= listener.backlog;
}

function openRequest(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  const { options } = listener;
  const bound = options.link === undefined ? undefined : tcp.kernel.linksByName.get(options.link);
  const connection = makeConnection(tcp, {
    localAddress: origin.destination,
    localPort: segment.destinationPort,
    remoteAddress: origin.source,
    remotePort: segment.sourcePort,
    link: bound ?? zoneOf(origin),
    pathMtu: Math.min(MTU_MAX, origin.link.mtu),
    state: 'SYN_RECV',
    noDelay: options.noDelay ?? true,
    keepAlive: false,
    handlers: {},
    listener,
  });
  hearSyn(connection, segment);
  addConnection(tcp, connection);
  listener.requests.add(connection);
  sendSyn(connection, TCP_SYN | TCP_ACK);
  armSynAck(connection);
}

/** Two SYNs crossed. Source: RFC 9293 figure 8. */
function openAtOnce(connection: TcpConnection): void {
  connection.state = 'SYN_RECV';
  const own = connection.sent[0];
  if (own === undefined) return;
  const answer = { ...own, flags: TCP_SYN | TCP_ACK };
  connection.sent[0] = answer;
  retransmit(connection, answer);
  armRetransmit(connection);
}

/** Takes over what a peer's SYN says; options count only when both sides have them. */
function hearSyn(connection: TcpConnection, segment: TcpSegment): void {
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

function establish(connection: TcpConnection, arrival: Arrival): void {
  const { clock } = connection.tcp.kernel;
  connection.state = 'ESTABLISHED';
  clock.cancel(connection.stateTimer);
  const scaled = (arrival.flags & TCP_SYN) === 0;
  // The window of a SYN is never scaled.
  const scale = connection.sendScale;
  if (!scaled) connection.sendScale = 0;
  takeAck(connection, arrival);
  connection.sendScale = scale;
  connection.retransmits = 0;
  connection.backoff = 0;
  connection.retransmitStamp = 0;
  connection.congestionState = 'open';
  clock.cancel(connection.retransmitTimer);
  const { timestamp } = arrival;
  if (timestamp !== undefined && !isOlderTimestamp(timestamp.value, connection.recentTimestamp)) {
    connection.recentTimestamp = timestamp.value;
    connection.recentTimestampAt = clock.now;
  }
  connection.receivedMss = Math.min(connection.receivedMss, currentMss(connection));
  armKeepAlive(connection);
}
