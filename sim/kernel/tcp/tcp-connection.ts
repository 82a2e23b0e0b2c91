/** Making a connection: all variables at their start, for both sides of a handshake. */

import { randomBelow } from '../../../daemon/base/random.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { familyOf } from '../../../daemon/wire/ip-address.ts';
import { makeTimer } from '../kernel-clock.ts';
import type { LinkState } from '../kernel-state.ts';
import { pathMtuTo } from '../path-mtu.ts';
import type { TcpHandlers, TcpStateName } from '../socket-api.ts';
import { INITIAL_WINDOW, RTO_INITIAL_US } from './tcp-congestion.ts';
import { RECEIVE_SCALE, RECEIVE_SPACE } from './tcp-output.ts';
import { wrap } from './tcp-sequence.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';
import { onDelayedAckTimer, onRetransmitTimer, onStateTimer } from './tcp-timers.ts';

/** What a peer's segment may hold when it does not say. Source: RFC 9293 section 3.7.1; RFC 8200 for IPv6. */
const MSS_DEFAULT = { inet: 536, inet6: 1220 } as const;
/** Linux' guess of the peer's segments before the first one. Source: TCP_MSS_DEFAULT, tcp_initialize_rcv_mss. */
const RECEIVED_MSS_FIRST = 536;
const NO_THRESHOLD = 0x7fff_ffff;

/** How far numbers jump behind a connection in TIME_WAIT. Source: tcp_twsk_unique. */
const TIME_WAIT_STEP = 65_535 + 2;

/** What a new connection is made of. */
export interface NewConnection {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly link: LinkState | undefined;
  readonly mark?: number | undefined;
  readonly pathMtu: number;
  readonly state: TcpStateName;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  readonly handlers: TcpHandlers;
  readonly listener?: TcpListenerState;
  /** The first number, of a SYN cookie. */
  readonly initialSend?: number | undefined;
  /** The one in TIME_WAIT that gave way to this one. */
  readonly before?: TcpConnection | undefined;
}

/** A connection that has sent and heard nothing; not yet in the table. */
export function makeConnection(tcp: TcpState, made: NewConnection): TcpConnection {
  const random = tcp.random();
  const { settings } = tcp.kernel;
  const drawn = random.uint32();
  const { before } = made;
  // The peer may remember the one before: numbers and timestamps go on from there. Source: tcp_twsk_unique.
  const own = made.initialSend ?? drawn;
  const initialSend = before === undefined ? own : wrap(before.sendNext + TIME_WAIT_STEP);
  const family = familyOf(made.localAddress);
  const timestamps = settings['ipv4.tcp_timestamps'] !== 0;
  const identification = randomBelow(random, 0xffff) + 1;
  const offset = random.uint32();
  const self = (): TcpConnection => connection;
  const connection: TcpConnection = {
    tcp,
    family,
    localAddress: made.localAddress,
    localPort: made.localPort,
    remoteAddress: made.remoteAddress,
    remotePort: made.remotePort,
    link: made.link,
    mark: made.mark ?? 0,
    listener: made.listener,
    handlers: made.handlers,
    state: made.state,
    orphan: false,
    onOver: undefined,
    noDelay: made.noDelay,
    mayBeCut: made.listener?.mayBeCut ?? settings['ipv4.ip_no_pmtu_disc'] !== 0,
    keepAlive: made.keepAlive,
    initialSend,
    sendUna: initialSend,
    sendNext: initialSend,
    sendWindow: 0,
    windowSequence: 0,
    sendScale: 0,
    peerMss: MSS_DEFAULT[family],
    pathMtu: Math.min(made.pathMtu, pathMtuTo(tcp.kernel, made.remoteAddress, made.link)),
    sent: [],
    sackedCount: 0,
    lostCount: 0,
    unsent: [],
    unsentOffset: 0,
    unsentLength: 0,
    finWanted: false,
    finSent: false,
    smallSentEnd: 0,
    lastSentAt: 0,
    identification,
    receiveNext: 0,
    acknowledged: 0,
    receiveEdge: 0,
    receiveScale: settings['ipv4.tcp_window_scaling'] === 0 ? 0 : RECEIVE_SCALE,
    receiveSpace: 0,
    early: [],
    newestEarly: 0,
    unread: [],
    unreadLength: 0,
    finReceived: false,
    finAnnounced: false,
    reading: true,
    duplicateRange: undefined,
    timestamps,
    timestampOffset: before === undefined ? offset : before.timestampOffset,
    recentTimestamp: 0,
    recentTimestampAt: 0,
    challengedAt: undefined,
    sackPermitted: settings['ipv4.tcp_sack'] !== 0,
    quickAcks: 0,
    pingPong: false,
    acksStarted: false,
    lastReceivedAt: 0,
    lastAckAt: 0,
    receivedMss: RECEIVED_MSS_FIRST,
    delayedAckTimer: makeTimer(() => onDelayedAckTimer(self())),
    smoothedRtt8: 0,
    deviation4: 0,
    deviationMax4: 0,
    rttVariance4: 0,
    rttSequence: 0,
    retransmitTimeoutUs: RTO_INITIAL_US,
    backoff: 0,
    retransmits: 0,
    retransmitStamp: 0,
    probesOut: 0,
    tailProbeEnd: undefined,
    timerKind: 'retransmit',
    retransmitTimer: makeTimer(() => onRetransmitTimer(self())),
    stateTimer: makeTimer(() => onStateTimer(self())),
    keepAliveProbes: 0,
    congestionWindow: INITIAL_WINDOW,
    slowStartThreshold: NO_THRESHOLD,
    windowCredit: 0,
    windowWasFull: false,
    largestFlight: 0,
    windowUsedUntil: 0,
    congestionState: 'open',
    recoveryEnd: 0,
    duplicateAcks: 0,
    retransmitNow: false,
    softError: undefined,
    confirmPending: false,
  };
  return connection;
}

/** The first window offered: whole segments of what half of the buffer holds. Source: tcp_select_initial_window. */
export function initialSpace(segmentLength: number): number {
  const space = Math.min(RECEIVE_SPACE, 0xffff);
  if (segmentLength >= RECEIVE_SPACE) return space;
  const whole = RECEIVE_SPACE - (RECEIVE_SPACE % segmentLength);
  return Math.min(whole, space);
}
