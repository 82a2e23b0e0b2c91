/**
 * UDP sockets of both families: binding, sending, who gets a datagram, and errors that come back.
 * Source: net/ipv4/udp.c, net/ipv6/udp.c; RFC 1122 section 4.1.
 */

import { addressSum } from '../../daemon/wire/checksum.ts';
import { type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import { IPV4_DONT_FRAGMENT, IPV4_HEADER_LENGTH, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address, isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { ANY_IPV6, type Ipv6Address, isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import {
  checkUdp,
  encodeUdp,
  readDestinationPort,
  readSourcePort,
  readUdpLength,
  UDP_HEADER_LENGTH,
} from '../../daemon/wire/udp.ts';
import type { HeardError } from './icmp-error-names.ts';
import { errorOf, finishIpv4, IPV4_PAYLOAD_AT, newIpv4Frame } from './ipv4-output.ts';
import { routeIpv6 } from './ipv6-lookup.ts';
import { finishIpv6, IPV6_PAYLOAD_AT, newIpv6Frame } from './ipv6-output.ts';
import { drop, type KernelState, type LinkState, voidPaths } from './kernel-state.ts';
import { findLocalPort } from './local-ports.ts';
import { learnOutputPath, type OutputPath, outputPathTo } from './output-path.ts';
import { pathMtuTo } from './path-mtu.ts';
import { addressType, routeOutput } from './route-lookup.ts';
import type { SocketError, UdpOptions, UdpSocket } from './socket-api.ts';
import type { UdpSocketState } from './socket-state.ts';
import { sendByPath } from './udp-output-path.ts';

/** Largest IPv4 packet. */
const PACKET_LENGTH_MAX = 65_535;

/** Opens and binds a socket, or says why not. */
export function openUdpSocket(kernel: KernelState, options: UdpOptions): UdpSocket | SocketError {
  const address = isAny(options.address) ? undefined : options.address;
  if (options.link !== undefined && !kernel.linksByName.has(options.link)) return 'ENODEV';
  if (address !== undefined && !mayBind(kernel, address)) return 'EADDRNOTAVAIL';
  const port = options.port || takeEphemeralPort(kernel, options);
  if (port === undefined || isTaken(kernel, options, address, port)) return 'EADDRINUSE';
  const socket = new BoundUdpSocket(kernel, options, { address, port });
  const list = kernel.sockets.udp.get(port) ?? [];
  list.push(socket);
  kernel.sockets.udp.set(port, list);
  voidPaths(kernel);
  return socket;
}

/** A bound socket: its state, and what its owner may ask of it. */
class BoundUdpSocket implements UdpSocket, UdpSocketState {
  lastPath: OutputPath | undefined;
  paths: Map<number, OutputPath> | undefined;
  open = true;
  readonly port: number;
  readonly #kernel: KernelState;
  readonly options: UdpOptions;
  readonly bound: IpAddress | undefined;

  constructor(
    kernel: KernelState,
    options: UdpOptions,
    local: { readonly address: IpAddress | undefined; readonly port: number },
  ) {
    this.#kernel = kernel;
    const mayBeCut = kernel.settings['ipv4.ip_no_pmtu_disc'] !== 0;
    this.options = mayBeCut ? { ...options, mayBeCut } : options;
    this.bound = local.address;
    this.port = local.port;
  }

  get address(): IpAddress {
    return this.bound ?? (this.options.family === 'inet' ? ANY_IPV4 : ANY_IPV6);
  }

  send(payload: Uint8Array, to: IpAddress, port: number): SocketError | undefined {
    return this.open ? sendUdp(this.#kernel, this, payload, to, port) : 'EINVAL';
  }

  close(): void {
    const { udp } = this.#kernel.sockets;
    this.open = false;
    voidPaths(this.#kernel);
    const left = udp.get(this.port) ?? [];
    const at = left.indexOf(this);
    if (at >= 0) left.splice(at, 1);
    if (left.length === 0) udp.delete(this.port);
  }
}

/** What a datagram's delivery needs to know of its packet. */
export interface UdpArrival {
  readonly bytes: Uint8Array;
  /** The UDP header, and the end of the IP packet. */
  readonly at: number;
  readonly end: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly ttl: number;
  readonly link: LinkState;
  /** Sent to a multicast group or by broadcast. */
  readonly toGroup: boolean;
}

/** Hands a datagram to its sockets; `false` when nobody wants it (a port unreachable is due). */
export function receiveUdp(kernel: KernelState, arrival: UdpArrival): boolean {
  const { bytes, at, source, destination, link } = arrival;
  const reason = checkUdp(bytes, at, arrival.end, addressSum(source, destination));
  if (reason !== undefined) {
    drop(kernel, reason);
    return true;
  }
  const port = readDestinationPort(bytes, at);
  if (arrival.toGroup) {
    const sockets = (kernel.sockets.udp.get(port) ?? []).filter((each) =>
      hears(each, destination, link),
    );
    for (const socket of sockets) deliver(socket, arrival);
    if (sockets.length === 0) drop(kernel, 'udp:no-socket');
    return true;
  }
  const socket = socketFor(kernel, port, destination, link);
  if (socket === undefined) {
    drop(kernel, 'udp:no-socket');
    return false;
  }
  deliver(socket, arrival);
  return true;
}

function deliver(socket: UdpSocketState, arrival: UdpArrival): void {
  const { bytes, at, source, destination, ttl, link } = arrival;
  socket.options.onDatagram({
    source,
    sourcePort: readSourcePort(bytes, at),
    destination,
    payload: bytes.subarray(at + UDP_HEADER_LENGTH, at + readUdpLength(bytes, at)),
    ttl,
    link: link.name,
  });
}

/** Where a datagram came from. */
interface UdpEnd {
  readonly source: IpAddress;
  readonly sourcePort: number;
}

/**
 * An ICMP error quoted a datagram of ours: its socket hears of it, of one that may pass only with IP_RECVERR (seen on Linux
 * 6.18: an absent neighbour is silence to an ordinary connected socket). Source: udp_err, udpv6_err.
 */
export function failUdp(kernel: KernelState, quoted: UdpEnd, heard: HeardError): void {
  for (const socket of socketsAt(kernel, quoted)) {
    const { receiveErrors = false, mayBeCut = false, onError } = socket.options;
    if (heard.passing && !receiveErrors) continue;
    if (heard.error === 'EMSGSIZE' && mayBeCut) continue;
    onError?.(heard.error);
  }
}

/** Whether a socket may have sent what came from there. */
export function hasUdpSocket(kernel: KernelState, from: UdpEnd): boolean {
  return socketsAt(kernel, from).length > 0;
}

function socketsAt(kernel: KernelState, { source, sourcePort }: UdpEnd): UdpSocketState[] {
  return [...(kernel.sockets.udp.get(sourcePort) ?? [])].filter(
    (socket) =>
      isFamilyOf(socket, source) && (socket.bound === undefined || socket.bound === source),
  );
}

function sendUdp(
  kernel: KernelState,
  socket: UdpSocketState,
  payload: Uint8Array,
  to: IpAddress,
  port: number,
): SocketError | undefined {
  if (typeof to === 'number' && port > 0 && port <= 0xffff) {
    const path = outputPathTo(socket, to | 0);
    if (path !== undefined && sendByPath(path, (socket.port << 16) | port, payload)) {
      return undefined;
    }
  }
  if (port <= 0 || port > 0xffff || isIpv4(to) !== (socket.options.family === 'inet'))
    return 'EINVAL';
  const bound = socket.options.link;
  const link = bound === undefined ? undefined : kernel.linksByName.get(bound);
  if (bound !== undefined && link === undefined) return 'ENODEV';
  return isIpv4(to)
    ? sendUdp4(kernel, socket, payload, to, port, link)
    : sendUdp6(kernel, socket, payload, to, port, link);
}

function sendUdp4(
  kernel: KernelState,
  socket: UdpSocketState,
  payload: Uint8Array,
  to: Ipv4Address,
  port: number,
  link: LinkState | undefined,
): SocketError | undefined {
  const bound = socket.bound as Ipv4Address | undefined;
  const own = bound !== undefined && !isMulticastIpv4(bound) ? bound : undefined;
  const way = routeOutput(kernel, to, own, link, socket.options.mark);
  if (typeof way === 'string') return errorOf(way);
  const source = own ?? (way.source as Ipv4Address);
  const length = IPV4_HEADER_LENGTH + UDP_HEADER_LENGTH + payload.length;
  if (length > PACKET_LENGTH_MAX) return 'EMSGSIZE';
  const frame = newIpv4Frame(UDP_HEADER_LENGTH + payload.length);
  const datagram = { sourcePort: socket.port, destinationPort: port, payload };
  encodeUdp(datagram, frame, IPV4_PAYLOAD_AT, addressSum(source, to));
  const ttl =
    way.kind === 'multicast'
      ? (socket.options.multicastTtl ?? 1)
      : (socket.options.unicastTtl ?? kernel.settings['ipv4.ip_default_ttl']);
  // IP_PMTUDISC_WANT: what fits must not be cut on its way, what does not fit is cut here.
  const fits = way.kind === 'local' || length <= pathMtuTo(kernel, to, way.link);
  const mayBeCut = socket.options.mayBeCut === true;
  const flags = fits && !mayBeCut ? IPV4_DONT_FRAGMENT : 0;
  const error = finishIpv4(
    kernel,
    frame,
    { protocol: PROTOCOL_UDP, source, destination: to, tos: 0, ttl, flags },
    way,
  );
  if (error === undefined && !mayBeCut) {
    learnOutputPath(kernel, socket, way, { source, destination: to, ttl });
  }
  return error;
}

function sendUdp6(
  kernel: KernelState,
  socket: UdpSocketState,
  payload: Uint8Array,
  to: Ipv6Address,
  port: number,
  link: LinkState | undefined,
): SocketError | undefined {
  const own = socket.bound as Ipv6Address | undefined;
  const { mark = 0 } = socket.options;
  const way = routeIpv6(kernel, to, own, link, { mark });
  if (typeof way === 'string') return errorOf(way);
  const source = own ?? (way.source as Ipv6Address);
  if (UDP_HEADER_LENGTH + payload.length > PACKET_LENGTH_MAX) return 'EMSGSIZE';
  const frame = newIpv6Frame(UDP_HEADER_LENGTH + payload.length);
  const datagram = { sourcePort: socket.port, destinationPort: port, payload };
  encodeUdp(datagram, frame, IPV6_PAYLOAD_AT, addressSum(source, to));
  const { multicastTtl = 1, unicastTtl = way.link.ipv6.hop_limit } = socket.options;
  const hopLimit = way.kind === 'multicast' ? multicastTtl : unicastTtl;
  return finishIpv6(
    kernel,
    frame,
    { nextHeader: PROTOCOL_UDP, source, destination: to, hopLimit },
    way,
  );
}

/**
 * The best match: a socket of that very address before one of any address; bound links must agree.
 */
export function socketFor(
  kernel: KernelState,
  port: number,
  destination: IpAddress,
  link: LinkState,
): UdpSocketState | undefined {
  let any: UdpSocketState | undefined;
  for (const socket of kernel.sockets.udp.get(port) ?? []) {
    if (!hears(socket, destination, link)) continue;
    if (socket.bound !== undefined) return socket;
    any ??= socket;
  }
  return any;
}

function hears(socket: UdpSocketState, destination: IpAddress, link: LinkState): boolean {
  const bound = socket.options.link;
  return (
    isFamilyOf(socket, destination) &&
    (bound === undefined || bound === link.name) &&
    (socket.bound === undefined || socket.bound === destination)
  );
}

function isFamilyOf(socket: UdpSocketState, address: IpAddress): boolean {
  return isIpv4(address) === (socket.options.family === 'inet');
}

/** Whether a socket may be bound to an address: a local one, or any with ip_nonlocal_bind. */
export function mayBind(kernel: KernelState, address: IpAddress): boolean {
  if (kernel.localAddresses.has(address)) return true;
  if (!isIpv4(address)) {
    return isMulticastIpv6(address) || kernel.settings['ipv6.ip_nonlocal_bind'] !== 0;
  }
  return (
    kernel.settings['ipv4.ip_nonlocal_bind'] !== 0 || addressType(kernel, address) !== 'unicast'
  );
}

function isTaken(
  kernel: KernelState,
  options: UdpOptions,
  address: IpAddress | undefined,
  port: number,
): boolean {
  return (kernel.sockets.udp.get(port) ?? []).some(
    (other) =>
      other.options.family === options.family &&
      (other.options.link === undefined ||
        options.link === undefined ||
        other.options.link === options.link) &&
      (other.bound === undefined || address === undefined || other.bound === address),
  );
}

function takeEphemeralPort(kernel: KernelState, options: UdpOptions): number | undefined {
  return findLocalPort(kernel.localPorts, kernel.random, (port) =>
    isTaken(kernel, options, undefined, port) ? undefined : port,
  );
}

function isAny(address: IpAddress | undefined): boolean {
  return address === undefined || address === ANY_IPV4 || address === ANY_IPV6;
}
