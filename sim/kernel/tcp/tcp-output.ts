/**
 * What a connection sends, and when: new data within the windows, acknowledgements, retransmissions, SYN and
 * FIN. Source: net/ipv4/tcp_output.c (tcp_write_xmit, __tcp_select_window, tcp_retransmit_skb); RFC 9293,
 * RFC 7323, RFC 2018.
 */

import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import { ticksOf } from '../kernel-clock.ts';
import type { SocketError } from '../socket-api.ts';
import { inFlight, noteFlight } from './tcp-flight.ts';
import {
  ipHeaderLength,
  plainOptions,
  synOptions,
  TCP_HEADER,
  TIMESTAMPS_LENGTH,
  WINDOW_MAX,
} from './tcp-options.ts';
import { isWaitingForNeighbour, sendSegment } from './tcp-segment-out.ts';
import { wrap } from './tcp-sequence.ts';
import type { RetransmitTimerKind, SentSegment, TcpConnection } from './tcp-state.ts';

/** A receive buffer of tcp_rmem[1] = 131072 octets of which half is window (tcp_adv_win_scale 1). */
export const RECEIVE_SPACE = 65_536;
/** The scale that tcp_rmem[2] = 6291456 asks for. */
export const RECEIVE_SCALE = 7;
/** Longest time between retransmissions. Source: TCP_RTO_MAX. */
export const RTO_MAX_US = 120_000_000;
/** A reply within that time of the request makes a conversation of it. Source: TCP_ATO_MIN, HZ/25. */
export const DELAYED_ACK_US = 40_000;
/** Least tail loss probe beside two round trips with one segment in flight. Source: TCP_RTO_MIN. */
const PROBE_EXTRA_US = 200_000;
/** Source: TCP_TIMEOUT_MIN_US, two jiffies. */
const PROBE_MIN_US = 8000;
const NOTHING = new Uint8Array(0);

/** Payload of a full segment now. Source: tcp_current_mss. */
export function currentMss(connection: TcpConnection): number {
  const byPath = connection.pathMtu - ipHeaderLength(connection) - TCP_HEADER;
  const mss = Math.min(connection.peerMss, byPath);
  return Math.max(8, connection.timestamps ? mss - TIMESTAMPS_LENGTH : mss);
}

/** Sends what the windows allow. Call after everything that may have opened them. */
export function pushData(connection: TcpConnection): void {
  const hadNone = connection.sent.length === 0;
  let sentOne = false;
  while (nextIsDue(connection)) {
    sendNew(connection);
    sentOne = true;
  }
  if (sentOne) {
    noteFlight(connection);
    if (hadNone || connection.timerKind !== 'retransmit') armRetransmit(connection);
    scheduleTailProbe(connection);
  }
  if (connection.sent.length === 0 && hasUnsent(connection)) armWindowProbe(connection);
}

/** Whether anything waits to be sent for the first time. */
export function hasUnsent(connection: TcpConnection): boolean {
  return connection.unsentLength > 0 || (connection.finWanted && !connection.finSent);
}

/** Sends one segment of at most the open window, however small: what a window probe does. */
export function sendPartial(connection: TcpConnection): boolean {
  const room = connection.sendUna + connection.sendWindow - connection.sendNext;
  if (room <= 0 || connection.unsentLength === 0) return false;
  sendNew(connection, Math.min(room, currentMss(connection), connection.unsentLength));
  return true;
}

/** Sends an acknowledgement now. */
export function sendAck(connection: TcpConnection): void {
  transmit(connection, { sequence: connection.sendNext, flags: TCP_ACK, payload: NOTHING });
}

/** Answers to segments that cannot be true, at most one in that time. Source: tcp_invalid_ratelimit. */
const CHALLENGE_INTERVAL = 500_000;

/**
 * Says where this side stands, unless it has just done so. Two ends that hold different connections
 * for the same addresses and ports would otherwise answer each other for ever, as fast as the line
 * allows. Source: tcp_oow_rate_limited.
 */
export function sendChallengeAck(connection: TcpConnection): void {
  const { now } = connection.tcp.kernel.clock;
  const last = connection.challengedAt;
  if (last !== undefined && now - last < CHALLENGE_INTERVAL) return;
  connection.challengedAt = now;
  sendAck(connection);
}

/** An empty segment in front of the window: the peer answers with where it stands. Source: tcp_xmit_probe_skb. */
export function sendProbe(connection: TcpConnection): void {
  transmit(connection, { sequence: connection.sendUna - 1, flags: TCP_ACK, payload: NOTHING });
}

/** A reset from within a connection; it looks like its other segments. Source: tcp_send_active_reset. */
export function sendReset(connection: TcpConnection): void {
  transmit(connection, {
    sequence: connection.sendNext,
    flags: TCP_RST | TCP_ACK,
    payload: NOTHING,
  });
}

/** Sends the first segment of a connection and enters it among the unacknowledged. */
export function sendSyn(connection: TcpConnection, flags: number): SocketError | undefined {
  const segment = entry(connection, flags, NOTHING);
  connection.sent.push(segment);
  connection.sendNext = segment.end;
  return transmit(connection, segment);
}

/**
 * Sends a segment again, unless it still waits for its neighbour's MAC (false). Source: __tcp_retransmit_skb, skb_still_in_host_queue;
 * seen on Linux 6.18.
 */
export function retransmit(connection: TcpConnection, segment: SentSegment): boolean {
  if (isQueued(connection, segment)) {
    if (connection.retransmitStamp === 0) connection.retransmitStamp = Math.max(1, segment.sentAt);
    return false;
  }
  const mss = currentMss(connection);
  const first = segment.payload.length > mss ? split(connection, segment, mss) : segment;
  if (first.lost) {
    first.lost = false;
    connection.lostCount--;
  }
  const now = connection.tcp.kernel.clock.now;
  first.sentAt = now;
  first.retransmissions++;
  if (connection.retransmitStamp === 0) connection.retransmitStamp = Math.max(1, now);
  const error = transmit(connection, first);
  if (error !== undefined) connection.softError = error;
  return true;
}

/** A request's SYN-ACK is made anew each time (rtx_syn_ack). */
function isQueued(connection: TcpConnection, segment: SentSegment): boolean {
  if (connection.state === 'SYN_RECV') return false;
  const { tcp, localPort, remotePort } = connection;
  const ports = { localPort, remotePort };
  return isWaitingForNeighbour(tcp.kernel, connection, ports, wrap(segment.sequence));
}

/** Arms the retransmission timer, with the current timeout. */
export function armRetransmit(
  connection: TcpConnection,
  delayUs = connection.retransmitTimeoutUs,
): void {
  arm(connection, 'retransmit', delayUs);
}

/** Sends the last segment again sooner than the timeout would, to make the peer report a hole (RFC 8985 7.2). */
export function scheduleTailProbe(connection: TcpConnection): void {
  const { sent, tcp, smoothedRtt8 } = connection;
  const isAllowed =
    sent.length > 0 &&
    connection.sackPermitted &&
    connection.congestionState === 'open' &&
    connection.sackedCount === 0 &&
    connection.tailProbeEnd === undefined &&
    tcp.kernel.settings['ipv4.tcp_early_retrans'] >= 3 &&
    connection.state !== 'SYN_SENT' &&
    connection.state !== 'SYN_RECV';
  if (!isAllowed) return;
  const twoRoundTrips = Math.floor(smoothedRtt8 / 4);
  const extra = sent.length === 1 ? PROBE_EXTRA_US : PROBE_MIN_US;
  const delay = smoothedRtt8 === 0 ? 1_000_000 : twoRoundTrips + extra;
  arm(connection, 'tail-loss-probe', Math.min(delay, connection.retransmitTimeoutUs));
}

/** Arms the probe of a closed window, unless it is armed. Source: tcp_check_probe_timer. */
export function armWindowProbe(connection: TcpConnection): void {
  if (connection.retransmitTimer.place >= 0) return;
  const delay = connection.retransmitTimeoutUs * 2 ** Math.min(connection.backoff, 20);
  arm(connection, 'window-probe', Math.min(delay, RTO_MAX_US));
}

/** The window that the next segment offers; the right edge never goes back. Source: __tcp_select_window. */
function selectWindow(connection: TcpConnection): number {
  const { receiveNext, receiveEdge, receiveScale } = connection;
  const current = Math.max(0, receiveEdge - receiveNext);
  const limit = Math.max(RECEIVE_SPACE, connection.receiveSpace);
  const held = connection.unreadLength + connection.early.reduce((n, e) => n + e.payload.length, 0);
  const free = limit - held;
  let window = free < connection.receivedMss ? 0 : Math.min(free, connection.receiveSpace);
  if (window < current) window = current;
  const unit = 2 ** receiveScale;
  const offered = Math.min(Math.ceil(window / unit), WINDOW_MAX);
  connection.receiveEdge = Math.max(receiveEdge, receiveNext + offered * unit);
  return offered;
}

function arm(connection: TcpConnection, kind: RetransmitTimerKind, delayUs: number): void {
  connection.timerKind = kind;
  connection.tcp.kernel.clock.armTicks(connection.retransmitTimer, ticksOf(delayUs));
}

function nextIsDue(connection: TcpConnection): boolean {
  if (!hasUnsent(connection) || !maySend(connection)) return false;
  const mss = currentMss(connection);
  const length = Math.min(connection.unsentLength, mss);
  const fin = isFinWith(connection, length) ? 1 : 0;
  // Lost segments go first.
  const isHeld = inFlight(connection) >= connection.congestionWindow || connection.lostCount > 0;
  // The last segment does not wait for the others. Source: tcp_cwnd_test.
  if (isHeld && fin === 0) return false;
  const edge = connection.sendUna + connection.sendWindow;
  if (connection.sendNext + length + fin > edge) return false;
  if (length >= mss || fin === 1 || connection.noDelay) return true;
  return connection.smallSentEnd <= connection.sendUna;
}

function maySend(connection: TcpConnection): boolean {
  const { state } = connection;
  return (
    state === 'ESTABLISHED' ||
    state === 'CLOSE_WAIT' ||
    state === 'FIN_WAIT1' ||
    state === 'LAST_ACK' ||
    state === 'CLOSING'
  );
}

function isFinWith(connection: TcpConnection, length: number): boolean {
  return connection.finWanted && !connection.finSent && length === connection.unsentLength;
}

function sendNew(connection: TcpConnection, limit?: number): void {
  const mss = currentMss(connection);
  const length = limit ?? Math.min(connection.unsentLength, mss);
  const withFin = isFinWith(connection, length);
  const payload = takeUnsent(connection, length);
  const isLast = connection.unsentLength === 0;
  const push = length > 0 && isLast ? TCP_PSH : 0;
  const segment = entry(connection, TCP_ACK | push | (withFin ? TCP_FIN : 0), payload);
  if (withFin) connection.finSent = true;
  if (length > 0 && length < mss) connection.smallSentEnd = segment.end;
  connection.sent.push(segment);
  connection.sendNext = segment.end;
  const { now } = connection.tcp.kernel.clock;
  if (length > 0 && connection.acksStarted && now - connection.lastReceivedAt < DELAYED_ACK_US) {
    connection.pingPong = true;
  }
  connection.lastSentAt = now;
  transmit(connection, segment);
}

function entry(connection: TcpConnection, flags: number, payload: Uint8Array): SentSegment {
  const sequence = connection.sendNext;
  const extra = ((flags & TCP_SYN) === 0 ? 0 : 1) + ((flags & TCP_FIN) === 0 ? 0 : 1);
  return {
    sequence,
    end: sequence + payload.length + extra,
    flags,
    payload,
    sentAt: connection.tcp.kernel.clock.now,
    retransmissions: 0,
    sacked: false,
    lost: false,
  };
}

/** Cuts a segment that has become too long for the path in two; the first part is returned. */
function split(connection: TcpConnection, segment: SentSegment, length: number): SentSegment {
  const at = connection.sent.indexOf(segment);
  const middle = segment.sequence + length;
  const first = {
    ...segment,
    end: middle,
    flags: segment.flags & ~(TCP_FIN | TCP_PSH),
    payload: segment.payload.subarray(0, length),
  };
  const rest = { ...segment, sequence: middle, payload: segment.payload.subarray(length) };
  if (at < 0) return segment;
  connection.sent.splice(at, 1, first, rest);
  if (segment.lost) connection.lostCount++;
  return first;
}

function takeUnsent(connection: TcpConnection, length: number): Uint8Array {
  if (length === 0) return NOTHING;
  const { unsent } = connection;
  const first = unsent[0] as Uint8Array;
  connection.unsentLength -= length;
  const from = connection.unsentOffset;
  if (first.length - from >= length) {
    connection.unsentOffset += length;
    if (connection.unsentOffset === first.length) dropFirst(connection);
    return first.subarray(from, from + length);
  }
  const whole = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const chunk = unsent[0] as Uint8Array;
    const count = Math.min(length - filled, chunk.length - connection.unsentOffset);
    const start = connection.unsentOffset;
    whole.set(chunk.subarray(start, start + count), filled);
    filled += count;
    connection.unsentOffset += count;
    if (connection.unsentOffset === chunk.length) dropFirst(connection);
  }
  return whole;
}

function dropFirst(connection: TcpConnection): void {
  connection.unsent.shift();
  connection.unsentOffset = 0;
}

/** Hands one segment to IP, with the acknowledgement that is due in it. */
function transmit(
  connection: TcpConnection,
  segment: { readonly sequence: number; readonly flags: number; readonly payload: Uint8Array },
): SocketError | undefined {
  const { tcp, flags } = { tcp: connection.tcp, flags: segment.flags };
  const hasAck = (flags & TCP_ACK) !== 0;
  const isSyn = (flags & TCP_SYN) !== 0;
  const path = {
    localAddress: connection.localAddress,
    remoteAddress: connection.remoteAddress,
    link: connection.link,
    mark: connection.mark,
    identification: isSyn && hasAck ? 0 : takeIdentification(connection),
    // A SYN-ACK is too small to be cut. Source: ip_build_and_send_pkt, Linux 5.17 and later.
    mayBeCut: connection.mayBeCut && !(isSyn && hasAck),
    confirm: connection.confirmPending,
  };
  const window = isSyn ? synWindow(connection) : selectWindow(connection);
  const error = sendSegment(tcp.kernel, path, {
    sourcePort: connection.localPort,
    destinationPort: connection.remotePort,
    sequence: wrap(segment.sequence),
    acknowledgement: hasAck ? wrap(connection.receiveNext) : 0,
    flags,
    window,
    urgent: 0,
    options: isSyn ? synOptions(connection, hasAck) : plainOptions(connection, segment.payload),
    payload: segment.payload,
  });
  connection.confirmPending = false;
  if (hasAck) acknowledged(connection);
  return error;
}

/** Everything received is acknowledged by now. */
function acknowledged(connection: TcpConnection): void {
  connection.acknowledged = connection.receiveNext;
  if (connection.quickAcks > 0) connection.quickAcks--;
  connection.tcp.kernel.clock.cancel(connection.delayedAckTimer);
}

function takeIdentification(connection: TcpConnection): number {
  const id = connection.identification;
  connection.identification = (id % 0xffff) + 1;
  return id;
}

/** The first window is never scaled, and a whole number of segments. Source: tcp_select_initial_window. */
function synWindow(connection: TcpConnection): number {
  const window = Math.min(connection.receiveSpace, WINDOW_MAX);
  connection.receiveEdge = Math.max(connection.receiveEdge, connection.receiveNext + window);
  return window;
}
