/**
 * The handshake: a SYN at a listener, the third segment, a SYN-ACK for an own SYN, and accepting. The listener's
 * two queues are Linux': requests up to the backlog, behind which SYN cookies answer (`tcp-syn-cookies.ts`), and connections that
 * wait for accept. Left out: TCP Fast Open.
 * Source: net/ipv4/tcp_input.c (tcp_conn_request, tcp_rcv_synsent_state_process), tcp_minisocks.c (tcp_check_req).
 */

import { TCP_ACK, TCP_RST, TCP_SYN, type TcpSegment } from '../../../daemon/wire/tcp.ts';
import { drop } from '../kernel-state.ts';
import { takeAck } from './tcp-ack.ts';
import { type Arrival, arrivalOf, type SegmentOrigin } from './tcp-arrival.ts';
import { INITIAL_WINDOW } from './tcp-congestion.ts';
import { fail, forget } from './tcp-lifecycle.ts';
import { armRetransmit, currentMss, pushData, retransmit, sendAck } from './tcp-output.ts';
import { hearSyn, openRequest } from './tcp-request.ts';
import { refuseSegment } from './tcp-segment-out.ts';
import { isOlderTimestamp } from './tcp-sequence.ts';
import { deliver, deliverSoon, socketOf } from './tcp-socket.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';
import { answerByCookie, takeCookie } from './tcp-syn-cookies.ts';
import { armKeepAlive } from './tcp-timers.ts';

/**
 * A segment for a listener that belongs to no connection. The request that comes back has answered by a cookie; the segment
 * is its third.
 */
export function receiveAtListener(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): TcpConnection | undefined {
  if ((segment.flags & TCP_RST) !== 0) return undefined;
  if ((segment.flags & TCP_ACK) !== 0) {
    const request = takeCookie(tcp, listener, origin, segment);
    if (request === undefined) refuseSegment(tcp.kernel, origin, segment);
    return request;
  }
  if ((segment.flags & TCP_SYN) === 0) {
    drop(tcp.kernel, 'tcp:not-acceptable');
    return undefined;
  }
  receiveSyn(tcp, listener, origin, segment);
  return undefined;
}

/**
 * A SYN finds a place among the requests, or is answered by a cookie, or is lost. Without cookies the last quarter of
 * tcp_max_syn_backlog is for peers that are known to live, which this model knows nothing of. Source: tcp_conn_request; that one
 * request more than the backlog has a place was seen on Linux 6.18.
 */
function receiveSyn(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  const { settings } = tcp.kernel;
  const cookies = settings['ipv4.tcp_syncookies'];
  const isFull = listener.requests.size > listener.backlog;
  if (isFull && cookies === 0) {
    drop(tcp.kernel, 'tcp:syn-queue-full');
    return;
  }
  if (!hasRoom(listener)) {
    drop(tcp.kernel, 'tcp:accept-queue-full');
    return;
  }
  if (isFull || cookies === 2) {
    answerByCookie(tcp, listener, origin, segment);
    return;
  }
  const most = settings['ipv4.tcp_max_syn_backlog'];
  if (cookies === 0 && most - listener.requests.size < most >> 2) {
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
  // The SYN counts for nothing here (tcp_init_transfer).
  connection.congestionWindow = INITIAL_WINDOW;
  connection.windowCredit = 0;
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
