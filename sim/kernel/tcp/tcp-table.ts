/**
 * Which socket a segment is for, and which ports may be bound. Source: net/ipv4/inet_hashtables.c
 * (compute_score, __inet_check_established, __inet_hash_connect), inet_connection_sock.c (bind conflicts).
 */

import { type IpAddress, type IpFamily, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { ANY_IPV4 } from '../../../daemon/wire/ipv4-address.ts';
import { ANY_IPV6 } from '../../../daemon/wire/ipv6-address.ts';
import type { LinkState } from '../kernel-state.ts';
import { findLocalPort } from '../local-ports.ts';
import type { SocketError } from '../socket-api.ts';
import { mayBind } from '../udp-sockets.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';

const PORTS = 65_536;

/** The ends of a connection. */
export interface Endpoints {
  readonly localAddress: IpAddress;
  readonly localPort: number;
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
}

/** What decides whether a socket without an address hears both families. */
interface ListenPlace {
  readonly family: IpFamily;
  readonly ipv6Only?: boolean;
}

/** Both ports in 32 bits with a sign: a whole number that fits a word is found far quicker in a map. */
function keyOf(localPort: number, remotePort: number): number {
  return (localPort << 16) | remotePort;
}

/** The connection of these ends, TIME_WAIT among them; `link` is where its segment came in. */
export function findConnection(
  tcp: TcpState,
  ends: Endpoints,
  link?: LinkState,
): TcpConnection | undefined {
  const list = tcp.connections.get(keyOf(ends.localPort, ends.remotePort));
  if (list === undefined) return undefined;
  for (const each of list) {
    if (each.localAddress !== ends.localAddress) continue;
    if (each.remoteAddress !== ends.remoteAddress) continue;
    if (link === undefined || each.link === undefined || each.link === link) return each;
    if (link.kind === 'loopback') return each;
  }
  return undefined;
}

/** Enters a connection. */
export function addConnection(tcp: TcpState, connection: TcpConnection): void {
  const key = keyOf(connection.localPort, connection.remotePort);
  const list = tcp.connections.get(key);
  if (list === undefined) tcp.connections.set(key, [connection]);
  else list.push(connection);
  const { localPort } = connection;
  tcp.portUse.set(localPort, (tcp.portUse.get(localPort) ?? 0) + 1);
}

/** Forgets a connection; harmless when it is not there. */
export function removeConnection(tcp: TcpState, connection: TcpConnection): void {
  const key = keyOf(connection.localPort, connection.remotePort);
  const list = tcp.connections.get(key);
  const at = list?.indexOf(connection) ?? -1;
  if (list === undefined || at < 0) return;
  list.splice(at, 1);
  if (list.length === 0) tcp.connections.delete(key);
  const left = (tcp.portUse.get(connection.localPort) ?? 1) - 1;
  if (left > 0) tcp.portUse.set(connection.localPort, left);
  else tcp.portUse.delete(connection.localPort);
}

/** The listener of the best match: bound to the link or address before one of any. */
export function findListener(
  tcp: TcpState,
  port: number,
  destination: IpAddress,
  link: LinkState,
): TcpListenerState | undefined {
  let best: TcpListenerState | undefined;
  let bestScore = -1;
  for (const listener of tcp.listeners.get(port) ?? []) {
    const score = scoreOf(tcp, listener, destination, link);
    if (score > bestScore) {
      best = listener;
      bestScore = score;
    }
  }
  return best;
}

function scoreOf(
  tcp: TcpState,
  listener: TcpListenerState,
  destination: IpAddress,
  link: LinkState,
): number {
  const { options, address } = listener;
  if (options.link !== undefined && options.link !== link.name) return -1;
  if (address !== undefined && address !== destination) return -1;
  if (address === undefined && !hearsFamily(tcp, options, destination)) return -1;
  const ofFamily = isIpv4(destination) === (options.family === 'inet') ? 1 : 0;
  return (options.link === undefined ? 0 : 4) + (address === undefined ? 0 : 2) + ofFamily;
}

function hearsFamily(tcp: TcpState, options: ListenPlace, destination: IpAddress): boolean {
  if (isIpv4(destination)) return options.family === 'inet' || isDual(tcp, options);
  return options.family === 'inet6';
}

function isDual(tcp: TcpState, options: ListenPlace): boolean {
  if (options.family !== 'inet6' || options.ipv6Only === true) return false;
  return tcp.kernel.settings['ipv6.bindv6only'] === 0;
}

/** Why a listener of this place may not be; `undefined` when it may. `address` absent is any. */
export function listenError(
  tcp: TcpState,
  place: ListenPlace & {
    readonly address: IpAddress | undefined;
    readonly port: number;
    readonly link: string | undefined;
  },
): SocketError | undefined {
  const { address, port, link } = place;
  if (port <= 0 || port >= PORTS) return 'EINVAL';
  if (link !== undefined && !tcp.kernel.linksByName.has(link)) return 'ENODEV';
  if (address !== undefined && isIpv4(address) !== (place.family === 'inet')) return 'EINVAL';
  if (address !== undefined && !mayBind(tcp.kernel, address)) return 'EADDRNOTAVAIL';
  const isTaken = (tcp.listeners.get(port) ?? []).some((other) => {
    const theirs = other.options.link;
    if (link !== undefined && theirs !== undefined && link !== theirs) return false;
    if (address !== undefined && other.address !== undefined) return address === other.address;
    if (place.family === other.options.family) return true;
    // One of the two is bound to any address: of two families only a dual socket is in the way.
    const isInTheWay = (each: ListenPlace, bound: IpAddress | undefined) =>
      bound === undefined && isDual(tcp, each);
    return isInTheWay(place, address) || isInTheWay(other.options, other.address);
  });
  return isTaken ? 'EADDRINUSE' : undefined;
}

/** A local port that may be taken, and the connection in TIME_WAIT that gave way for it. */
export interface TakenPort {
  readonly localPort: number;
  readonly before: TcpConnection | undefined;
}

/** A free local port for a connection to a peer; `undefined` when there is none (EADDRNOTAVAIL). */
export function takePort(
  tcp: TcpState,
  ends: Omit<Endpoints, 'localPort'>,
  wanted: number | undefined,
): TakenPort | undefined {
  if (wanted !== undefined && wanted !== 0) return tryPort(tcp, { ...ends, localPort: wanted });
  return findLocalPort(tcp.kernel.localPorts, tcp.random(), (localPort) => {
    if (tcp.listeners.has(localPort)) return undefined;
    const isUnused = (tcp.portUse.get(localPort) ?? 0) === 0;
    return isUnused ? { localPort, before: undefined } : tryPort(tcp, { ...ends, localPort });
  });
}

/** How old a connection in TIME_WAIT must be for its ends to be used again, µs. Source: tcp_twsk_unique. */
const TIME_WAIT_REUSE_US = 1_000_000;

/** The port of these ends, when a connection may be opened there; one in TIME_WAIT may have to give way (tcp_tw_reuse). */
function tryPort(tcp: TcpState, ends: Endpoints): TakenPort | undefined {
  const { localPort } = ends;
  const before = findConnection(tcp, ends);
  if (before === undefined) return { localPort, before };
  if (before.state !== 'TIME_WAIT' || !before.timestamps) return undefined;
  const reuse = tcp.kernel.settings['ipv4.tcp_tw_reuse'];
  if (reuse === 0 || (reuse === 2 && !isLoopback(ends))) return undefined;
  if (tcp.kernel.clock.now - before.recentTimestampAt <= TIME_WAIT_REUSE_US) return undefined;
  tcp.kernel.clock.cancel(before.stateTimer);
  before.state = 'CLOSED';
  removeConnection(tcp, before);
  return { localPort, before };
}

/** Addresses for which value 2 counts: the loopback interface's. */
function isLoopback({ localAddress, remoteAddress }: Endpoints): boolean {
  return [localAddress, remoteAddress].some((address) =>
    typeof address === 'number' ? address >>> 24 === 127 : address === 1n,
  );
}

/** `0.0.0.0` and `::` mean any. */
export function unlessAny(address: IpAddress | undefined): IpAddress | undefined {
  return address === ANY_IPV4 || address === ANY_IPV6 ? undefined : address;
}
