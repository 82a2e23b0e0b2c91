/**
 * UDP ports whose datagrams are packets of other protocols: foo-over-UDP (`ip fou add port N ipproto P`) and GUE, which says
 * itself what it carries (`gue`). What comes out goes to the protocol's own receiver, so a GUE port of a real server in TUN mode
 * wants `tunl0` beside it. Left out: GUE's optional fields and control messages, and the sending end (`ip link … encap gue`).
 * Source: net/ipv4/fou.c (fou_udp_recv, gue_udp_recv, fou_create).
 */

import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import { PROTOCOL_IPIP, PROTOCOL_IPV6 } from '../../daemon/wire/ipv4.ts';
import { drop, type KernelState } from './kernel-state.ts';
import type { Datagram, UdpSocket } from './socket-api.ts';
import { receiveInTunnel } from './tunnel-links.ts';
import { openUdpSocket } from './udp-sockets.ts';

const GUE_HEADER_LENGTH = 4;
const GUE_CONTROL = 0x20;
const GUE_LENGTH_MASK = 0x1f;

/** A port; `protocol` is that of every datagram, and absent with GUE. */
export interface FouPort {
  readonly family: IpFamily;
  readonly port: number;
  readonly protocol?: number;
}

/** A port with the kernel's socket on it. */
export interface OpenFouPort extends FouPort {
  readonly socket: UdpSocket;
}

/** Opens a port; 'taken' when a socket has it. */
export function addFouPort(kernel: KernelState, wanted: FouPort): 'ok' | 'taken' {
  const { family, port } = wanted;
  const socket = openUdpSocket(kernel, {
    family,
    port,
    onDatagram: (datagram) => unwrap(kernel, wanted, datagram),
  });
  if (typeof socket === 'string') return 'taken';
  kernel.fouPorts.push({ ...wanted, socket });
  return 'ok';
}

/** Closes a port; `false` when there is none like it. */
export function removeFouPort(kernel: KernelState, which: Omit<FouPort, 'protocol'>): boolean {
  const { fouPorts } = kernel;
  const at = fouPorts.findIndex(
    ({ family, port }) => family === which.family && port === which.port,
  );
  if (at < 0) return false;
  fouPorts[at]?.socket.close();
  fouPorts.splice(at, 1);
  return true;
}

function unwrap(kernel: KernelState, { family, protocol }: FouPort, datagram: Datagram): void {
  const { payload } = datagram;
  const inner = protocol === undefined ? readGue(payload) : { protocol, at: 0 };
  if (inner === undefined) {
    drop(kernel, 'tunnel:malformed');
    return;
  }
  const packet = { bytes: payload, at: inner.at, end: payload.length };
  receiveInTunnel(kernel, inner.protocol, family, packet);
}

/** What GUE carries, and where: behind its header (version 0), or an IP packet without one (version 1). */
function readGue(
  bytes: Uint8Array,
): { readonly protocol: number; readonly at: number } | undefined {
  const first = bytes[0] ?? 0;
  switch (first >>> 6) {
    case 0: {
      const isPlain = (first & (GUE_CONTROL | GUE_LENGTH_MASK)) === 0;
      const hasFlags = ((bytes[2] ?? 0) | (bytes[3] ?? 0)) !== 0;
      if (!isPlain || hasFlags || bytes.length <= GUE_HEADER_LENGTH) return undefined;
      return { protocol: bytes[1] as number, at: GUE_HEADER_LENGTH };
    }
    case 1: {
      const version = first >>> 4;
      if (version === 4) return { protocol: PROTOCOL_IPIP, at: 0 };
      return version === 6 ? { protocol: PROTOCOL_IPV6, at: 0 } : undefined;
    }
    default:
      return undefined;
  }
}
