/** AF_PACKET sockets: copies of frames of one or all links, both ways, and promiscuous mode. */

import { type KernelState, type LinkState, voidPaths } from './kernel-state.ts';
import type { PacketOptions, PacketSocket } from './socket-api.ts';
import type { PacketSocketState } from './socket-state.ts';

/** Opens a socket; a promiscuous one makes its links hear every frame. */
export function openPacketSocket(kernel: KernelState, options: PacketOptions): PacketSocket {
  const socket: PacketSocketState = { options };
  kernel.sockets.packet.push(socket);
  voidPaths(kernel);
  const links = kernel.links.filter((link) => isFor(socket, link));
  if (options.promiscuous) for (const link of links) link.promiscuity++;
  let open = true;
  return {
    close() {
      if (!open) return;
      open = false;
      voidPaths(kernel);
      const at = kernel.sockets.packet.indexOf(socket);
      if (at >= 0) kernel.sockets.packet.splice(at, 1);
      if (options.promiscuous) for (const link of links) link.promiscuity--;
    },
  };
}

/** Hands a frame to every socket that listens on the link. */
export function copyToPacketSockets(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  direction: 'in' | 'out',
): void {
  for (const socket of [...kernel.sockets.packet]) {
    if (isFor(socket, link)) socket.options.onFrame(frame, link.name, direction);
  }
}

function isFor(socket: PacketSocketState, link: LinkState): boolean {
  return socket.options.link === undefined || socket.options.link === link.name;
}
