/**
 * Sends packets of connections to TUN servers. What is inside and what is around it may be of either family:
 * a service of IPv6 may have servers of IPv4 and the other way round. Source: net/netfilter/ipvs/ip_vs_xmit.c,
 * ip_vs_tunnel_xmit, ip_vs_tunnel_xmit_v6 and ensure_mtu_is_adequate.
 */

import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import {
  EXCEEDED_TTL,
  UNREACHABLE_FRAGMENTATION_NEEDED,
  UNREACHABLE_HOST,
} from '../../../daemon/wire/icmp.ts';
import type { IpFamily } from '../../../daemon/wire/ip-address.ts';
import { hasDontFragment, readIpv4TotalLength, readIpv4Ttl } from '../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import {
  IPV6_HEADER_LENGTH,
  readIpv6HopLimit,
  readIpv6PayloadLength,
} from '../../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import { forgetPieceMax, pieceMaxOf, takeOver } from '../gathered-packet.ts';
import { sendIcmpError } from '../icmp-errors.ts';
import { sendIcmpv6Error } from '../icmpv6-output.ts';
import { sendBehindHooks, takeIdentification } from '../ipv4-output.ts';
import { routeIpv6 } from '../ipv6-lookup.ts';
import { sendIpv6BehindHooks } from '../ipv6-output.ts';
import { drop, type KernelState } from '../kernel-state.ts';
import { pathMtuTo } from '../path-mtu.ts';
import { routeOutput } from '../route-lookup.ts';
import type { Connection } from './connection.ts';
import { copyForQuotation, type TransmitPacket } from './transmit-packet.ts';
import { tunnelOverhead, wrap } from './tunnel.ts';

/** Least MTU of IPv6 (RFC 8200 section 5): with less room inside, nothing is sent and nothing said. */
const IPV6_MTU_MIN = 1280;
const ADDRESS_UNREACHABLE = 3;

/** As `transmitIpv4`, for TUN servers. */
export function transmitByTunnel(
  kernel: KernelState,
  connection: Connection,
  packet: TransmitPacket,
): boolean {
  const { serverAddress } = connection;
  const overIpv4 = typeof serverAddress === 'number';
  const way = overIpv4
    ? routeOutput(kernel, serverAddress as Ipv4Address)
    : routeIpv6(kernel, serverAddress as Ipv6Address);
  if (typeof way === 'string') {
    drop(kernel, 'ipvs:no-route');
    tellSender(kernel, packet, 'unreachable', 0);
    return true;
  }
  // The server is this host itself: nothing is wrapped, local input goes on with the packet.
  if (way.kind === 'local') return false;
  const { family } = packet.facts;
  if (hopsLeft(packet, family) <= 1) {
    drop(kernel, family === 'inet' ? 'ipv4:ttl-exceeded' : 'ipv6:hop-limit-exceeded');
    tellSender(kernel, packet, 'exceeded', 0);
    return true;
  }
  if (connection.server !== undefined) {
    connection.server.followsPathMtu = kernel.pathMtus.has(serverAddress);
  }
  const mtu = pathMtuTo(kernel, serverAddress, way.link) - tunnelOverhead(connection);
  if (!fits(kernel, packet, { mtu, overIpv4 })) return true;
  const frame = wrap(connection, packet, {
    source: way.source,
    pmtuDiscovery: kernel.ipvs?.settings.pmtu_disc !== 0,
    identify: () => takeIdentification(kernel),
  });
  takeOver(kernel, packet.bytes, frame);
  if (overIpv4 !== (packet.facts.family === 'inet')) forgetPieceMax(kernel);
  if (overIpv4) sendBehindHooks(kernel, frame, way);
  else sendIpv6BehindHooks(kernel, frame, way);
  return true;
}

/** IPv4 without DF (or without pmtu_disc) is cut behind the wrapping, whatever that is. */
function fits(
  kernel: KernelState,
  packet: TransmitPacket,
  room: { readonly mtu: number; readonly overIpv4: boolean },
): boolean {
  const { bytes, at } = packet;
  const { mtu } = room;
  if (!room.overIpv4 && mtu < IPV6_MTU_MIN) {
    drop(kernel, 'ipv6:too-big');
    return false;
  }
  if ((pieceMaxOf(kernel, bytes) ?? lengthOf(packet)) <= mtu) return true;
  const isIpv4 = packet.facts.family === 'inet';
  const isCut = isIpv4 && (!hasDontFragment(bytes, at) || kernel.ipvs?.settings.pmtu_disc === 0);
  if (isCut) return true;
  drop(kernel, isIpv4 ? 'ipv4:too-big' : 'ipv6:too-big');
  tellSender(kernel, packet, 'too-big', mtu);
  return false;
}

function hopsLeft({ bytes, at }: TransmitPacket, family: IpFamily): number {
  return family === 'inet' ? readIpv4Ttl(bytes, at) : readIpv6HopLimit(bytes, at);
}

function lengthOf({ bytes, at, facts }: TransmitPacket): number {
  return facts.family === 'inet'
    ? readIpv4TotalLength(bytes, at)
    : IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
}

function tellSender(
  kernel: KernelState,
  packet: TransmitPacket,
  what: 'unreachable' | 'exceeded' | 'too-big',
  mtu: number,
): void {
  const { link } = packet;
  const isTooBig = what === 'too-big';
  const bytes = isTooBig ? copyForQuotation(packet) : packet.bytes;
  const at = isTooBig ? ETHERNET_HEADER_LENGTH : packet.at;
  if (packet.facts.family === 'inet') {
    if (what === 'exceeded') {
      sendIcmpError(kernel, bytes, at, { kind: 'time-exceeded', code: EXCEEDED_TTL });
      return;
    }
    const kind = 'destination-unreachable';
    const code = isTooBig ? UNREACHABLE_FRAGMENTATION_NEEDED : UNREACHABLE_HOST;
    sendIcmpError(kernel, bytes, at, { kind, code, ...(isTooBig ? { nextHopMtu: mtu } : {}) });
    return;
  }
  const kind =
    what === 'exceeded'
      ? 'time-exceeded'
      : what === 'too-big'
        ? 'packet-too-big'
        : 'destination-unreachable';
  const code = what === 'unreachable' ? ADDRESS_UNREACHABLE : 0;
  sendIcmpv6Error(kernel, bytes, at, link, { kind, code, parameter: mtu });
}
