/**
 * Octets that come in: in order to the program, early ones kept, duplicates reported; and when to acknowledge.
 * Source: net/ipv4/tcp_input.c (tcp_data_queue, tcp_data_queue_ofo, tcp_event_data_recv, __tcp_ack_snd_check).
 */

import { TCP_FIN } from '../../../daemon/wire/tcp.ts';
import { ticksOf } from '../kernel-clock.ts';
import { drop } from '../kernel-state.ts';
import type { Arrival } from './tcp-arrival.ts';
import { DELAYED_ACK_US, sendAck } from './tcp-output.ts';
import type { EarlySegment, TcpConnection } from './tcp-state.ts';

/** Acknowledgements at once at the beginning of a conversation. Source: TCP_MAX_QUICKACKS. */
const QUICK_ACKS = 16;
/** Early segments that are kept; beyond it they are dropped, as by a full receive buffer. */
const EARLY_MAX = 4096;
/** Half of tcp_rmem[2]: how far the window may grow. */
const SPACE_MAX = 3_145_728;
const SEGMENT_MSS_MIN = 536;

/** Takes payload and FIN of a segment that is within the window; `true` when something new came in order. */
export function takeData(connection: TcpConnection, arrival: Arrival): boolean {
  const fin = (arrival.flags & TCP_FIN) !== 0;
  if (arrival.payload.length === 0 && !fin) return false;
  if (connection.finReceived || arrival.end <= connection.receiveNext) {
    reportDuplicate(connection, arrival.sequence, arrival.end);
    return false;
  }
  if (arrival.sequence > connection.receiveNext) {
    keepEarly(connection, arrival, fin);
    sendAck(connection);
    return false;
  }
  const skip = connection.receiveNext - arrival.sequence;
  if (skip > 0)
    connection.duplicateRange = { left: arrival.sequence, right: connection.receiveNext };
  if (!append(connection, arrival.payload.subarray(skip), fin)) return false;
  onDataEvent(connection, arrival.payload.length);
  drainEarly(connection);
  return true;
}

/** Octets that the peer sent once too often: acknowledged at once, with their range. */
export function reportDuplicate(connection: TcpConnection, left: number, right: number): void {
  drop(connection.tcp.kernel, 'tcp:not-acceptable');
  connection.quickAcks = Math.max(connection.quickAcks, QUICK_ACKS);
  connection.pingPong = false;
  if (connection.sackPermitted && right > left) connection.duplicateRange = { left, right };
  sendAck(connection);
}

/** Acknowledges now or later what has come in. */
export function acknowledgeData(connection: TcpConnection): void {
  const due = connection.receiveNext - connection.acknowledged;
  if (due <= 0 && connection.duplicateRange === undefined) return;
  const isQuick = connection.quickAcks > 0 && !connection.pingPong;
  if (due > connection.receivedMss || isQuick || connection.early.length > 0) {
    sendAck(connection);
    return;
  }
  const { clock } = connection.tcp.kernel;
  if (connection.delayedAckTimer.place >= 0) return;
  // Before the first data the delay is not set up: a FIN alone is acknowledged at the next tick (icsk_ack.ato is 0).
  const delay = connection.acksStarted ? ticksOf(DELAYED_ACK_US) : 0;
  clock.armTicks(connection.delayedAckTimer, delay);
}

/** Adds octets that are next; `false` when the window was closed for them. */
function append(connection: TcpConnection, payload: Uint8Array, fin: boolean): boolean {
  const room = Math.max(0, connection.receiveEdge - connection.receiveNext);
  const taken = payload.length > room ? payload.subarray(0, room) : payload;
  if (taken.length === 0 && payload.length > 0) {
    drop(connection.tcp.kernel, 'tcp:receive-queue-full');
    connection.quickAcks = Math.max(connection.quickAcks, 1);
    sendAck(connection);
    return false;
  }
  if (taken.length > 0) {
    connection.unread.push(taken);
    connection.unreadLength += taken.length;
    connection.receiveNext += taken.length;
  }
  if (fin && taken.length === payload.length) {
    connection.receiveNext++;
    connection.finReceived = true;
    // The answer will most likely be the own FIN, which can carry the acknowledgement. Source: tcp_fin.
    connection.pingPong = true;
  }
  return true;
}

/** Bookkeeping of acknowledgements and of the window's growth. Source: tcp_event_data_recv, tcp_grow_window. */
function onDataEvent(connection: TcpConnection, length: number): void {
  if (length === 0) return;
  if (!connection.acksStarted) {
    connection.acksStarted = true;
    connection.quickAcks = QUICK_ACKS;
  }
  connection.lastReceivedAt = connection.tcp.kernel.clock.now;
  if (length >= connection.receivedMss) {
    connection.receivedMss = length;
    if (length >= SEGMENT_MSS_MIN && connection.reading) {
      connection.receiveSpace = Math.min(SPACE_MAX, connection.receiveSpace + 2 * length);
    }
  }
}

/** Keeps octets that came too early, cut to what is not there yet. */
function keepEarly(connection: TcpConnection, arrival: Arrival, fin: boolean): void {
  const { early } = connection;
  if (arrival.end > connection.receiveEdge + 1 || early.length >= EARLY_MAX) {
    drop(connection.tcp.kernel, 'tcp:receive-queue-full');
    return;
  }
  const pieces = uncovered(early, {
    sequence: arrival.sequence,
    end: arrival.end,
    payload: arrival.payload,
    fin,
  });
  if (pieces.length === 0) {
    connection.duplicateRange = { left: arrival.sequence, right: arrival.end };
    return;
  }
  early.push(...pieces);
  early.sort((a, b) => a.sequence - b.sequence);
  connection.newestEarly = arrival.sequence;
}

/** The parts of a segment that no kept one has. */
function uncovered(early: readonly EarlySegment[], segment: EarlySegment): EarlySegment[] {
  const pieces: EarlySegment[] = [];
  let from = segment.sequence;
  for (const known of early) {
    if (known.end <= from) continue;
    if (known.sequence >= segment.end) break;
    if (known.sequence > from) pieces.push(piece(segment, from, known.sequence));
    from = known.end;
  }
  if (from < segment.end) pieces.push(piece(segment, from, segment.end));
  return pieces;
}

function piece(segment: EarlySegment, from: number, to: number): EarlySegment {
  const fin = segment.fin && to === segment.end;
  const start = from - segment.sequence;
  const payload = segment.payload.subarray(start, to - segment.sequence - (fin ? 1 : 0));
  return { sequence: from, end: to, payload, fin };
}

function drainEarly(connection: TcpConnection): void {
  const { early } = connection;
  for (;;) {
    const first = early[0];
    if (first === undefined || first.sequence > connection.receiveNext) return;
    early.shift();
    if (first.end <= connection.receiveNext) continue;
    const skip = connection.receiveNext - first.sequence;
    if (!append(connection, first.payload.subarray(skip), first.fin)) return;
  }
}
