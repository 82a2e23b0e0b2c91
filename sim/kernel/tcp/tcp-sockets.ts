/**
 * The socket calls of TCP: listening, connecting, and the table that `ss` shows. One per kernel, plugged into
 * the protocol table by `attachTcp`; it costs nothing until a segment or a call comes.
 * Source: net/ipv4/af_inet.c (inet_bind, inet_listen), tcp_ipv4.c (tcp_v4_connect).
 */

import { familyOf, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { PROTOCOL_TCP } from '../../../daemon/wire/ipv4.ts';
import { isMulticastIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import { isLinkLocalIpv6, isMulticastIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import { TCP_SYN } from '../../../daemon/wire/tcp.ts';
import type { RandomStream } from '../../engine/random-streams.ts';
import type { KernelApi } from '../kernel-api.ts';
import type { KernelState } from '../kernel-state.ts';
import type {
  SocketError,
  TcpConnectOptions,
  TcpListener,
  TcpListenOptions,
  TcpSocket,
  TcpSocketFacts,
} from '../socket-api.ts';
import { mayBind } from '../udp-sockets.ts';
import { initialSpace, makeConnection } from './tcp-connection.ts';
import { receiveTcpError } from './tcp-errors.ts';
import { acceptWaiting } from './tcp-handshake.ts';
import { receiveTcp } from './tcp-input.ts';
import { abort, forget } from './tcp-lifecycle.ts';
import { ipHeaderLength } from './tcp-options.ts';
import { armRetransmit, sendSyn } from './tcp-output.ts';
import { wayTo } from './tcp-segment-out.ts';
import { socketOf, unacknowledged } from './tcp-socket.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';
import { addConnection, findListener, listenError, takePort, unlessAny } from './tcp-table.ts';

/** What nginx asks of listen(2). */
const BACKLOG_DEFAULT = 511;
const TCP_HEADER = 20;
const MTU_MAX = 65_535;

/** Gives a kernel TCP and returns the socket calls. */
export function attachTcp(
  kernel: KernelState,
  random: () => RandomStream,
): Pick<KernelApi, 'listenTcp' | 'connectTcp' | 'tcpSockets'> {
  const tcp: TcpState = {
    kernel,
    random,
    listeners: new Map(),
    connections: new Map(),
    portUse: new Map(),
    cookieSecret: undefined,
  };
  kernel.protocolHandlers.set(PROTOCOL_TCP, (packet) => receiveTcp(tcp, packet));
  kernel.icmpErrorHandlers.set(PROTOCOL_TCP, (error) => receiveTcpError(tcp, error));
  return {
    listenTcp: (options) => listen(tcp, options),
    connectTcp: (options) => connect(tcp, options),
    tcpSockets: () => facts(tcp),
  };
}

function listen(tcp: TcpState, options: TcpListenOptions): TcpListener | SocketError {
  const address = unlessAny(options.address);
  const { port, link } = options;
  const only = options.ipv6Only === undefined ? {} : { ipv6Only: options.ipv6Only };
  const error = listenError(tcp, { family: options.family, ...only, address, port, link });
  if (error !== undefined) return error;
  const limit = tcp.kernel.settings['core.somaxconn'];
  const listener: TcpListenerState = {
    options,
    address,
    port,
    backlog: Math.min(options.backlog ?? BACKLOG_DEFAULT, limit),
    mayBeCut: tcp.kernel.settings['ipv4.ip_no_pmtu_disc'] !== 0,
    requests: new Set(),
    acceptQueue: [],
    accepting: true,
    closed: false,
    lastCookieAt: undefined,
  };
  const list = tcp.listeners.get(port);
  if (list === undefined) tcp.listeners.set(port, [listener]);
  else list.push(listener);
  return {
    port,
    setAccepting(accepting) {
      listener.accepting = accepting;
      if (!accepting || listener.acceptQueue.length === 0) return;
      const { engine } = tcp.kernel.clock;
      engine.schedule(engine.now, { onEvent: () => acceptWaiting(listener, false) }, 0, undefined);
    },
    close: () => stopListening(tcp, listener),
  };
}

/** Requests are forgotten, connections that nobody accepted are reset. Source: inet_csk_listen_stop. */
function stopListening(tcp: TcpState, listener: TcpListenerState): void {
  if (listener.closed) return;
  listener.closed = true;
  const left = (tcp.listeners.get(listener.port) ?? []).filter((each) => each !== listener);
  if (left.length > 0) tcp.listeners.set(listener.port, left);
  else tcp.listeners.delete(listener.port);
  for (const request of [...listener.requests]) forget(request);
  for (const connection of [...listener.acceptQueue]) abort(connection);
}

function connect(tcp: TcpState, options: TcpConnectOptions): TcpSocket | SocketError {
  const { kernel } = tcp;
  const { address: remoteAddress, port: remotePort } = options;
  if (remotePort <= 0 || remotePort > 0xffff) return 'EINVAL';
  if (isGroup(remoteAddress)) return 'ENETUNREACH';
  const link = options.link === undefined ? undefined : kernel.linksByName.get(options.link);
  if (options.link !== undefined && link === undefined) return 'ENODEV';
  if (isLinkLocal(remoteAddress) && link === undefined) return 'EINVAL';
  const from = unlessAny(options.from?.address);
  if (from !== undefined && isIpv4(from) !== isIpv4(remoteAddress)) return 'EINVAL';
  if (from !== undefined && !mayBind(kernel, from)) return 'EADDRNOTAVAIL';
  const wantedPort = options.from?.port;
  if (wantedPort !== undefined && wantedPort !== 0) {
    const source = from ?? remoteAddress;
    if (findListener(tcp, wantedPort, source, kernel.loopback) !== undefined) return 'EADDRINUSE';
  }
  const { mark = 0 } = options;
  const way =
    from === undefined
      ? wayTo(kernel, { remoteAddress, link, mark })
      : wayTo(kernel, { remoteAddress, link, mark, localAddress: from });
  if (typeof way === 'string') return way;
  if (way.kind === 'broadcast' || way.kind === 'multicast') return 'ENETUNREACH';
  const localAddress = from ?? way.source;
  const taken = takePort(tcp, { localAddress, remoteAddress, remotePort }, wantedPort);
  if (taken === undefined) return wantedPort ? 'EADDRINUSE' : 'EADDRNOTAVAIL';
  const connection = makeConnection(tcp, {
    localAddress,
    remoteAddress,
    remotePort,
    localPort: taken.localPort,
    before: taken.before,
    link,
    mark,
    pathMtu: Math.min(MTU_MAX, way.kind === 'local' ? kernel.loopback.mtu : way.link.mtu),
    state: 'SYN_SENT',
    noDelay: options.noDelay ?? true,
    keepAlive: options.keepAlive ?? false,
    handlers: options.handlers,
  });
  connection.receiveSpace = initialSpace(
    connection.pathMtu - ipHeaderLength(connection) - TCP_HEADER,
  );
  addConnection(tcp, connection);
  sendSyn(connection, TCP_SYN);
  armRetransmit(connection);
  return socketOf(connection);
}

function isGroup(address: TcpConnectOptions['address']): boolean {
  return isIpv4(address) ? isMulticastIpv4(address) : isMulticastIpv6(address);
}

function isLinkLocal(address: TcpConnectOptions['address']): boolean {
  return !isIpv4(address) && isLinkLocalIpv6(address);
}

function facts(tcp: TcpState): readonly TcpSocketFacts[] {
  const rows: TcpSocketFacts[] = [];
  for (const list of tcp.listeners.values()) {
    for (const listener of list) rows.push(listenerFacts(listener));
  }
  for (const list of tcp.connections.values()) {
    for (const connection of list) rows.push(connectionFacts(connection));
  }
  return rows;
}

function listenerFacts(listener: TcpListenerState): TcpSocketFacts {
  return {
    state: 'LISTEN',
    receiveQueue: listener.acceptQueue.length,
    sendQueue: listener.backlog,
    family: listener.options.family,
    localAddress: listener.address,
    localPort: listener.port,
  };
}

function connectionFacts(connection: TcpConnection): TcpSocketFacts {
  return {
    state: connection.state,
    receiveQueue: connection.unreadLength,
    sendQueue: unacknowledged(connection),
    family: familyOf(connection.localAddress),
    localAddress: connection.localAddress,
    localPort: connection.localPort,
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
  };
}
