/**
 * How a connection ends: told to its program, kept for TIME_WAIT, or forgotten. Source: net/ipv4/tcp.c
 * (tcp_done, tcp_close), tcp_minisocks.c (tcp_time_wait), tcp_timer.c (tcp_write_err).
 */

import { HZ } from '../kernel-clock.ts';
import type { TcpError } from '../socket-api.ts';
import { sendReset } from './tcp-output.ts';
import type { TcpConnection } from './tcp-state.ts';
import { removeConnection } from './tcp-table.ts';

/** How long a closed connection is remembered. Source: TCP_TIMEWAIT_LEN; no sysctl changes it. */
const TIME_WAIT_SECONDS = 60;

/** Forgets a connection without a word to anybody. */
export function forget(connection: TcpConnection): void {
  const { clock } = connection.tcp.kernel;
  clock.cancel(connection.retransmitTimer);
  clock.cancel(connection.delayedAckTimer);
  clock.cancel(connection.stateTimer);
  connection.state = 'CLOSED';
  connection.listener?.requests.delete(connection);
  const waiting = connection.listener?.acceptQueue.indexOf(connection) ?? -1;
  if (waiting >= 0) connection.listener?.acceptQueue.splice(waiting, 1);
  connection.sent.length = 0;
  connection.unsent.length = 0;
  connection.unsentLength = 0;
  connection.sackedCount = 0;
  connection.lostCount = 0;
  removeConnection(connection.tcp, connection);
  tellOver(connection);
}

/** Who closed the connection and waits may go on. */
function tellOver(connection: TcpConnection): void {
  const { onOver } = connection;
  connection.onOver = undefined;
  onOver?.();
}

/** The connection is gone; its program hears why. */
export function fail(connection: TcpConnection, error: TcpError): void {
  const { handlers, orphan } = connection;
  const isKnown = connection.listener === undefined && !orphan;
  forget(connection);
  if (isKnown) handlers.onError?.(error);
}

/** Ends a connection with a reset to the peer. */
export function abort(connection: TcpConnection): void {
  const { state } = connection;
  const isSynchronized = state !== 'SYN_SENT' && state !== 'CLOSED' && state !== 'TIME_WAIT';
  if (isSynchronized) sendReset(connection);
  forget(connection);
}

/** Both directions are closed: late segments are answered for a while. */
export function enterTimeWait(connection: TcpConnection): void {
  const { clock } = connection.tcp.kernel;
  connection.state = 'TIME_WAIT';
  connection.sent.length = 0;
  connection.sackedCount = 0;
  connection.lostCount = 0;
  clock.cancel(connection.retransmitTimer);
  clock.cancel(connection.delayedAckTimer);
  clock.armTicks(connection.stateTimer, TIME_WAIT_SECONDS * HZ);
  tellOver(connection);
}

/** The own FIN is acknowledged; a closed connection waits for the peer's only so long (tcp_fin_timeout). */
export function enterFinWait2(connection: TcpConnection): void {
  connection.state = 'FIN_WAIT2';
  waitForFin(connection);
  tellOver(connection);
}

/** Arms FIN_WAIT2's limit for a connection that no program holds. */
export function waitForFin(connection: TcpConnection): void {
  const { clock, settings } = connection.tcp.kernel;
  if (!connection.orphan || connection.state !== 'FIN_WAIT2') return;
  clock.armTicks(connection.stateTimer, settings['ipv4.tcp_fin_timeout'] * HZ);
}
