/**
 * Sends IPv6 packets of connections to their real servers, by NAT and DR, and by TUN as `transmit-tunnel.ts`
 * does. Source: net/netfilter/ipvs/ip_vs_xmit.c.
 */

import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import {
  decrementHopLimit,
  IPV6_HEADER_LENGTH,
  readIpv6HopLimit,
  readIpv6PayloadLength,
} from '../../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import { pieceMaxOf, takeOver } from '../gathered-packet.ts';
import { sendIcmpv6Error } from '../icmpv6-output.ts';
import { routeIpv6 } from '../ipv6-lookup.ts';
import { sendIpv6BehindHooks } from '../ipv6-output.ts';
import { drop, type KernelState } from '../kernel-state.ts';
import { sendToLoopback } from '../loopback.ts';
import type { Connection } from './connection.ts';
import { rewriteEndpoint } from './rewrite.ts';
import { copyForQuotation, copyIpv6Packet, type TransmitPacket } from './transmit-packet.ts';
import { transmitByTunnel } from './transmit-tunnel.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const CODE_ADDRESS_UNREACHABLE = 3;

/** As `transmitIpv4`, for IPv6. */
export function transmitIpv6(
  kernel: KernelState,
  connection: Connection,
  packet: TransmitPacket,
): boolean {
  if (connection.method === 'tun') return transmitByTunnel(kernel, connection, packet);
  const { bytes, at, link } = packet;
  const way = routeIpv6(kernel, connection.serverAddress as Ipv6Address);
  if (typeof way === 'string') {
    drop(kernel, 'ipvs:no-route');
    const code = CODE_ADDRESS_UNREACHABLE;
    sendIcmpv6Error(kernel, bytes, at, link, {
      kind: 'destination-unreachable',
      code,
      parameter: 0,
    });
    return true;
  }
  const isLocal = way.kind === 'local';
  if (isLocal && connection.method !== 'nat') return false;
  const length = IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  if (!isLocal && readIpv6HopLimit(bytes, at) <= 1) {
    drop(kernel, 'ipv6:hop-limit-exceeded');
    sendIcmpv6Error(kernel, bytes, at, link, { kind: 'time-exceeded', code: 0, parameter: 0 });
    return true;
  }
  // Of a packet that came in pieces the largest must fit, as the whole is cut again (__mtu_check_toobig_v6).
  if (!isLocal && (pieceMaxOf(kernel, bytes) ?? length) > way.link.mtu) {
    drop(kernel, 'ipv6:too-big');
    const error = { kind: 'packet-too-big', code: 0, parameter: way.link.mtu } as const;
    sendIcmpv6Error(kernel, copyForQuotation(packet), IP_AT, link, error);
    return true;
  }
  if (connection.method === 'nat' && packet.facts.isCutShort === true) {
    drop(kernel, 'ipvs:short-header');
    return true;
  }
  const frame = copyIpv6Packet(bytes, at);
  takeOver(kernel, bytes, frame);
  if (connection.method === 'nat') {
    rewriteEndpoint(frame, {
      headerAt: IP_AT,
      transportAt: packet.transportAt - at + IP_AT,
      protocol: connection.protocol,
      side: 'destination',
      address: connection.serverAddress,
      port: connection.serverPort,
    });
  }
  if (isLocal) {
    sendToLoopback(kernel, frame);
    return true;
  }
  decrementHopLimit(frame, IP_AT);
  sendIpv6BehindHooks(kernel, frame, way);
  return true;
}
