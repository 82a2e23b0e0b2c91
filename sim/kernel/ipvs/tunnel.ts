/**
 * Wraps packets for TUN servers: IPIP (RFC 2003), GRE (RFC 2784, no options) and GUE (the "direct" variant 1
 * that the kernel sends without options: IP inside UDP behind a 4-octet header). The outer header has the
 * inner one's TTL and type of service, DF by `pmtu_disc`, and this host's address as its source.
 * Source: net/netfilter/ipvs/ip_vs_xmit.c, ip_vs_tunnel_xmit; forwarding/tun of the recordings.
 */

import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import { writeUint16, writeUint32 } from '../../../daemon/wire/integers.ts';
import {
  decrementTtl,
  encodeIpv4Header,
  IPV4_HEADER_LENGTH,
  NO_OPTIONS,
  PROTOCOL_GRE,
  PROTOCOL_UDP,
  readIpv4Tos,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import { newFrame } from '../../lan/frame-memory.ts';
import { sendBehindHooks } from '../ipv4-output.ts';
import type { KernelState } from '../kernel-state.ts';
import type { RouteDecision } from '../route-state.ts';
import type { Connection } from './connection.ts';
import type { RealServer, TunnelType } from './ipvs-state.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const PROTOCOL_IPIP = 4;
const ETHERTYPE_IPV4 = 0x0800;
const GRE_HEADER_LENGTH = 4;
const UDP_HEADER_LENGTH = 8;
const GUE_HEADER_LENGTH = 4;
/** DF as the upper three bits of the fragment word. */
const FLAG_DONT_FRAGMENT = 0b010;
/** First of the source ports that a GUE sender hashes flows to (net.ipv4.ip_local_port_range). */
const FIRST_SOURCE_PORT = 32_768;
const SOURCE_PORTS = 28_232;

/** Octets that a server's wrapping adds. */
export function tunnelOverhead(server: RealServer | undefined): number {
  return IPV4_HEADER_LENGTH + shimLength(server?.tunnel ?? 'ipip');
}

function shimLength(type: TunnelType): number {
  if (type === 'gre') return GRE_HEADER_LENGTH;
  return type === 'gue' ? UDP_HEADER_LENGTH + GUE_HEADER_LENGTH : 0;
}

/** Wraps the packet at `at` and sends it to the connection's server. */
export function sendThroughTunnel(
  kernel: KernelState,
  connection: Connection,
  bytes: Uint8Array,
  at: number,
  way: RouteDecision,
): void {
  const type = connection.server?.tunnel ?? 'ipip';
  const innerLength = readIpv4TotalLength(bytes, at);
  const shimAt = IP_AT + IPV4_HEADER_LENGTH;
  const innerAt = shimAt + shimLength(type);
  const frame = newFrame(innerAt + innerLength);
  frame.set(bytes.subarray(at, at + innerLength), innerAt);
  decrementTtl(frame, innerAt);
  const hasDf = kernel.ipvs?.settings.pmtu_disc !== 0;
  encodeIpv4Header(
    {
      tos: readIpv4Tos(frame, innerAt),
      totalLength: frame.length - IP_AT,
      identification: 0,
      flags: hasDf ? FLAG_DONT_FRAGMENT : 0,
      fragmentOffset: 0,
      ttl: readIpv4Ttl(frame, innerAt),
      protocol: type === 'gre' ? PROTOCOL_GRE : type === 'gue' ? PROTOCOL_UDP : PROTOCOL_IPIP,
      source: way.source as Ipv4Address,
      destination: connection.serverAddress as Ipv4Address,
      options: NO_OPTIONS,
    },
    frame,
    IP_AT,
  );
  if (type === 'gre') writeUint32(ETHERTYPE_IPV4, frame, shimAt);
  if (type === 'gue') writeGue(frame, shimAt, connection);
  sendBehindHooks(kernel, frame, way);
}

/** UDP without a checksum (the kernel's default for IPv4), then version 0, no options, next IPIP. */
function writeGue(frame: Uint8Array, at: number, connection: Connection): void {
  const flow = Math.imul(connection.clientPort + 1, 0x9e3779b1) >>> 0;
  writeUint16(FIRST_SOURCE_PORT + (flow % SOURCE_PORTS), frame, at);
  writeUint16(connection.server?.tunnelPort ?? 0, frame, at + 2);
  writeUint16(frame.length - at, frame, at + 4);
  writeUint16(0, frame, at + 6);
  writeUint32(PROTOCOL_IPIP << 16, frame, at + UDP_HEADER_LENGTH);
}
