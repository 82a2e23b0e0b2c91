/** A path has become narrower than the segments on it. Source: tcp_v4_mtu_reduced, tcp_simple_retransmit. */

import { TCP_FIN, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import { retransmitLost } from './tcp-ack.ts';
import { markLost } from './tcp-flight.ts';
import { currentMss } from './tcp-output.ts';
import type { SentSegment, TcpConnection } from './tcp-state.ts';

/**
 * What is on the way and too long counts as lost and goes again at once, as much as the congestion window lets, which stays as
 * it is. What was sent at one time is one piece of memory in Linux, and cut anew from its beginning.
 */
export function sendSmaller(connection: TcpConnection): void {
  joinBursts(connection);
  const mss = currentMss(connection);
  const isTooLong = ({ payload, sacked }: SentSegment) => !sacked && payload.length > mss;
  const tooLong = connection.sent.filter(isTooLong);
  if (tooLong.length === 0) return;
  for (const segment of tooLong) markLost(connection, segment);
  if (connection.congestionState !== 'loss') {
    connection.congestionState = 'loss';
    connection.recoveryEnd = connection.sendNext;
  }
  retransmitLost(connection);
}

function joinBursts(connection: TcpConnection): void {
  const joined: SentSegment[] = [];
  for (const segment of connection.sent) {
    const before = joined.at(-1);
    if (before === undefined || !isOneBurst(before, segment)) {
      joined.push(segment);
      continue;
    }
    const payload = new Uint8Array(before.payload.length + segment.payload.length);
    payload.set(before.payload);
    payload.set(segment.payload, before.payload.length);
    if (before.lost && segment.lost) connection.lostCount--;
    const lost = before.lost || segment.lost;
    joined[joined.length - 1] = { ...segment, sequence: before.sequence, payload, lost };
  }
  connection.sent.splice(0, connection.sent.length, ...joined);
}

function isOneBurst(before: SentSegment, segment: SentSegment): boolean {
  return (
    before.sentAt === segment.sentAt &&
    before.retransmissions === segment.retransmissions &&
    before.end === segment.sequence &&
    !before.sacked &&
    !segment.sacked &&
    before.payload.length > 0 &&
    segment.payload.length > 0 &&
    ((before.flags | segment.flags) & TCP_SYN) === 0 &&
    (before.flags & TCP_FIN) === 0
  );
}
