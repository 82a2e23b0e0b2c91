/**
 * Sends IPv4 packets of connections to their real servers: NAT (destination changed), DR (only the MACs) and
 * TUN (wrapped, `transmit-tunnel.ts`). All of them take one from the TTL and care for the MTU; a server that is this host itself
 * gets the packet locally. Source: net/netfilter/ipvs/ip_vs_xmit.c.
 */

import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import {
  EXCEEDED_TTL,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
} from '../../../daemon/wire/icmp.ts';
import {
  decrementTtl,
  hasDontFragment,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import { takeOver } from '../gathered-packet.ts';
import { sendIcmpError } from '../icmp-errors.ts';
import { deliverBehindHooks } from '../ipv4-input.ts';
import { sendBehindHooks } from '../ipv4-output.ts';
import { drop, type KernelState } from '../kernel-state.ts';
import { routeOutput } from '../route-lookup.ts';
import type { RouteDecision } from '../route-state.ts';
import type { Connection } from './connection.ts';
import { rewriteEndpoint } from './rewrite.ts';
import { copyForQuotation, copyPacket, type TransmitPacket } from './transmit-packet.ts';
import { transmitByTunnel } from './transmit-tunnel.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;

/**
 * Sends a packet to its connection's server; `false` when it is for this host as it is, so that local input
 * goes on with it.
 */
export function transmitIpv4(
  kernel: KernelState,
  connection: Connection,
  packet: TransmitPacket,
): boolean {
  if (connection.method === 'tun') return transmitByTunnel(kernel, connection, packet);
  const { bytes, at } = packet;
  const way = routeOutput(kernel, connection.serverAddress as Ipv4Address);
  if (typeof way === 'string') {
    drop(kernel, 'ipvs:no-route');
    const error = { kind: 'destination-unreachable', code: UNREACHABLE_HOST } as const;
    sendIcmpError(kernel, bytes, at, error);
    return true;
  }
  if (way.kind === 'local') return deliverToSelf(kernel, connection, packet);
  if (readIpv4Ttl(bytes, at) <= 1) {
    drop(kernel, 'ipv4:ttl-exceeded');
    sendIcmpError(kernel, bytes, at, { kind: 'time-exceeded', code: EXCEEDED_TTL });
    return true;
  }
  if (!fits(kernel, packet, way)) return true;
  if (connection.method === 'nat' && packet.facts.isCutShort === true) {
    drop(kernel, 'ipvs:short-header');
    return true;
  }
  const frame = copyPacket(bytes, at);
  takeOver(kernel, bytes, frame);
  decrementTtl(frame, IP_AT);
  if (connection.method === 'nat') aimAtServer(frame, connection, packet);
  sendBehindHooks(kernel, frame, way);
  return true;
}

function aimAtServer(frame: Uint8Array, connection: Connection, packet: TransmitPacket): void {
  rewriteEndpoint(frame, {
    headerAt: IP_AT,
    transportAt: packet.transportAt - packet.at + IP_AT,
    protocol: connection.protocol,
    side: 'destination',
    address: connection.serverAddress,
    port: connection.serverPort,
  });
}

/** The director as its own real server: NAT still changes the destination, everything else goes on. */
function deliverToSelf(
  kernel: KernelState,
  connection: Connection,
  packet: TransmitPacket,
): boolean {
  if (connection.method !== 'nat') return false;
  const frame = copyPacket(packet.bytes, packet.at);
  aimAtServer(frame, connection, packet);
  deliverBehindHooks(kernel, packet.link, frame, IP_AT, false);
  return true;
}

/** Too big with DF is told to the sender; without DF the packet is cut on its way out. */
function fits(kernel: KernelState, packet: TransmitPacket, way: RouteDecision): boolean {
  const { bytes, at } = packet;
  const { mtu } = way.link;
  if (readIpv4TotalLength(bytes, at) <= mtu || !hasDontFragment(bytes, at)) return true;
  drop(kernel, 'ipv4:too-big');
  const code = UNREACHABLE_FRAGMENTATION_NEEDED;
  const error = { kind: 'destination-unreachable', code, nextHopMtu: mtu } as const;
  sendIcmpError(kernel, copyForQuotation(packet), IP_AT, error);
  return false;
}
