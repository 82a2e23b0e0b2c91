/**
 * What a peer's acknowledgement changes: what is still on the way, the round trip, the windows, which segments
 * count as lost. Source: net/ipv4/tcp_input.c (tcp_ack, tcp_clean_rtx_queue, tcp_fastretrans_alert); RFC 9293
 * section 3.10.7.4, RFC 6675 for the loss of segments with SACK, RFC 6582 without.
 */

import type { Arrival } from './tcp-arrival.ts';
import {
  enterRecovery,
  growWindow,
  leaveRecovery,
  measureRoundTrip,
  setTimeoutFromRoundTrips,
} from './tcp-congestion.ts';
import { inFlight, markLost } from './tcp-flight.ts';
import { timestampNow } from './tcp-options.ts';
import {
  armRetransmit,
  currentMss,
  hasUnsent,
  pushData,
  retransmit,
  scheduleTailProbe,
  sendChallengeAck,
} from './tcp-output.ts';
import type { SentSegment, TcpConnection } from './tcp-state.ts';

/** Source: RFC 5681 section 3.2, net.ipv4.tcp_reordering. */
const DUPLICATES_MEAN_LOSS = 3;
/** Acknowledgements older than the largest window are no news but an attack. Source: RFC 5961 section 5. */
const OLD_ACK_REACH = 0x4000_0000;

/** Takes an acknowledgement into account; `false` when the whole segment must be dropped. */
export function takeAck(connection: TcpConnection, arrival: Arrival): boolean {
  const { acknowledgement: ack } = arrival;
  if (ack > connection.sendNext || ack < connection.sendUna - OLD_ACK_REACH) {
    sendChallengeAck(connection);
    return false;
  }
  const hadWindow = connection.sendWindow;
  const advanced = ack > connection.sendUna;
  const acked = advanced ? removeAcknowledged(connection, arrival) : 0;
  if (ack >= connection.sendUna) updateWindow(connection, arrival, advanced);
  const newBlocks = markBlocks(connection, arrival);
  connection.lastAckAt = connection.tcp.kernel.clock.now;
  connection.probesOut = 0;
  connection.keepAliveProbes = 0;
  if (advanced) onProgress(connection, acked);
  else countDuplicate(connection, arrival, hadWindow, newBlocks);
  findLosses(connection, advanced);
  if (advanced && connection.congestionState !== 'open' && ack >= connection.recoveryEnd) {
    leaveRecovery(connection);
    unmarkLost(connection);
  }
  return true;
}

/** Sends what the acknowledgement has made room for: lost segments first. */
export function sendAfterAck(connection: TcpConnection): void {
  retransmitLost(connection);
  pushData(connection);
}

/** Sends lost segments again, as many as the congestion window lets. Source: tcp_xmit_retransmit_queue. */
export function retransmitLost(connection: TcpConnection): void {
  while (connection.lostCount > 0) {
    const hasRoom = inFlight(connection) < connection.congestionWindow;
    if (!hasRoom && !connection.retransmitNow) break;
    connection.retransmitNow = false;
    const lost = connection.sent.find((segment) => segment.lost);
    if (lost === undefined || !retransmit(connection, lost)) break;
  }
}

function removeAcknowledged(connection: TcpConnection, arrival: Arrival): number {
  const { sent } = connection;
  const { acknowledgement: ack } = arrival;
  const { now } = connection.tcp.kernel.clock;
  let count = 0;
  let sampleUs: number | undefined;
  let wasRetransmitted = false;
  while (sent.length > 0) {
    const first = sent[0] as SentSegment;
    if (first.end > ack) break;
    sent.shift();
    count++;
    if (first.sacked) connection.sackedCount--;
    if (first.lost) connection.lostCount--;
    if (first.retransmissions > 0) wasRetransmitted = true;
    else if (!first.sacked) sampleUs = now - first.sentAt;
  }
  const first = sent[0];
  if (first !== undefined && first.sequence < ack) {
    const payload = first.payload.subarray(ack - first.sequence);
    sent[0] = { ...first, sequence: ack, payload };
  }
  connection.sendUna = ack;
  const sample = wasRetransmitted ? sampleOfTimestamp(connection, arrival) : sampleUs;
  if (sample !== undefined) {
    measureRoundTrip(connection, sample);
    connection.backoff = 0;
  }
  return count;
}

/** A segment that was sent twice gives no round trip, but its timestamp does (RFC 7323 section 4.1). */
function sampleOfTimestamp(connection: TcpConnection, arrival: Arrival): number | undefined {
  const echo = arrival.timestamp?.echoReply;
  if (echo === undefined || echo === 0) return undefined;
  const ms = (timestampNow(connection) - echo) | 0;
  return ms < 0 ? undefined : Math.max(1, ms) * 1000;
}

function updateWindow(connection: TcpConnection, arrival: Arrival, advanced: boolean): void {
  const window = arrival.window * 2 ** connection.sendScale;
  const isNewer =
    advanced ||
    arrival.sequence > connection.windowSequence ||
    (arrival.sequence === connection.windowSequence && window > connection.sendWindow);
  if (!isNewer) return;
  connection.windowSequence = arrival.sequence;
  connection.sendWindow = window;
  const { clock } = connection.tcp.kernel;
  const isProbing =
    connection.timerKind === 'window-probe' && connection.retransmitTimer.place >= 0;
  const fits = window >= Math.min(connection.unsentLength, currentMss(connection));
  if (isProbing && window > 0 && fits) {
    connection.backoff = 0;
    clock.cancel(connection.retransmitTimer);
  }
}

function markBlocks(connection: TcpConnection, arrival: Arrival): boolean {
  let found = false;
  for (const { left, right } of arrival.blocks) {
    if (right <= connection.sendUna || right > connection.sendNext || left >= right) continue;
    for (const segment of connection.sent) {
      if (segment.sacked || segment.sequence < left || segment.end > right) continue;
      segment.sacked = true;
      connection.sackedCount++;
      if (segment.lost) {
        segment.lost = false;
        connection.lostCount--;
      }
      found = true;
    }
  }
  return found;
}

function onProgress(connection: TcpConnection, acked: number): void {
  const { clock } = connection.tcp.kernel;
  connection.retransmits = 0;
  connection.confirmPending = true;
  connection.softError = undefined;
  if (connection.congestionState === 'open') {
    connection.duplicateAcks = 0;
    connection.retransmitStamp = 0;
  }
  growWindow(connection, acked);
  setTimeoutFromRoundTrips(connection);
  const probed = connection.tailProbeEnd;
  if (probed !== undefined && connection.sendUna >= probed) connection.tailProbeEnd = undefined;
  if (connection.sent.length > 0) {
    armRetransmit(connection);
    scheduleTailProbe(connection);
  } else if (connection.timerKind !== 'window-probe') {
    clock.cancel(connection.retransmitTimer);
  }
}

function countDuplicate(
  connection: TcpConnection,
  arrival: Arrival,
  hadWindow: number,
  newBlocks: boolean,
): void {
  if (connection.sent.length === 0) return;
  const isPure =
    arrival.payload.length === 0 &&
    arrival.end === arrival.sequence &&
    arrival.acknowledgement === connection.sendUna &&
    connection.sendWindow === hadWindow;
  if (isPure || newBlocks) connection.duplicateAcks++;
}

/** Which segments count as lost, and whether that is the beginning of a recovery. */
function findLosses(connection: TcpConnection, advanced: boolean): void {
  const { sent, sackPermitted } = connection;
  if (sent.length === 0) return;
  if (connection.congestionState === 'loss') return;
  // A probe that was answered while segments before it were not: no need to wait for three.
  const enough = connection.tailProbeEnd === undefined ? DUPLICATES_MEAN_LOSS : 1;
  const isLoss = sackPermitted
    ? connection.sackedCount >= enough
    : connection.duplicateAcks >= DUPLICATES_MEAN_LOSS;
  if (connection.congestionState === 'open') {
    if (!isLoss || (sent[0] as SentSegment).sacked) return;
    enterRecovery(connection);
    connection.retransmitNow = true;
    markLost(connection, sent[0] as SentSegment);
    armRetransmit(connection);
  } else if (!sackPermitted && advanced && connection.sendUna < connection.recoveryEnd) {
    markLost(connection, sent[0] as SentSegment);
  }
  if (sackPermitted) markHoles(connection, enough);
}

/** A segment with that many reported segments behind it is lost; one that was sent again waits for the timeout. */
function markHoles(connection: TcpConnection, enough: number): void {
  const { sent } = connection;
  let behind = 0;
  for (let i = sent.length - 1; i >= 0; i--) {
    const segment = sent[i] as SentSegment;
    if (segment.sacked) behind++;
    else if (behind >= enough && segment.retransmissions === 0) markLost(connection, segment);
  }
}

function unmarkLost(connection: TcpConnection): void {
  for (const segment of connection.sent) segment.lost = false;
  connection.lostCount = 0;
}

/** Whether everything is acknowledged, the own FIN too. */
export function isFinAcknowledged(connection: TcpConnection): boolean {
  return connection.finSent && connection.sent.length === 0 && !hasUnsent(connection);
}
