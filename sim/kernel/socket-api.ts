/**
 * Sockets as programs on a virtual host see them: UDP, TCP, raw IP and AF_PACKET. What comes in is told to the handlers
 * that a program gave when it opened the socket, never before the call returns; errors have Linux' errno names.
 */

import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import type { IcmpSocketError } from './icmp-error-names.ts';

/** errno names that socket calls answer with. */
export type SocketError =
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'ENODEV'
  | 'ENETUNREACH'
  | 'EHOSTUNREACH'
  | 'ENETDOWN'
  | 'EMSGSIZE'
  | 'EINVAL'
  | 'EACCES'
  | 'EPERM';

/** How to open a UDP socket. */
export interface UdpOptions {
  readonly family: IpFamily;
  readonly address?: IpAddress;
  /** 0 or absent: an ephemeral port. */
  readonly port?: number;
  readonly link?: string;
  /** SO_MARK: the firewall mark of what is sent, for policy rules. */
  readonly mark?: number;
  /** IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS; 1 by default. */
  readonly multicastTtl?: number;
  /** IP_TTL, IPV6_UNICAST_HOPS; the host's default without. */
  readonly unicastTtl?: number;
  /** IP_PMTUDISC_DONT: IPv4 datagrams may be cut on their way; without, DF is set on what fits. */
  readonly mayBeCut?: boolean;
  readonly onDatagram: (datagram: Datagram) => void;
  /** IP_RECVERR, IPV6_RECVERR: errors that may pass are told, too. */
  readonly receiveErrors?: boolean;
  /** ICMP errors for what this socket sent; who gives it has a connected socket. */
  readonly onError?: (error: IcmpSocketError) => void;
}

/** A datagram that came in; `payload` is shared and never written to. */
export interface Datagram {
  readonly source: IpAddress;
  readonly sourcePort: number;
  readonly destination: IpAddress;
  readonly payload: Uint8Array;
  readonly ttl: number;
  readonly link: string;
}

/** An open UDP socket. */
export interface UdpSocket {
  readonly address: IpAddress;
  readonly port: number;
  send(payload: Uint8Array, to: IpAddress, port: number): SocketError | undefined;
  close(): void;
}

/** errno names that a TCP connection can end with. */
export type TcpError =
  | SocketError
  | IcmpSocketError
  | 'ECONNRESET'
  | 'ETIMEDOUT'
  | 'EPIPE'
  | 'ENOTCONN'
  | 'ENOBUFS';

/** States of a connection, as `ss` and Wireshark's readers know them. */
export type TcpStateName =
  | 'LISTEN'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'CLOSE_WAIT'
  | 'CLOSING'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSED';

/** What a program wants to hear of its connection. After `onError`, or its own close, nothing comes. */
export interface TcpHandlers {
  /** The handshake is done; only for connections that this host opened. */
  readonly onConnected?: () => void;
  /** Bytes in order, each once; a view that is shared and never written to. */
  readonly onData?: (bytes: Uint8Array) => void;
  /** The peer has finished: no more data comes. The own direction stays open until `close`. */
  readonly onClosed?: () => void;
  /** The connection is gone: refused, reset, timed out, unreachable. */
  readonly onError?: (error: TcpError) => void;
}

/** How to listen. */
export interface TcpListenOptions {
  readonly family: IpFamily;
  /** Absent: any. Of family inet6 this hears IPv4 too unless net.ipv6.bindv6only is set. */
  readonly address?: IpAddress;
  readonly port: number;
  /** SO_BINDTODEVICE. */
  readonly link?: string;
  /** IPV6_V6ONLY. */
  readonly ipv6Only?: boolean;
  /** listen(2)'s backlog, capped by net.core.somaxconn; 511 as nginx asks. */
  readonly backlog?: number;
  /** Never waits for more data (TCP_NODELAY); true by default, as web servers set it. */
  readonly noDelay?: boolean;
  /** A connection was accepted; the answer is who hears of it. */
  readonly onAccept: (socket: TcpSocket) => TcpHandlers;
}

/** How to connect. */
export interface TcpConnectOptions {
  readonly address: IpAddress;
  readonly port: number;
  readonly from?: { readonly address?: IpAddress; readonly port?: number };
  /** SO_BINDTODEVICE. */
  readonly link?: string;
  /** SO_MARK: the firewall mark of what is sent, for policy rules. */
  readonly mark?: number;
  /** TCP_NODELAY; true by default, as curl and keepalived's libraries set it. */
  readonly noDelay?: boolean;
  /** SO_KEEPALIVE with the host's sysctls; off by default. */
  readonly keepAlive?: boolean;
  readonly handlers: TcpHandlers;
}

/** One connection. */
export interface TcpSocket {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  readonly state: TcpStateName;
  /** Bytes accepted by `send` that the peer has not acknowledged. */
  readonly unacknowledged: number;
  /**
   * Sends bytes, which are given away. EPIPE after `finish`, ENOTCONN before the handshake's end.
   */
  send(bytes: Uint8Array): TcpError | undefined;
  /** Half-close (SHUT_WR): a FIN behind everything sent; data still comes in. */
  finish(): void;
  /**
   * Closes: FIN behind everything sent, or a reset when data was left unread. No handler is called
   * any more. `onOver` is called when the peer has acknowledged the FIN, or the connection is over: what SO_LINGER waits for.
   */
  close(onOver?: () => void): void;
  /** Closes with a reset (SO_LINGER 0). */
  abort(): void;
  /** Stops and goes on reading; unread data fills the window, which closes. */
  setReading(reading: boolean): void;
}

/** A listening socket. */
export interface TcpListener {
  readonly port: number;
  /**
   * Stops and goes on accepting: connections wait in the backlog, beyond it they are not answered.
   */
  setAccepting(accepting: boolean): void;
  /** Stops listening; connections not yet accepted are reset. */
  close(): void;
}

/** One row of `ss -ant`. */
export interface TcpSocketFacts {
  readonly state: TcpStateName;
  /** Bytes unread; of a listener: connections that wait for accept. */
  readonly receiveQueue: number;
  /** Bytes not acknowledged; of a listener: its backlog. */
  readonly sendQueue: number;
  readonly family: IpFamily;
  /** `undefined` is any. */
  readonly localAddress: IpAddress | undefined;
  readonly localPort: number;
  readonly remoteAddress?: IpAddress;
  readonly remotePort?: number;
}

/** How to open a raw IP socket. */
export interface RawOptions {
  readonly family: IpFamily;
  readonly protocol: number;
  /** SO_BINDTODEVICE. */
  readonly link?: string;
  /** `at` is where the IP header starts in `bytes`; shared, never written to. */
  readonly onPacket: (bytes: Uint8Array, at: number, link: string) => void;
}

/** An open raw socket. */
export interface RawSocket {
  close(): void;
}

/** How to open an AF_PACKET socket. */
export interface PacketOptions {
  readonly link?: string;
  readonly promiscuous: boolean;
  readonly onFrame: (frame: Uint8Array, link: string, direction: 'in' | 'out') => void;
}

/** An open AF_PACKET socket. */
export interface PacketSocket {
  close(): void;
}
