/**
 * Segments that come in: which socket they are for, whether they are acceptable, and the states.
 *
 *   ESTABLISHED  -FIN->  CLOSE_WAIT  -close->  LAST_ACK  -ACK of FIN->  (gone)
 *   ESTABLISHED  -close->  FIN_WAIT1  -ACK of FIN->  FIN_WAIT2  -FIN->  TIME_WAIT
 *   FIN_WAIT1  -FIN->  CLOSING  -ACK of FIN->  TIME_WAIT     (both closed at once)
 *   any  -RST at the next sequence number->  (gone);  RST elsewhere in the window, SYN: challenge ACK
 *
 * Source: RFC 9293 section 3.10.7, RFC 5961, net/ipv4/tcp_ipv4.c (tcp_v4_rcv), tcp_input.c
 * (tcp_rcv_state_process, tcp_validate_incoming), tcp_minisocks.c (tcp_timewait_state_process).
 */

import { addressSum } from '../../../daemon/wire/checksum.ts';
import {
  decodeTcp,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  type TcpSegment,
} from '../../../daemon/wire/tcp.ts';
import { HZ } from '../kernel-clock.ts';
import { drop, type ProtocolHandler } from '../kernel-state.ts';
import { isFinAcknowledged, sendAfterAck, takeAck } from './tcp-ack.ts';
import { type Arrival, arrivalOf, type SegmentOrigin } from './tcp-arrival.ts';
import { acknowledgeData, reportDuplicate, takeData } from './tcp-data.ts';
import {
  acceptWaiting,
  receiveAtListener,
  receiveInSynReceived,
  receiveInSynSent,
} from './tcp-handshake.ts';
import { enterFinWait2, enterTimeWait, fail, forget } from './tcp-lifecycle.ts';
import { sendAck, sendChallengeAck } from './tcp-output.ts';
import { refuseSegment } from './tcp-segment-out.ts';
import { isOlderTimestamp } from './tcp-sequence.ts';
import { deliver } from './tcp-socket.ts';
import type { TcpConnection, TcpState } from './tcp-state.ts';
import { findConnection, findListener } from './tcp-table.ts';

const TIME_WAIT_SECONDS = 60;

/** Receives a segment that is for this host. */
export function receiveTcp(tcp: TcpState, packet: Parameters<ProtocolHandler>[0]): void {
  const { kernel } = tcp;
  const { source, destination, link } = packet;
  // TCP knows no groups and no broadcast.
  if (!kernel.localAddresses.has(destination)) return;
  const sum = addressSum(source, destination);
  const segment = decodeTcp(packet.bytes, packet.at, packet.end, sum);
  if (typeof segment === 'string') {
    drop(kernel, segment);
    return;
  }
  const ends = {
    localAddress: destination,
    localPort: segment.destinationPort,
    remoteAddress: source,
    remotePort: segment.sourcePort,
  };
  const origin = { source, destination, link };
  const connection = findConnection(tcp, ends, link);
  if (connection === undefined) {
    receiveWithoutConnection(tcp, origin, segment);
    return;
  }
  if (connection.state === 'TIME_WAIT') {
    receiveInTimeWait(tcp, connection, origin, segment);
    return;
  }
  receiveOnConnection(connection, origin, segment);
}

function receiveWithoutConnection(tcp: TcpState, origin: SegmentOrigin, segment: TcpSegment): void {
  const listener = findListener(tcp, segment.destinationPort, origin.destination, origin.link);
  if (listener === undefined) {
    drop(tcp.kernel, 'tcp:no-socket');
    refuseSegment(tcp.kernel, origin, segment);
    return;
  }
  const request = receiveAtListener(tcp, listener, origin, segment);
  if (request === undefined) return;
  receiveOnConnection(request, origin, segment);
  // A cookie whose segment opens nothing leaves nothing behind.
  if (request.state === 'SYN_RECV') forget(request);
}

function receiveOnConnection(
  connection: TcpConnection,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  if (connection.state === 'SYN_SENT') {
    receiveInSynSent(connection, origin, segment);
    return;
  }
  if (connection.state === 'SYN_RECV' && !receiveInSynReceived(connection, origin, segment)) return;
  // The third segment may carry data, so it goes on as every other one.
  const arrival = arrivalOf(connection, segment);
  if (receiveSynchronized(connection, arrival, origin, segment)) finishInput(connection);
  const { listener } = connection;
  if (listener !== undefined) acceptWaiting(listener, false);
}

/** The common path; `false` when the segment changed nothing that could make data or room. */
function receiveSynchronized(
  connection: TcpConnection,
  arrival: Arrival,
  origin: SegmentOrigin,
  segment: TcpSegment,
): boolean {
  if (!isAcceptable(connection, arrival)) return false;
  if ((arrival.flags & TCP_RST) !== 0) {
    receiveReset(connection, arrival);
    return false;
  }
  if ((arrival.flags & TCP_SYN) !== 0) {
    sendChallengeAck(connection);
    return false;
  }
  if ((arrival.flags & TCP_ACK) === 0) return false;
  takeTimestamp(connection, arrival);
  if (!takeAck(connection, arrival)) return false;
  if (isFinAcknowledged(connection) && followOwnFin(connection)) return false;
  if (isForNobody(connection, arrival)) {
    // Answered as by no socket at all: with the number that the peer acknowledged, and no acknowledgement.
    refuseSegment(connection.tcp.kernel, origin, segment);
    forget(connection);
    return false;
  }
  const hadFin = connection.finReceived;
  takeData(connection, arrival);
  if (connection.finReceived && !hadFin) followPeersFin(connection);
  return true;
}

/** Window, sequence and timestamp checks; what fails them is answered with where this side stands. */
function isAcceptable(connection: TcpConnection, arrival: Arrival): boolean {
  const isReset = (arrival.flags & TCP_RST) !== 0;
  const { timestamp } = arrival;
  const occupies = arrival.end > arrival.sequence;
  if (timestamp !== undefined && !isReset && occupies) {
    if (isOlderTimestamp(timestamp.value + 1, connection.recentTimestamp)) {
      drop(connection.tcp.kernel, 'tcp:old-timestamp');
      sendAck(connection);
      return false;
    }
  }
  const isBefore = arrival.end < connection.acknowledged;
  const isBehind = arrival.sequence > connection.receiveEdge;
  if (!isBefore && !isBehind) return true;
  if (isReset) return false;
  if ((arrival.flags & TCP_SYN) !== 0) sendChallengeAck(connection);
  else if (isBefore && occupies) reportDuplicate(connection, arrival.sequence, arrival.end);
  else {
    drop(connection.tcp.kernel, 'tcp:not-acceptable');
    // Data is never part of a loop of answers.
    if (occupies) sendAck(connection);
    else sendChallengeAck(connection);
  }
  return false;
}

/** Only a reset at exactly the next number is believed. Source: RFC 5961 section 3. */
function receiveReset(connection: TcpConnection, arrival: Arrival): void {
  if (arrival.sequence !== connection.receiveNext) {
    sendChallengeAck(connection);
    return;
  }
  fail(connection, connection.state === 'CLOSE_WAIT' ? 'EPIPE' : 'ECONNRESET');
}

/** Source: RFC 7323 section 4.3: only a segment at the left edge of what was acknowledged counts. */
function takeTimestamp(connection: TcpConnection, arrival: Arrival): void {
  const { timestamp } = arrival;
  if (timestamp === undefined || arrival.sequence > connection.acknowledged) return;
  if (isOlderTimestamp(timestamp.value, connection.recentTimestamp)) return;
  connection.recentTimestamp = timestamp.value;
  connection.recentTimestampAt = connection.tcp.kernel.clock.now;
}

/** The own FIN was acknowledged; `true` when the connection is over or sleeps. */
function followOwnFin(connection: TcpConnection): boolean {
  switch (connection.state) {
    case 'FIN_WAIT1':
      enterFinWait2(connection);
      return false;
    case 'CLOSING':
      enterTimeWait(connection);
      return true;
    case 'LAST_ACK':
      forget(connection);
      return true;
    default:
      return false;
  }
}

/** New data for a program that has closed: the peer is told that it is lost. Source: TCPAbortOnData. */
function isForNobody(connection: TcpConnection, arrival: Arrival): boolean {
  if (!connection.orphan || arrival.payload.length === 0) return false;
  if (connection.state !== 'FIN_WAIT1' && connection.state !== 'FIN_WAIT2') return false;
  return arrival.sequence + arrival.payload.length > connection.receiveNext;
}

function followPeersFin(connection: TcpConnection): void {
  switch (connection.state) {
    case 'ESTABLISHED':
      connection.state = 'CLOSE_WAIT';
      return;
    case 'FIN_WAIT1':
      sendAck(connection);
      connection.state = 'CLOSING';
      return;
    case 'FIN_WAIT2':
      sendAck(connection);
      enterTimeWait(connection);
      return;
    default:
      return;
  }
}

/** Sends what the segment made possible, then lets the program have its part. */
function finishInput(connection: TcpConnection): void {
  const isAsleep = connection.state === 'TIME_WAIT' || connection.state === 'CLOSED';
  if (!isAsleep) {
    sendAfterAck(connection);
    acknowledgeData(connection);
  }
  if (connection.listener === undefined) deliver(connection);
}

function receiveInTimeWait(
  tcp: TcpState,
  connection: TcpConnection,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  const { kernel } = tcp;
  const arrival = arrivalOf(connection, segment);
  const { flags, timestamp } = arrival;
  const isOld =
    timestamp !== undefined && isOlderTimestamp(timestamp.value, connection.recentTimestamp);
  const isPure = arrival.end === arrival.sequence;
  if (!isOld && arrival.sequence === connection.receiveNext && isPure) {
    const dies = (flags & TCP_RST) !== 0 && kernel.settings['ipv4.tcp_rfc1337'] === 0;
    if (dies) forget(connection);
    else kernel.clock.armTicks(connection.stateTimer, TIME_WAIT_SECONDS * HZ);
    return;
  }
  const isNewSyn = (flags & (TCP_SYN | TCP_RST | TCP_ACK | TCP_FIN)) === TCP_SYN && !isOld;
  const isFresh =
    arrival.sequence > connection.receiveNext ||
    (timestamp !== undefined && isOlderTimestamp(connection.recentTimestamp, timestamp.value));
  if (isNewSyn && isFresh) {
    forget(connection);
    receiveWithoutConnection(tcp, origin, segment);
    return;
  }
  if ((flags & TCP_RST) !== 0) return;
  if (isOld || (flags & TCP_ACK) !== 0) {
    kernel.clock.armTicks(connection.stateTimer, TIME_WAIT_SECONDS * HZ);
  }
  if (isPure || (flags & TCP_SYN) !== 0) sendChallengeAck(connection);
  else sendAck(connection);
}
