/**
 * What one kernel knows of TCP: its sockets, and each connection's variables under the names of RFC 9293 and
 * Linux' struct tcp_sock. Sequence numbers are kept unwrapped: plain integers that grow beyond 2^32, so that
 * they compare with `<`; `tcp-sequence.ts` goes to and from the wire. Read RFC 9293 section 3.3 first.
 */

import type { IpAddress, IpFamily } from '../../../daemon/wire/ip-address.ts';
import type { RandomStream } from '../../engine/random-streams.ts';
import type { KernelTimer } from '../kernel-clock.ts';
import type { KernelState, LinkState } from '../kernel-state.ts';
import type { TcpError, TcpHandlers, TcpListenOptions, TcpStateName } from '../socket-api.ts';

/** A listening socket with its queues. */
export interface TcpListenerState {
  readonly options: TcpListenOptions;
  /** `undefined` is any. */
  readonly address: IpAddress | undefined;
  readonly port: number;
  readonly backlog: number;
  /** IP_PMTUDISC_DONT, for the connections too. */
  readonly mayBeCut: boolean;
  /** Handshakes that are not done: Linux' request sockets. */
  readonly requests: Set<TcpConnection>;
  /** Done, but not accepted. */
  readonly acceptQueue: TcpConnection[];
  accepting: boolean;
  closed: boolean;
  /** When a SYN was last answered by a cookie, µs. */
  lastCookieAt: number | undefined;
}

/** A segment that was sent and is not acknowledged. */
export interface SentSegment {
  readonly sequence: number;
  /** Behind the last octet, SYN and FIN counted. */
  readonly end: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** Kernel time of the last transmission, µs. */
  sentAt: number;
  /** How often it was sent again. */
  retransmissions: number;
  /** The peer has it, as a SACK block said. */
  sacked: boolean;
  /** Taken for lost and not yet sent again. */
  lost: boolean;
}

/** Octets that arrived ahead of their turn. */
export interface EarlySegment {
  readonly sequence: number;
  readonly end: number;
  readonly payload: Uint8Array;
  readonly fin: boolean;
}

/** What the retransmission timer will do when it fires. Source: ICSK_TIME_RETRANS, _LOSS_PROBE, _PROBE0. */
export type RetransmitTimerKind = 'retransmit' | 'tail-loss-probe' | 'window-probe';

/** One connection; see the head of the file. */
export interface TcpConnection {
  readonly tcp: TcpState;
  readonly family: IpFamily;
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  /** SO_BINDTODEVICE, or the link of a link-local peer. */
  readonly link: LinkState | undefined;
  /** SO_MARK, for policy rules. */
  readonly mark: number;
  /** Came in through this listener and is not accepted yet. */
  listener: TcpListenerState | undefined;
  handlers: TcpHandlers;
  state: TcpStateName;
  /** The program has closed it; what comes in finds nobody. */
  orphan: boolean;
  /** Who waits for the end of a close; see `TcpSocket.close`. */
  onOver: (() => void) | undefined;
  readonly noDelay: boolean;
  /** IP_PMTUDISC_DONT: made while ip_no_pmtu_disc was set. */
  readonly mayBeCut: boolean;
  keepAlive: boolean;

  // Sending.
  readonly initialSend: number;
  sendUna: number;
  sendNext: number;
  /** Peer's window in octets, counted from `sendUna`. */
  sendWindow: number;
  /** Sequence and acknowledgement of the segment that last set the window (SND.WL1). */
  windowSequence: number;
  sendScale: number;
  /** Largest payload of a segment, options not subtracted. */
  peerMss: number;
  /** Path MTU, from the link or an ICMP message. */
  pathMtu: number;
  readonly sent: SentSegment[];
  /** How many of them the peer has, and how many are lost and not yet sent again. */
  sackedCount: number;
  lostCount: number;
  /** Chunks not yet sent, and how many octets of the first are gone. */
  readonly unsent: Uint8Array[];
  unsentOffset: number;
  unsentLength: number;
  finWanted: boolean;
  finSent: boolean;
  /** End of the last segment below MSS (Minshall's variant of Nagle). */
  smallSentEnd: number;
  lastSentAt: number;
  identification: number;

  // Receiving.
  receiveNext: number;
  /** `receiveNext` when the last acknowledgement was sent (rcv_wup). */
  acknowledged: number;
  /** Right edge of the window that was offered. */
  receiveEdge: number;
  receiveScale: number;
  /** How large a window may be offered by now; grows with what comes in (rcv_ssthresh). */
  receiveSpace: number;
  /** In order, without overlaps. */
  readonly early: EarlySegment[];
  /** Sequence of the newest early segment: its block leads the SACK option. */
  newestEarly: number;
  readonly unread: Uint8Array[];
  unreadLength: number;
  finReceived: boolean;
  finAnnounced: boolean;
  reading: boolean;
  /** Range to be reported as arrived twice in the next acknowledgement (D-SACK, RFC 2883). */
  duplicateRange: { readonly left: number; readonly right: number } | undefined;

  // Options.
  timestamps: boolean;
  timestampOffset: number;
  recentTimestamp: number;
  recentTimestampAt: number;
  sackPermitted: boolean;

  // Acknowledging. Source: struct inet_connection_sock, icsk_ack.
  quickAcks: number;
  pingPong: boolean;
  acksStarted: boolean;
  lastReceivedAt: number;
  /** When the other end last acknowledged anything (rcv_tstamp); keepalive counts from here. */
  lastAckAt: number;
  /** Payload of a full segment of the peer, as far as it shows (rcv_mss). */
  receivedMss: number;
  readonly delayedAckTimer: KernelTimer;
  /** When a segment that cannot be true was last answered, µs; `undefined`: never. */
  challengedAt: number | undefined;

  // Round trips and timers, µs. Source: tcp_rtt_estimator.
  /** Eight times the smoothed round trip; 0 before the first sample. */
  smoothedRtt8: number;
  /** Four times the mean deviation. */
  deviation4: number;
  deviationMax4: number;
  rttVariance4: number;
  rttSequence: number;
  retransmitTimeoutUs: number;
  backoff: number;
  retransmits: number;
  /** When the first retransmission without an answer was sent; 0: none is. */
  retransmitStamp: number;
  probesOut: number;
  tailProbeEnd: number | undefined;
  timerKind: RetransmitTimerKind;
  readonly retransmitTimer: KernelTimer;
  /** SYN-ACK, FIN_WAIT2, TIME_WAIT and keepalive. */
  readonly stateTimer: KernelTimer;
  keepAliveProbes: number;

  // Congestion, in segments.
  congestionWindow: number;
  slowStartThreshold: number;
  windowCredit: number;
  /** Whether the congestion window held something back, and the largest flight, up to `windowUsedUntil`. */
  windowWasFull: boolean;
  largestFlight: number;
  windowUsedUntil: number;
  congestionState: 'open' | 'recovery' | 'loss';
  /** `sendNext` when recovery began. */
  recoveryEnd: number;
  duplicateAcks: number;
  /** Recovery has just begun: the first hole is sent again whatever the window says (fast retransmit). */
  retransmitNow: boolean;

  /** An ICMP error that was not fatal; told when the connection times out. */
  softError: TcpError | undefined;
  /** Peers' progress waits to be told to the neighbour entry with the next segment (sk_dst_confirm). */
  confirmPending: boolean;
}

/** TCP of one kernel. */
export interface TcpState {
  readonly kernel: KernelState;
  /** Initial sequence numbers, timestamp offsets, ephemeral ports, identification fields. */
  readonly random: () => RandomStream;
  /** By port. */
  readonly listeners: Map<number, TcpListenerState[]>;
  /** By both ports: local * 65536 + remote. */
  readonly connections: Map<number, TcpConnection[]>;
  /** What SYN cookies are made with; drawn for the first. */
  cookieSecret: number | undefined;
  /** How many connections use a local port. */
  readonly portUse: Map<number, number>;
}
