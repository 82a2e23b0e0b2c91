/**
 * ICMP errors about packets of connections (IPv4): a client's complaint about an answer goes on to the real
 * server, a server's (or router's) complaint about a request goes on to the client as if from the virtual
 * address. The quotation is changed too, and the checksum made anew.
 * Source: net/netfilter/ipvs/ip_vs_core.c: ip_vs_in_icmp, ip_vs_out_icmp, ip_vs_nat_icmp.
 */

import { internetChecksum } from '../../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import {
  ICMP_DESTINATION_UNREACHABLE,
  ICMP_HEADER_LENGTH,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  readIcmpType,
} from '../../../daemon/wire/icmp.ts';
import { writeUint16 } from '../../../daemon/wire/integers.ts';
import {
  decrementTtl,
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  PROTOCOL_ICMP,
  readIpv4Protocol,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../../daemon/wire/ipv4.ts';
import { type Ipv4Address, writeIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import { sendBehindHooks } from '../ipv4-output.ts';
import { drop, type KernelState, type LinkState } from '../kernel-state.ts';
import { routeOutput } from '../route-lookup.ts';
import type { Connection } from './connection.ts';
import type { IpvsState } from './ipvs-state.ts';
import { makePacketFacts, readPacketFacts, reverseFacts } from './packet-facts.ts';
import { countIn, countOut, scheduleError } from './packet-input.ts';
import { rewriteEndpoint } from './rewrite.ts';
import { transmitIpv4 } from './transmit.ts';
import { copyPacket } from './transmit-packet.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const SOURCE_AT = 12;
const DESTINATION_AT = 16;
const HEADER_CHECKSUM_AT = 10;
const ICMP_CHECKSUM_AT = 2;

/** Where the parts of an ICMP error are. */
interface Error {
  readonly icmpAt: number;
  readonly quotedAt: number;
  readonly quotedTransportAt: number;
}

/** Takes an ICMP error for a virtual address about an answer of a real server; `true` when taken. */
export function forwardErrorToServer(
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
  if (isDamaged(bytes, at, error)) {
    drop(kernel, 'icmp:bad-checksum');
    return true;
  }
  countIn(ipvs, connection, readIpv4TotalLength(bytes, at));
  if (connection.method !== 'nat') {
    const transportAt = error.icmpAt;
    return transmitIpv4(kernel, connection, { bytes, at, transportAt, link, facts });
  }
  const way = routeOutput(kernel, connection.serverAddress as Ipv4Address);
  if (typeof way === 'string' || readIpv4Ttl(bytes, at) <= 1) {
    drop(kernel, typeof way === 'string' ? 'ipvs:no-route' : 'ipv4:ttl-exceeded');
    return true;
  }
  const frame = copyPacket(bytes, at);
  decrementTtl(frame, IP_AT);
  change(frame, shift(error, IP_AT - at), connection, 'to-server');
  sendBehindHooks(kernel, frame, way);
  return true;
}

/** Whether the frame is an ICMP error about a request to a NAT server whose checksum is wrong: it goes no further. */
export function isDamagedErrorOfServer(ipvs: IpvsState, frame: Uint8Array): boolean {
  const facts = makePacketFacts();
  const error = findError(frame, IP_AT, facts);
  if (error === undefined || !isDamaged(frame, IP_AT, error)) return false;
  reverseFacts(facts);
  return ipvs.connections.findForAnswer(facts)?.method === 'nat';
}

function isDamaged(bytes: Uint8Array, at: number, { icmpAt }: Error): boolean {
  return internetChecksum(bytes, icmpAt, at + readIpv4TotalLength(bytes, at) - icmpAt) !== 0;
}

/** Turns an ICMP error about a request to a NAT server into one from the virtual address, in place. */
export function translateErrorToClient(ipvs: IpvsState, frame: Uint8Array): Connection | undefined {
  const facts = makePacketFacts();
  const error = findError(frame, IP_AT, facts);
  if (error === undefined) return undefined;
  reverseFacts(facts);
  const connection = ipvs.connections.findForAnswer(facts);
  if (connection === undefined) return undefined;
  countOut(ipvs, connection, readIpv4TotalLength(frame, IP_AT));
  if (connection.method !== 'nat') return undefined;
  change(frame, error, connection, 'to-client');
  return connection;
}

function findError(
  bytes: Uint8Array,
  at: number,
  facts: ReturnType<typeof makePacketFacts>,
): Error | undefined {
  if (readIpv4Protocol(bytes, at) !== PROTOCOL_ICMP) return undefined;
  const icmpAt = at + ipv4HeaderLength(bytes, at);
  const quotedAt = icmpAt + ICMP_HEADER_LENGTH;
  if (quotedAt + IPV4_HEADER_LENGTH > bytes.length) return undefined;
  const type = readIcmpType(bytes, icmpAt);
  const isAboutPacket =
    type === ICMP_DESTINATION_UNREACHABLE ||
    type === ICMP_TIME_EXCEEDED ||
    type === ICMP_SOURCE_QUENCH;
  if (!isAboutPacket) return undefined;
  const quotedTransportAt = readPacketFacts(bytes, quotedAt, 'inet', facts);
  return quotedTransportAt < 0 ? undefined : { icmpAt, quotedAt, quotedTransportAt };
}

function shift(error: Error, by: number): Error {
  return {
    icmpAt: error.icmpAt + by,
    quotedAt: error.quotedAt + by,
    quotedTransportAt: error.quotedTransportAt + by,
  };
}

function change(
  frame: Uint8Array,
  error: Error,
  connection: Connection,
  way: 'to-server' | 'to-client',
): void {
  const toServer = way === 'to-server';
  const address = (toServer ? connection.serverAddress : connection.virtualAddress) as Ipv4Address;
  writeIpv4(address, frame, IP_AT + (toServer ? DESTINATION_AT : SOURCE_AT));
  const headerLength = ipv4HeaderLength(frame, IP_AT);
  writeUint16(0, frame, IP_AT + HEADER_CHECKSUM_AT);
  const sum = internetChecksum(frame, IP_AT, headerLength);
  writeUint16(sum, frame, IP_AT + HEADER_CHECKSUM_AT);
  rewriteEndpoint(frame, {
    headerAt: error.quotedAt,
    transportAt: error.quotedTransportAt,
    // The kernel leaves the transport checksum of the quotation alone.
    protocol: 0,
    side: toServer ? 'source' : 'destination',
    address,
    port: toServer ? connection.serverPort : connection.virtualPort,
  });
  const end = IP_AT + readIpv4TotalLength(frame, IP_AT);
  writeUint16(0, frame, error.icmpAt + ICMP_CHECKSUM_AT);
  const length = end - error.icmpAt;
  const checksum = internetChecksum(frame, error.icmpAt, length);
  writeUint16(checksum, frame, error.icmpAt + ICMP_CHECKSUM_AT);
}
