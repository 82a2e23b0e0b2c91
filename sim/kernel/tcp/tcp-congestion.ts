/**
 * Round trips and what may be on the way: Linux' estimator for the retransmission timeout, slow start and
 * congestion avoidance as Reno has them, with CUBIC's factor at a loss (Linux' default algorithm cuts to 717/1024).
 * Source: net/ipv4/tcp_input.c (tcp_rtt_estimator, tcp_set_rto, tcp_enter_loss), RFC 6298, RFC 5681.
 */

import { markLost } from './tcp-flight.ts';
import { RTO_MAX_US } from './tcp-output.ts';
import type { TcpConnection } from './tcp-state.ts';

/** Least part of the timeout beside the smoothed round trip. Source: TCP_RTO_MIN, HZ/5. */
export const RTO_MIN_US = 200_000;
/** Before a round trip was measured. Source: TCP_TIMEOUT_INIT, RFC 6298 section 2.1. */
export const RTO_INITIAL_US = 1_000_000;
/** Segments of the first flight. Source: TCP_INIT_CWND, RFC 6928. */
export const INITIAL_WINDOW = 10;
const BETA_NUMERATOR = 717;
const BETA_DENOMINATOR = 1024;

/** Takes a measured round trip into account and sets the timeout anew. Source: Van Jacobson as Linux has it. */
export function measureRoundTrip(connection: TcpConnection, sampleUs: number): void {
  const c = connection;
  let m = Math.max(1, sampleUs);
  if (c.smoothedRtt8 === 0) {
    c.smoothedRtt8 = m * 8;
    c.deviation4 = m * 2;
    c.rttVariance4 = Math.max(c.deviation4, RTO_MIN_US);
    c.deviationMax4 = c.rttVariance4;
    c.rttSequence = c.sendNext;
  } else {
    m -= Math.floor(c.smoothedRtt8 / 8);
    c.smoothedRtt8 = Math.max(1, c.smoothedRtt8 + m);
    if (m < 0) {
      m = -m - Math.floor(c.deviation4 / 4);
      // A round trip that became much shorter must not raise the deviation as one that became longer.
      if (m > 0) m = Math.floor(m / 8);
    } else {
      m -= Math.floor(c.deviation4 / 4);
    }
    c.deviation4 += m;
    if (c.deviation4 > c.deviationMax4) {
      c.deviationMax4 = c.deviation4;
      if (c.deviationMax4 > c.rttVariance4) c.rttVariance4 = c.deviationMax4;
    }
    if (c.sendUna > c.rttSequence) {
      if (c.deviationMax4 < c.rttVariance4) {
        c.rttVariance4 -= Math.floor((c.rttVariance4 - c.deviationMax4) / 4);
      }
      c.rttSequence = c.sendNext;
      c.deviationMax4 = RTO_MIN_US;
    }
  }
  setTimeoutFromRoundTrips(c);
}

/** The timeout that the round trips ask for, without back-off. */
export function setTimeoutFromRoundTrips(connection: TcpConnection): void {
  const { smoothedRtt8, rttVariance4 } = connection;
  connection.retransmitTimeoutUs =
    smoothedRtt8 === 0
      ? RTO_INITIAL_US
      : Math.min(RTO_MAX_US, Math.floor(smoothedRtt8 / 8) + rttVariance4);
}

/** So many segments were newly acknowledged: the window grows, if it was used. Source: tcp_is_cwnd_limited. */
export function growWindow(connection: TcpConnection, segments: number): void {
  if (connection.congestionState === 'recovery') return;
  const isUsed =
    connection.congestionWindow < connection.slowStartThreshold
      ? connection.congestionWindow < 2 * connection.largestFlight
      : connection.windowWasFull;
  if (!isUsed) return;
  let left = segments;
  if (connection.congestionWindow < connection.slowStartThreshold) {
    const room = connection.slowStartThreshold - connection.congestionWindow;
    const taken = Math.min(left, room);
    connection.congestionWindow += taken;
    left -= taken;
  }
  connection.windowCredit += left;
  if (connection.windowCredit >= connection.congestionWindow) {
    connection.windowCredit -= connection.congestionWindow;
    connection.congestionWindow++;
  }
}

/** Three duplicates or blocks tell of a loss: the window is cut, the hole is sent again (fast retransmit). */
export function enterRecovery(connection: TcpConnection): void {
  cutThreshold(connection);
  connection.congestionWindow = connection.slowStartThreshold;
  connection.congestionState = 'recovery';
  connection.recoveryEnd = connection.sendNext;
}

/** The timeout tells of a loss: everything not reported as arrived counts as lost, one segment at a time goes out. */
export function enterLoss(connection: TcpConnection): void {
  if (connection.congestionState !== 'loss') {
    cutThreshold(connection);
    connection.recoveryEnd = connection.sendNext;
  }
  connection.congestionState = 'loss';
  connection.congestionWindow = 1;
  connection.windowCredit = 0;
  connection.duplicateAcks = 0;
  for (const segment of connection.sent) markLost(connection, segment);
}

/** Everything of the time of the loss is acknowledged. */
export function leaveRecovery(connection: TcpConnection): void {
  connection.congestionState = 'open';
  connection.duplicateAcks = 0;
  connection.retransmitStamp = 0;
}

/** After a pause the window is what it was at the start. Source: tcp_cwnd_restart, tcp_slow_start_after_idle. */
export function restartAfterIdle(connection: TcpConnection): void {
  const { settings, clock } = connection.tcp.kernel;
  if (settings['ipv4.tcp_slow_start_after_idle'] === 0 || connection.lastSentAt === 0) return;
  const idle = clock.now - connection.lastSentAt;
  if (connection.sent.length > 0 || idle <= connection.retransmitTimeoutUs) return;
  connection.congestionWindow = Math.min(connection.congestionWindow, INITIAL_WINDOW);
}

function cutThreshold(connection: TcpConnection): void {
  const cut = Math.floor((connection.congestionWindow * BETA_NUMERATOR) / BETA_DENOMINATOR);
  connection.slowStartThreshold = Math.max(2, cut);
}
