/** Raw IP sockets: each gets a copy of every packet of its protocol that is for this host. */

import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import type { RawOptions, RawSocket, SocketError } from './kernel-api.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import type { RawSocketState } from './socket-state.ts';

/** Opens a socket. */
export function openRawSocket(kernel: KernelState, options: RawOptions): RawSocket | SocketError {
  if (options.link !== undefined && !kernel.linksByName.has(options.link)) return 'ENODEV';
  const socket: RawSocketState = { options };
  const list = kernel.sockets.raw.get(options.protocol) ?? [];
  list.push(socket);
  kernel.sockets.raw.set(options.protocol, list);
  return {
    close() {
      const at = list.indexOf(socket);
      if (at >= 0) list.splice(at, 1);
    },
  };
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
  const list = kernel.sockets.raw.get(protocol);
  if (list === undefined || list.length === 0) return false;
  let heard = false;
  for (const { options } of [...list]) {
    if (options.family !== family) continue;
    if (options.link !== undefined && options.link !== link.name) continue;
    heard = true;
    options.onPacket(bytes, at, link.name);
  }
  return heard;
}
