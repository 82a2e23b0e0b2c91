/**
 * ICMP errors about packets that this director wrapped for TUN servers. They come to the director's own address and quote the
 * tunnel's packet; the client hears of them as if its own packet had been at fault, from the virtual address. Of an error
 * "fragmentation needed" the director learns the MTU of the way to the server. A client that sets DF is told 20 octets less than
 * that of the way that the last packet took: at the first error this is still the old one (recorded); the next large packet of
 * the client is refused by the director itself.
 * Source: net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_icmp (IPIP, ipvs_udp_decap, ipvs_gre_decap).
 */

import { internetChecksum } from '../../../daemon/wire/checksum.ts';
import {
  ICMP_DESTINATION_UNREACHABLE,
  ICMP_HEADER_LENGTH,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  readIcmpCode,
  readIcmpType,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from '../../../daemon/wire/icmp.ts';
import { readUint16 } from '../../../daemon/wire/integers.ts';
import {
  hasDontFragment,
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  PROTOCOL_GRE,
  PROTOCOL_IPIP,
  PROTOCOL_UDP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4TotalLength,
} from '../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import { sendIcmpError } from '../icmp-errors.ts';
import { drop, type KernelState } from '../kernel-state.ts';
import { learnPathMtu, pathMtuTo } from '../path-mtu.ts';
import { routeOutput } from '../route-lookup.ts';
import type { Connection } from './connection.ts';
import type { IpvsState, RealServer } from './ipvs-state.ts';
import { makePacketFacts, readPacketFacts } from './packet-facts.ts';

/** Least MTU that is made smaller for the outer header (ip_vs_in_icmp: 68 + sizeof(struct iphdr)). */
const MTU_MIN = 88;
const UDP_HEADER_LENGTH = 8;
const GUE_HEADER_LENGTH = 4;
const GRE_HEADER_LENGTH = 4;
/** The C and the K bit of GRE are the optional words that the kernel reads over. */
const GRE_CHECKSUM = 0x80;
const GRE_OPTION_LENGTH = 4;

/** Tells the client; `false` when the ICMP message at `at` is about no tunnel of a connection. */
export function tellOfTunnelError(
  kernel: KernelState,
  ipvs: IpvsState,
  bytes: Uint8Array,
  at: number,
): boolean {
  const icmpAt = at + ipv4HeaderLength(bytes, at);
  const quotedAt = icmpAt + ICMP_HEADER_LENGTH;
  const innerAt = innerOf(ipvs, bytes, quotedAt);
  if (innerAt === undefined || innerAt + IPV4_HEADER_LENGTH > bytes.length) return false;
  const facts = makePacketFacts();
  if (readPacketFacts(bytes, innerAt, 'inet', facts) < 0) return false;
  const connection = ipvs.connections.findForRequest(facts);
  if (connection === undefined) return false;
  if (internetChecksum(bytes, icmpAt, at + readIpv4TotalLength(bytes, at) - icmpAt) !== 0) {
    drop(kernel, 'icmp:bad-checksum');
    return true;
  }
  const [type, code] = [readIcmpType(bytes, icmpAt), readIcmpCode(bytes, icmpAt)];
  if (type === ICMP_TIME_EXCEEDED || type === ICMP_SOURCE_QUENCH) {
    const kind = type === ICMP_TIME_EXCEEDED ? 'time-exceeded' : 'source-quench';
    sendIcmpError(kernel, bytes, innerAt, { kind, code });
    return true;
  }
  if (type !== ICMP_DESTINATION_UNREACHABLE) return false;
  const error = { kind: 'destination-unreachable', code } as const;
  if (code !== UNREACHABLE_FRAGMENTATION_NEEDED) {
    sendIcmpError(kernel, bytes, innerAt, error);
    return true;
  }
  const mtu = learn(kernel, connection, readUint16(bytes, icmpAt + 6));
  const nextHopMtu = mtu > MTU_MIN ? mtu - IPV4_HEADER_LENGTH : mtu;
  if (hasDontFragment(bytes, innerAt))
    sendIcmpError(kernel, bytes, innerAt, { ...error, nextHopMtu });
  return true;
}

/** Takes in what a router said; the MTU that the client hears of, before the outer header is subtracted. */
function learn(kernel: KernelState, { serverAddress, server }: Connection, said: number): number {
  learnPathMtu(kernel, serverAddress, said);
  if (typeof serverAddress !== 'number' || server === undefined) return said;
  const way = routeOutput(kernel, serverAddress as Ipv4Address);
  if (typeof way === 'string') return said;
  return server.followsPathMtu ? pathMtuTo(kernel, serverAddress, way.link) : way.link.mtu;
}

/** Where the client's packet begins in the tunnel's one at `at`. */
function innerOf(ipvs: IpvsState, bytes: Uint8Array, at: number): number | undefined {
  if (at + IPV4_HEADER_LENGTH > bytes.length) return undefined;
  if ((readUint16(bytes, at + 6) & 0x1fff) !== 0) return undefined;
  const shimAt = at + ipv4HeaderLength(bytes, at);
  const server = readIpv4Destination(bytes, at);
  const isTo = (tunnel: RealServer['tunnel'], port?: number) =>
    hasServer(
      ipvs,
      (each) =>
        each.address === server &&
        each.tunnel === tunnel &&
        (port === undefined || each.tunnelPort === port),
    );
  switch (readIpv4Protocol(bytes, at)) {
    case PROTOCOL_IPIP:
      return shimAt;
    case PROTOCOL_GRE: {
      const options = ((bytes[shimAt] ?? 0) & GRE_CHECKSUM) === 0 ? 0 : GRE_OPTION_LENGTH;
      return isTo('gre') ? shimAt + GRE_HEADER_LENGTH + options : undefined;
    }
    case PROTOCOL_UDP: {
      const options = ((bytes[shimAt + UDP_HEADER_LENGTH] ?? 0) & 0x1f) * 4;
      const innerAt = shimAt + UDP_HEADER_LENGTH + GUE_HEADER_LENGTH + options;
      return isTo('gue', readUint16(bytes, shimAt + 2)) ? innerAt : undefined;
    }
    default:
      return undefined;
  }
}

function hasServer(ipvs: IpvsState, isIt: (server: RealServer) => boolean): boolean {
  for (const service of ipvs.services) {
    for (let server = service.first; server !== undefined; server = server.next) {
      if (server.method === 'tun' && isIt(server)) return true;
    }
  }
  return false;
}
