/** Raw IP sockets: each gets a copy of every packet of its protocol that is for this host. */

import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import { type KernelState, type LinkState, voidPaths } from './kernel-state.ts';
import type { RawOptions, RawSocket, SocketError } from './socket-api.ts';
import type { RawSocketState } from './socket-state.ts';

/** One for all hosts: an empty list of each one's own would be a miss of the cache for each packet. */
const NO_SOCKETS: readonly RawSocketState[] = [];

/** Opens a socket. */
export function openRawSocket(kernel: KernelState, options: RawOptions): RawSocket | SocketError {
  if (options.link !== undefined && !kernel.linksByName.has(options.link)) return 'ENODEV';
  const socket: RawSocketState = { options };
  // Lists are replaced, never changed: the one that is being walked stays as it is.
  const { raw } = kernel.sockets;
  raw.set(options.protocol, [...(raw.get(options.protocol) ?? []), socket]);
  voidPaths(kernel);
  return {
    close() {
      voidPaths(kernel);
      const left = (raw.get(options.protocol) ?? []).filter((each) => each !== socket);
      if (left.length > 0) raw.set(options.protocol, left);
      else raw.delete(options.protocol);
    },
  };
}

/** The sockets that packets of a family and protocol on a link are copied to; the list never changes. */
export function socketsFor(
  kernel: KernelState,
  packets: { readonly family: IpFamily; readonly protocol: number; readonly link: string },
): readonly RawSocketState[] {
  const list = kernel.sockets.raw.get(packets.protocol);
  const found = list?.filter(
    ({ options }) =>
      options.family === packets.family &&
      (options.link === undefined || options.link === packets.link),
  );
  return found === undefined || found.length === 0 ? NO_SOCKETS : found;
}

/**
 * Hands the packet whose IP header is at `at` to the sockets of a protocol; whether there was one.
 */
export function copyToRawSockets(
  kernel: KernelState,
  family: IpFamily,
  protocol: number,
  bytes: Uint8Array,
  at: number,
  link: LinkState,
): boolean {
  const { raw } = kernel.sockets;
  const list = raw.size === 0 ? undefined : raw.get(protocol);
  if (list === undefined) return false;
  let heard = false;
  for (const { options } of list) {
    if (options.family !== family) continue;
    if (options.link !== undefined && options.link !== link.name) continue;
    heard = true;
    options.onPacket(bytes, at, link.name);
  }
  return heard;
}
