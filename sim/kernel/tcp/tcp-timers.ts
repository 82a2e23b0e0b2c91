/**
 * What happens when nothing happens: retransmission with back-off, tail loss probe, window probe, delayed
 * acknowledgement, and the timers of states (SYN-ACK, FIN_WAIT2, TIME_WAIT, keepalive).
 * Source: net/ipv4/tcp_timer.c. Timers fire on jiffies through the kernel's wheel, as Linux' do.
 */

import { HZ } from '../kernel-clock.ts';
import { enterLoss, RTO_MIN_US } from './tcp-congestion.ts';
import { fail, forget } from './tcp-lifecycle.ts';
import {
  armRetransmit,
  armWindowProbe,
  hasUnsent,
  pushData,
  RTO_MAX_US,
  retransmit,
  sendAck,
  sendPartial,
  sendProbe,
  sendReset,
} from './tcp-output.ts';
import type { SentSegment, TcpConnection } from './tcp-state.ts';

/** Retries of a connection without a program. Source: tcp_orphan_retries. */
const ORPHAN_RETRIES = 8;
/** Back-off doubles until the longest timeout is reached, after that it stays. Source: tcp_model_timeout. */
const LINEAR_AFTER = 9;

/** The retransmission timer fired. */
export function onRetransmitTimer(connection: TcpConnection): void {
  switch (connection.timerKind) {
    case 'retransmit':
      onTimeout(connection);
      return;
    case 'tail-loss-probe':
      probeTail(connection);
      return;
    case 'window-probe':
      probeWindow(connection);
      return;
  }
}

/** The delayed acknowledgement is due. */
export function onDelayedAckTimer(connection: TcpConnection): void {
  if (connection.state === 'CLOSED' || connection.state === 'TIME_WAIT') return;
  connection.pingPong = false;
  sendAck(connection);
}

/** The timer of the state fired. */
export function onStateTimer(connection: TcpConnection): void {
  switch (connection.state) {
    case 'TIME_WAIT':
    case 'FIN_WAIT2':
      forget(connection);
      return;
    case 'SYN_RECV':
      retrySynAck(connection);
      return;
    case 'ESTABLISHED':
    case 'CLOSE_WAIT':
    case 'FIN_WAIT1':
      keepAlive(connection);
      return;
    default:
      return;
  }
}

/** Arms keepalive, when the program asked for it. */
export function armKeepAlive(connection: TcpConnection): void {
  if (!connection.keepAlive) return;
  const { settings, clock } = connection.tcp.kernel;
  clock.armTicks(connection.stateTimer, settings['ipv4.tcp_keepalive_time'] * HZ);
}

/** Arms the SYN-ACK timer of a request: 1 s, doubled each time. Source: reqsk_timer_handler. */
export function armSynAck(connection: TcpConnection): void {
  const seconds = 2 ** connection.retransmits;
  connection.tcp.kernel.clock.armTicks(connection.stateTimer, seconds * HZ);
}

function retrySynAck(connection: TcpConnection): void {
  const limit = connection.tcp.kernel.settings['ipv4.tcp_synack_retries'];
  const segment = connection.sent[0];
  if (connection.retransmits >= limit || segment === undefined) {
    forget(connection);
    return;
  }
  connection.retransmits++;
  retransmit(connection, segment);
  armSynAck(connection);
}

/** No acknowledgement in time: the first segment goes again, with twice the time. */
export function onTimeout(connection: TcpConnection): void {
  const segment = connection.sent[0];
  if (segment === undefined) return;
  if (isHopeless(connection)) {
    giveUp(connection);
    return;
  }
  connection.tailProbeEnd = undefined;
  if (connection.state !== 'SYN_SENT') enterLoss(connection);
  const head = connection.sent.find((each) => !each.sacked) ?? (connection.sent[0] as SentSegment);
  retransmit(connection, head);
  connection.retransmits++;
  connection.backoff++;
  if (!isLinear(connection)) {
    connection.retransmitTimeoutUs = Math.min(connection.retransmitTimeoutUs * 2, RTO_MAX_US);
  }
  armRetransmit(connection);
}

/** The first SYNs of Linux 6.5 and later follow each other without back-off. Source: tcp_retransmit_timer. */
function isLinear({ state, backoff, tcp }: TcpConnection): boolean {
  return state === 'SYN_SENT' && backoff <= tcp.kernel.settings['ipv4.tcp_syn_linear_timeouts'];
}

/** Source: tcp_write_timeout. */
function isHopeless(connection: TcpConnection): boolean {
  const { settings, clock } = connection.tcp.kernel;
  if (connection.state === 'SYN_SENT') {
    const linear = settings['ipv4.tcp_syn_linear_timeouts'];
    return connection.retransmits >= settings['ipv4.tcp_syn_retries'] + linear;
  }
  if (connection.retransmits === 0 || connection.retransmitStamp === 0) return false;
  const limit = connection.orphan ? orphanRetries(connection) : settings['ipv4.tcp_retries2'];
  return clock.now - connection.retransmitStamp >= modelTimeout(limit);
}

function orphanRetries(connection: TcpConnection): number {
  const set = connection.tcp.kernel.settings['ipv4.tcp_orphan_retries'];
  const isAlive = connection.retransmitTimeoutUs < RTO_MAX_US;
  if (set === 0 && connection.softError !== undefined && !isAlive) return 0;
  return set === 0 && isAlive ? ORPHAN_RETRIES : set;
}

/** How long so many retries take with the least timeout: 15 are 924.6 s. Source: tcp_model_timeout. */
function modelTimeout(retries: number): number {
  if (retries <= LINEAR_AFTER) return (2 ** (retries + 1) - 1) * RTO_MIN_US;
  return (2 ** (LINEAR_AFTER + 1) - 1) * RTO_MIN_US + (retries - LINEAR_AFTER) * RTO_MAX_US;
}

function giveUp(connection: TcpConnection): void {
  fail(connection, connection.softError ?? 'ETIMEDOUT');
}

/** Sends new data if the window allows, else the last segment again, and falls back to the timeout. */
function probeTail(connection: TcpConnection): void {
  const last = connection.sent.at(-1);
  if (last === undefined) return;
  const before = connection.sendNext;
  if (hasUnsent(connection)) pushData(connection);
  if (connection.sendNext === before) retransmitAsProbe(connection, last);
  connection.tailProbeEnd = connection.sendNext;
  armRetransmit(connection);
}

/** A probe does not count as a retransmission that waits for its answer since then. */
function retransmitAsProbe(connection: TcpConnection, segment: SentSegment): void {
  const stamp = connection.retransmitStamp;
  retransmit(connection, segment);
  connection.retransmitStamp = stamp;
}

/** Asks whether the closed window has opened. Source: tcp_probe_timer, tcp_send_probe0. */
function probeWindow(connection: TcpConnection): void {
  if (connection.sent.length > 0 || !hasUnsent(connection)) return;
  const { settings } = connection.tcp.kernel;
  const limit = connection.orphan ? orphanRetries(connection) : settings['ipv4.tcp_retries2'];
  if (connection.probesOut >= limit) {
    if (connection.orphan) sendReset(connection);
    giveUp(connection);
    return;
  }
  connection.probesOut++;
  if (connection.backoff < settings['ipv4.tcp_retries2']) connection.backoff++;
  if (sendPartial(connection)) armRetransmit(connection);
  else {
    sendProbe(connection);
    armWindowProbe(connection);
  }
}

/** Source: tcp_keepalive_timer. */
function keepAlive(connection: TcpConnection): void {
  if (!connection.keepAlive) return;
  const { settings, clock } = connection.tcp.kernel;
  const idleLimit = settings['ipv4.tcp_keepalive_time'] * 1_000_000;
  const idle = clock.now - Math.max(connection.lastReceivedAt, connection.lastAckAt);
  if (connection.sent.length > 0 || idle < idleLimit) {
    const rest = Math.max(1, Math.ceil((idleLimit - idle) / 1_000_000));
    clock.armTicks(connection.stateTimer, rest * HZ);
    return;
  }
  if (connection.keepAliveProbes >= settings['ipv4.tcp_keepalive_probes']) {
    sendReset(connection);
    giveUp(connection);
    return;
  }
  connection.keepAliveProbes++;
  sendProbe(connection);
  clock.armTicks(connection.stateTimer, settings['ipv4.tcp_keepalive_intvl'] * HZ);
}
