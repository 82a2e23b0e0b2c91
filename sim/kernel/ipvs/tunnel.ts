/**
 * Wraps packets for TUN servers: IPIP and IP6IP6 (RFC 2003, RFC 2473, and each family in the other), GRE
 * (RFC 2784, no options) and GUE (the "direct" variant 1 that the kernel sends without options: IP inside UDP
 * behind a 4-octet header). The outer header has the inner one's TTL and type of service, of IPv4 its DF
 * (with `pmtu_disc`), and this host's address as its source.
 * Source: net/netfilter/ipvs/ip_vs_xmit.c, ip_vs_tunnel_xmit and ip_vs_tunnel_xmit_v6; forwarding/tun of the recordings.
 */

import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
} from '../../../daemon/wire/ethernet.ts';
import { writeUint16, writeUint32 } from '../../../daemon/wire/integers.ts';
import type { IpAddress, IpFamily } from '../../../daemon/wire/ip-address.ts';
import {
  decrementTtl,
  encodeIpv4Header,
  hasDontFragment,
  IPV4_HEADER_LENGTH,
  NO_OPTIONS,
  PROTOCOL_GRE,
  PROTOCOL_IPIP,
  PROTOCOL_IPV6,
  PROTOCOL_UDP,
  readIpv4Tos,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import {
  decrementHopLimit,
  encodeIpv6Header,
  IPV6_HEADER_LENGTH,
  readIpv6HopLimit,
  readIpv6PayloadLength,
  readIpv6TrafficClass,
} from '../../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import { newFrame } from '../../lan/frame-memory.ts';
import type { Connection } from './connection.ts';
import type { TunnelType } from './ipvs-state.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const GRE_HEADER_LENGTH = 4;
const UDP_HEADER_LENGTH = 8;
const GUE_HEADER_LENGTH = 4;
/** DF as the upper three bits of the fragment word. */
const FLAG_DONT_FRAGMENT = 0b010;
/** First of the source ports that a GUE sender hashes flows to (net.ipv4.ip_local_port_range). */
const FIRST_SOURCE_PORT = 32_768;
const SOURCE_PORTS = 28_232;

/** Octets that the wrapping of a connection's server adds. */
export function tunnelOverhead(connection: Connection): number {
  return outerLength(connection) + shimLength(typeOf(connection));
}

function typeOf(connection: Connection): TunnelType {
  return connection.server?.tunnel ?? 'ipip';
}

function outerLength({ serverAddress }: Connection): number {
  return typeof serverAddress === 'number' ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
}

function shimLength(type: TunnelType): number {
  if (type === 'gre') return GRE_HEADER_LENGTH;
  return type === 'gue' ? UDP_HEADER_LENGTH + GUE_HEADER_LENGTH : 0;
}

/** What the outer header takes over from the inner one. */
interface Inner {
  readonly family: IpFamily;
  readonly length: number;
  readonly ttl: number;
  readonly tos: number;
  readonly hasDf: boolean;
}

/** What the outer header gets from this host. */
interface Outer {
  readonly source: IpAddress;
  /** Sysctl net.ipv4.vs.pmtu_disc: DF is taken over. */
  readonly pmtuDiscovery: boolean;
  /** Draws the identification that a packet without DF needs. */
  readonly identify: () => number;
}

/** A frame with the packet at `at`, wrapped for the connection's server; one is taken from its TTL. */
export function wrap(
  connection: Connection,
  packet: {
    readonly bytes: Uint8Array;
    readonly at: number;
    readonly facts: { readonly family: IpFamily };
  },
  outer: Outer,
): Uint8Array {
  const type = typeOf(connection);
  const { bytes, at } = packet;
  const { family } = packet.facts;
  const length =
    family === 'inet'
      ? readIpv4TotalLength(bytes, at)
      : IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  const shimAt = IP_AT + outerLength(connection);
  const innerAt = shimAt + shimLength(type);
  const frame = newFrame(innerAt + length);
  frame.set(bytes.subarray(at, at + length), innerAt);
  const inner = readInner(frame, innerAt, family, length);
  writeOuter(frame, connection, inner, outer);
  if (type === 'gre') writeUint32(etherTypeOf(family), frame, shimAt);
  if (type === 'gue') writeGue(frame, shimAt, connection, protocolOf(family));
  return frame;
}

function readInner(frame: Uint8Array, at: number, family: IpFamily, length: number): Inner {
  if (family === 'inet') {
    decrementTtl(frame, at);
    const [ttl, tos] = [readIpv4Ttl(frame, at), readIpv4Tos(frame, at)];
    return { family, length, ttl, tos, hasDf: hasDontFragment(frame, at) };
  }
  decrementHopLimit(frame, at);
  const [ttl, tos] = [readIpv6HopLimit(frame, at), readIpv6TrafficClass(frame, at)];
  return { family, length, ttl, tos, hasDf: false };
}

function writeOuter(frame: Uint8Array, connection: Connection, inner: Inner, outer: Outer): void {
  const type = typeOf(connection);
  const protocol =
    type === 'gre' ? PROTOCOL_GRE : type === 'gue' ? PROTOCOL_UDP : protocolOf(inner.family);
  if (typeof connection.serverAddress === 'number') {
    const hasDf = outer.pmtuDiscovery && inner.hasDf;
    encodeIpv4Header(
      {
        tos: inner.tos,
        totalLength: frame.length - IP_AT,
        identification: hasDf ? 0 : outer.identify(),
        flags: hasDf ? FLAG_DONT_FRAGMENT : 0,
        fragmentOffset: 0,
        ttl: inner.ttl,
        protocol,
        source: outer.source as Ipv4Address,
        destination: connection.serverAddress as Ipv4Address,
        options: NO_OPTIONS,
      },
      frame,
      IP_AT,
    );
    return;
  }
  encodeIpv6Header(
    {
      trafficClass: inner.tos,
      flowLabel: 0,
      payloadLength: frame.length - IP_AT - IPV6_HEADER_LENGTH,
      nextHeader: protocol,
      hopLimit: inner.ttl,
      source: outer.source as Ipv6Address,
      destination: connection.serverAddress as Ipv6Address,
    },
    frame,
    IP_AT,
  );
}

function protocolOf(family: IpFamily): number {
  return family === 'inet' ? PROTOCOL_IPIP : PROTOCOL_IPV6;
}

function etherTypeOf(family: IpFamily): number {
  return family === 'inet' ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}

/** UDP without a checksum (`--tun-nocsum`, the default), then version 0, no options, what is inside. */
function writeGue(frame: Uint8Array, at: number, connection: Connection, protocol: number): void {
  const flow = Math.imul(connection.clientPort + 1, 0x9e3779b1) >>> 0;
  writeUint16(FIRST_SOURCE_PORT + (flow % SOURCE_PORTS), frame, at);
  writeUint16(connection.server?.tunnelPort ?? 0, frame, at + 2);
  writeUint16(frame.length - at, frame, at + 4);
  writeUint16(0, frame, at + 6);
  writeUint32(protocol << 16, frame, at + UDP_HEADER_LENGTH);
}
