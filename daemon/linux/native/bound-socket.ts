/**
 * Client sockets that leave by a way of their own: a mark for policy routing (SO_MARK), a device
 * (SO_BINDTODEVICE), an own address and port. node:net and node:dgram cannot set the first two, so the socket is
 * made here, and handed over to node once it is connected (TCP) or bound (UDP).
 * Source: socket(7), connect(2); order and words of the failures are those of keepalived's `socket_bind_connect`.
 */

import { type IpAddress, isIpv4 } from '../../wire/ip-address.ts';
import { ANY_IPV4 } from '../../wire/ipv4-address.ts';
import { ANY_IPV6 } from '../../wire/ipv6-address.ts';
import type { DescriptorPoller } from './descriptor-poller.ts';
import { LINUX, type Libc, SystemCallError } from './libc.ts';
import { int32 } from './netlink-socket.ts';
import { interfaceName, socketAddressWithPort } from './socket-address.ts';

/** Where a socket goes and by which way. */
export interface BoundSocketPlace {
  readonly remote: { readonly address: IpAddress; readonly port: number };
  readonly local: { readonly address?: IpAddress; readonly port?: number } | undefined;
  /** Name and number of the device, `undefined`: any. */
  readonly device: { readonly name: string; readonly index: number } | undefined;
  /** Firewall mark, `undefined` or 0: none. */
  readonly mark: number | undefined;
}

/** What could not be had, in keepalived's words. */
export class BindError extends Error {
  override readonly name = 'BindError';
}

/** Whether a socket of node's own would not do. */
export function needsOwnWay(place: Pick<BoundSocketPlace, 'device' | 'mark'>): boolean {
  return place.device !== undefined || (place.mark ?? 0) !== 0;
}

/** The place that a command names. */
export function placeOf(open: {
  readonly remote: BoundSocketPlace['remote'];
  readonly local?: BoundSocketPlace['local'] | undefined;
  readonly interface?: string;
  readonly mark?: number;
  /** Number of an interface, 0 when there is none of that name. */
  readonly interfaceIndex: (name: string) => number;
}): BoundSocketPlace {
  const { remote, local, interface: name, mark } = open;
  const device = name === undefined ? undefined : { name, index: open.interfaceIndex(name) };
  return { remote, local, device, mark };
}

/**
 * Connects over TCP; `onDone` gets the descriptor, or minus errno. Returns how to give up before.
 *
 * Fails: throws `BindError` when mark, device or own address cannot be had.
 */
export function connectTcp(options: {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly place: BoundSocketPlace;
  readonly onDone: (descriptorOrErrno: number) => void;
}): () => void {
  const { libc, poller, place, onDone } = options;
  const descriptor = open(libc, LINUX.SOCK_STREAM, place);
  const { address, port } = place.remote;
  const to = socketAddressWithPort({ address, port, interfaceIndex: place.device?.index ?? 0 });
  const errno = -libc.connect(descriptor, to);
  if (errno !== 0 && errno !== LINUX.EINPROGRESS) {
    libc.close(descriptor);
    onDone(-errno);
    return () => {};
  }
  let pending = true;
  poller.whenWritable(descriptor, () => {
    pending = false;
    const failure = libc.socketError(descriptor);
    if (failure !== 0) libc.close(descriptor);
    onDone(failure === 0 ? descriptor : -failure);
  });
  return () => {
    if (pending) poller.release(descriptor);
    pending = false;
  };
}

/** A bound UDP socket, not connected. Fails as `connectTcp`. */
export function openUdp(libc: Libc, place: BoundSocketPlace): number {
  const descriptor = open(libc, LINUX.SOCK_DGRAM, place);
  // Handed over unbound, node would bind it anew by its own rules.
  if (place.local === undefined) bindTo(libc, descriptor, place, {});
  return descriptor;
}

function open(libc: Libc, type: number, place: BoundSocketPlace): number {
  const family = isIpv4(place.remote.address) ? LINUX.AF_INET : LINUX.AF_INET6;
  const descriptor = libc.socket(family, type, 0);
  try {
    prepare(libc, descriptor, place);
    return descriptor;
  } catch (error) {
    libc.close(descriptor);
    throw error;
  }
}

function prepare(libc: Libc, descriptor: number, place: BoundSocketPlace): void {
  const { mark, device } = place;
  if ((mark ?? 0) !== 0) {
    orBindError(`Error setting fwmark ${mark} to socket`, () =>
      libc.setOption(descriptor, LINUX.SOL_SOCKET, LINUX.SO_MARK, int32(mark ?? 0)),
    );
  }
  if (device !== undefined) {
    const value = interfaceName(device.name);
    orBindError(`Checker can't bind to device ${device.name}`, () =>
      libc.setOption(descriptor, LINUX.SOL_SOCKET, LINUX.SO_BINDTODEVICE, value),
    );
  }
  if (place.local !== undefined) bindTo(libc, descriptor, place, place.local);
}

function bindTo(
  libc: Libc,
  descriptor: number,
  place: BoundSocketPlace,
  local: { readonly address?: IpAddress; readonly port?: number },
): void {
  const any = isIpv4(place.remote.address) ? ANY_IPV4 : ANY_IPV6;
  const address = socketAddressWithPort({
    address: local.address ?? any,
    port: local.port ?? 0,
    interfaceIndex: place.device?.index ?? 0,
  });
  orBindError('Checker bind failed', () => libc.bind(descriptor, address));
}

function orBindError(what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new BindError(`${what}: ${error.reason}`, { cause: error });
  }
}
