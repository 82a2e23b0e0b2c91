/**
 * ICMPv6 errors about packets of connections. A client's complaint about an answer goes on to the real server, for NAT as if
 * about the server's own packet. What a NAT server or a router complains about a request never reaches the client: the kernel
 * verifies its checksum as that of IPv4's ICMP, without the pseudo header, and drops it (handle_response_icmp; recorded).
 * Errors about packets in tunnels are not looked into. Source: net/netfilter/ipvs/ip_vs_core.c: ip_vs_in_icmp_v6,
 * ip_vs_out_icmp_v6; ip_vs_xmit.c: ip_vs_icmp_xmit_v6.
 */

import {
  internetChecksum,
  ipv6AddressSum,
  pseudoHeaderSum,
} from '../../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import { readIcmpv6Type } from '../../../daemon/wire/icmpv6.ts';
import { writeUint16 } from '../../../daemon/wire/integers.ts';
import { PROTOCOL_ICMPV6 } from '../../../daemon/wire/ipv4.ts';
import {
  decrementHopLimit,
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6HopLimit,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../../daemon/wire/ipv6.ts';
import { type Ipv6Address, writeIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import { routeIpv6 } from '../ipv6-lookup.ts';
import { sendIpv6BehindHooks } from '../ipv6-output.ts';
import { drop, type KernelState, type LinkState } from '../kernel-state.ts';
import type { Connection } from './connection.ts';
import type { IpvsState, PacketFacts } from './ipvs-state.ts';
import { makePacketFacts, readPacketFacts, reverseFacts } from './packet-facts.ts';
import { countIn, countOut, scheduleError } from './packet-input.ts';
import { rewriteEndpoint } from './rewrite.ts';
import { transmitIpv6 } from './transmit-ipv6.ts';
import { copyIpv6Packet } from './transmit-packet.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const DESTINATION_AT = 24;
const CHECKSUM_AT = 2;
const ICMPV6_HEADER_LENGTH = 8;
/** Types with this bit are no errors. Source: RFC 4443 section 2.1. */
const INFORMATIONAL_BIT = 0x80;

/** Where the parts of an ICMPv6 error are. */
interface Error {
  readonly icmpAt: number;
  readonly quotedAt: number;
  readonly quotedTransportAt: number;
}

/** Takes an ICMPv6 error for a virtual address about an answer of a real server; `true` when taken. */
export function forwardIpv6ErrorToServer(
  kernel: KernelState,
  ipvs: IpvsState,
  bytes: Uint8Array,
  at: number,
  link: LinkState,
): boolean {
  const facts = makePacketFacts();
  const error = findError(bytes, at, facts);
  if (error === undefined) return false;
  reverseFacts(facts);
  const connection = ipvs.connections.findForRequest(facts) ?? scheduleError(ipvs, facts);
  if (connection === undefined) return false;
  countIn(ipvs, connection, IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at));
  if (connection.method !== 'nat') {
    return transmitIpv6(kernel, connection, { bytes, at, transportAt: error.icmpAt, link, facts });
  }
  const way = routeIpv6(kernel, connection.serverAddress as Ipv6Address);
  if (typeof way === 'string' || readIpv6HopLimit(bytes, at) <= 1) {
    drop(kernel, typeof way === 'string' ? 'ipvs:no-route' : 'ipv6:hop-limit-exceeded');
    return true;
  }
  const frame = copyIpv6Packet(bytes, at);
  decrementHopLimit(frame, IP_AT);
  aimAtServer(frame, error, IP_AT - at, connection);
  sendIpv6BehindHooks(kernel, frame, way);
  return true;
}

/** Whether the packet is an error about a request to a NAT server, which is dropped; of other servers it is counted. */
export function isIpv6ErrorOfServer(ipvs: IpvsState, frame: Uint8Array): boolean {
  const facts = makePacketFacts();
  if (findError(frame, IP_AT, facts) === undefined) return false;
  reverseFacts(facts);
  const connection = ipvs.connections.findForAnswer(facts);
  if (connection === undefined) return false;
  if (connection.method === 'nat') return true;
  countOut(ipvs, connection, IPV6_HEADER_LENGTH + readIpv6PayloadLength(frame, IP_AT));
  return false;
}

function findError(bytes: Uint8Array, at: number, facts: PacketFacts): Error | undefined {
  const payload = findIpv6Payload(bytes, at);
  if (typeof payload === 'string' || payload.protocol !== PROTOCOL_ICMPV6) return undefined;
  const icmpAt = payload.at;
  const quotedAt = icmpAt + ICMPV6_HEADER_LENGTH;
  if (quotedAt + IPV6_HEADER_LENGTH > bytes.length) return undefined;
  if ((readIcmpv6Type(bytes, icmpAt) & INFORMATIONAL_BIT) !== 0) return undefined;
  const quotedTransportAt = readPacketFacts(bytes, quotedAt, 'inet6', facts);
  return quotedTransportAt < 0 ? undefined : { icmpAt, quotedAt, quotedTransportAt };
}

/** The copy is `by` octets away from where the error was found. */
function aimAtServer(frame: Uint8Array, error: Error, by: number, connection: Connection): void {
  const address = connection.serverAddress as Ipv6Address;
  writeIpv6(address, frame, IP_AT + DESTINATION_AT);
  rewriteEndpoint(frame, {
    headerAt: error.quotedAt + by,
    transportAt: error.quotedTransportAt + by,
    // The kernel leaves the transport checksum of the quotation alone.
    protocol: 0,
    side: 'source',
    address,
    port: connection.serverPort,
  });
  const icmpAt = error.icmpAt + by;
  const length = frame.length - icmpAt;
  const addresses = ipv6AddressSum(readIpv6Source(frame, IP_AT), readIpv6Destination(frame, IP_AT));
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_ICMPV6, length });
  writeUint16(0, frame, icmpAt + CHECKSUM_AT);
  writeUint16(internetChecksum(frame, icmpAt, length, pseudo), frame, icmpAt + CHECKSUM_AT);
}
