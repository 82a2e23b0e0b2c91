/** What a connection has on the way, and how far that uses its congestion window. */

import type { SentSegment, TcpConnection } from './tcp-state.ts';

/** Segments on the way, as far as is known. */
export function inFlight(connection: TcpConnection): number {
  return connection.sent.length - connection.sackedCount - connection.lostCount;
}

/** Data went out: remembers how far the window was used. Source: tcp_cwnd_validate. */
export function noteFlight(connection: TcpConnection): void {
  const flight = connection.sent.length;
  const isFull = inFlight(connection) >= connection.congestionWindow;
  const isOver = connection.sendUna >= connection.windowUsedUntil;
  const isLarger = !connection.windowWasFull && flight > connection.largestFlight;
  if (!isOver && !isFull && !isLarger) return;
  connection.windowWasFull = isFull;
  connection.largestFlight = flight;
  connection.windowUsedUntil = connection.sendNext;
}

/** Counts a segment as lost, unless it was reported as arrived. */
export function markLost(connection: TcpConnection, segment: SentSegment): void {
  if (segment.lost || segment.sacked) return;
  segment.lost = true;
  connection.lostCount++;
}
