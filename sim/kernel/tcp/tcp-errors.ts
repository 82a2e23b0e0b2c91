/**
 * ICMP errors about segments of this host. Before the handshake is done they end the connection; afterwards
 * they are remembered and told only when it times out. "Fragmentation needed" makes segments smaller.
 * Source: net/ipv4/tcp_ipv4.c (tcp_v4_err), tcp_ipv6.c (tcp_v6_err); RFC 5461, RFC 1191.
 */

import { readUint16, readUint32 } from '../../../daemon/wire/integers.ts';
import { readIpv4Destination, readIpv4Source } from '../../../daemon/wire/ipv4.ts';
import { readIpv6Destination, readIpv6Source } from '../../../daemon/wire/ipv6.ts';
import type { IcmpErrorHandler } from '../kernel-state.ts';
import { learnPathMtu } from '../path-mtu.ts';
import { setTimeoutFromRoundTrips } from './tcp-congestion.ts';
import { fail } from './tcp-lifecycle.ts';
import { armRetransmit, RTO_MAX_US } from './tcp-output.ts';
import { unwrap } from './tcp-sequence.ts';
import { sendSmaller } from './tcp-smaller-path.ts';
import type { TcpConnection, TcpState } from './tcp-state.ts';
import { findConnection } from './tcp-table.ts';
import { onTimeout } from './tcp-timers.ts';

const SEQUENCE_AT = 4;
const QUOTED_MIN = 8;

/** An ICMP error whose quotation is a TCP segment. */
export function receiveTcpError(tcp: TcpState, error: Parameters<IcmpErrorHandler>[0]): void {
  const { quoted, at } = error;
  if (quoted.length < at + QUOTED_MIN) return;
  const isInet = (quoted[0] as number) >>> 4 === 4;
  const connection = findConnection(tcp, {
    localAddress: isInet ? readIpv4Source(quoted, 0) : readIpv6Source(quoted, 0),
    remoteAddress: isInet ? readIpv4Destination(quoted, 0) : readIpv6Destination(quoted, 0),
    localPort: readUint16(quoted, at),
    remotePort: readUint16(quoted, at + 2),
  });
  if (connection === undefined || connection.state === 'TIME_WAIT') return;
  const sequence = unwrap(readUint32(quoted, at + SEQUENCE_AT), connection.sendUna);
  // Only an error about something that is on the way is believed.
  if (sequence < connection.sendUna || sequence > connection.sendNext) return;
  if (error.nextHopMtu !== undefined) {
    shrink(connection, error.nextHopMtu);
    return;
  }
  if (error.isWayLost && sequence === connection.sendUna) revertBackOff(connection);
  if (connection.state === 'SYN_SENT') {
    if (error.error !== 'EMSGSIZE') fail(connection, error.error);
    return;
  }
  // A request only hears of it by its timer, as Linux' request sockets do.
  if (connection.state !== 'SYN_RECV' && error.error !== 'EMSGSIZE')
    connection.softError = error.error;
}

/**
 * An unreachable way lost the segment, not a full one: the last step of the back-off is taken back, and what would be due by then
 * goes out at once. Source: tcp_ld_RTO_revert of Linux 6.1; RFC 6069.
 */
function revertBackOff(connection: TcpConnection): void {
  const head = connection.sent[0];
  if (head === undefined || connection.retransmits === 0 || connection.backoff === 0) return;
  connection.backoff--;
  setTimeoutFromRoundTrips(connection);
  const backedOff = connection.retransmitTimeoutUs * 2 ** connection.backoff;
  connection.retransmitTimeoutUs = Math.min(backedOff, RTO_MAX_US);
  const { clock } = connection.tcp.kernel;
  const leftUs = connection.retransmitTimeoutUs - (clock.now - head.sentAt);
  if (leftUs > 0) armRetransmit(connection, leftUs);
  else onTimeout(connection);
}

function shrink(connection: TcpConnection, said: number): void {
  const { tcp, remoteAddress } = connection;
  const mtu = learnPathMtu(tcp.kernel, remoteAddress, said, connection.pathMtu);
  // Who lets routers cut his segments makes them no smaller (tcp_v4_mtu_reduced).
  if (mtu === undefined || connection.mayBeCut) return;
  connection.pathMtu = mtu;
  sendSmaller(connection);
}
