/**
 * ICMP echo sockets of the daemon's checkers: whole ICMP messages go out and come in, as on a raw socket of
 * Linux. Of ICMPv6 the kernel fills the checksum (RFC 3542 section 3.1), of ICMP the sender does.
 */

import { internetChecksum, ipv6AddressSum, pseudoHeaderSum } from '../../daemon/wire/checksum.ts';
import { writeUint16 } from '../../daemon/wire/integers.ts';
import { type IpAddress, type IpFamily, isIpv4 } from '../../daemon/wire/ip-address.ts';
import {
  encodeIpv4Header,
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  NO_OPTIONS,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../daemon/wire/ipv4.ts';
import {
  encodeIpv6Header,
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  readIpv6HopLimit,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { SocketError } from '../kernel/socket-api.ts';

const CHECKSUM_AT = 2;

/** A message that came in, from its ICMP header on. */
export interface EchoArrival {
  readonly bytes: Uint8Array;
  readonly from: IpAddress;
  readonly ttl: number;
}

/** An open socket. */
export interface DaemonEcho {
  send(message: Uint8Array, to: IpAddress): SocketError | undefined;
  close(): void;
}

/** Opens a socket; the errno's name when it cannot. */
export function openDaemonEcho(options: {
  readonly kernel: KernelApi;
  readonly family: IpFamily;
  readonly link?: string;
  readonly ttl?: number;
  readonly onMessage: (arrival: EchoArrival) => void;
}): DaemonEcho | SocketError {
  const { kernel, family, link, onMessage } = options;
  const protocol = family === 'inet' ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
  const socket = kernel.openRaw({
    family,
    protocol,
    ...(link === undefined ? {} : { link }),
    onPacket(bytes, at) {
      const arrival = family === 'inet' ? arrival4(bytes, at) : arrival6(bytes, at);
      if (arrival !== undefined) onMessage(arrival);
    },
  });
  if (typeof socket === 'string') return socket;
  return {
    send(message, to) {
      if (isIpv4(to) !== (family === 'inet')) return 'EINVAL';
      const source = kernel.routeTo(to, undefined, link)?.source;
      if (source === undefined) return 'ENETUNREACH';
      return kernel.sendIp(packetOf(message, source, to, options.ttl ?? 64), link);
    },
    close: () => socket.close(),
  };
}

function packetOf(message: Uint8Array, source: IpAddress, to: IpAddress, ttl: number): Uint8Array {
  if (isIpv4(source) && isIpv4(to)) {
    const packet = new Uint8Array(IPV4_HEADER_LENGTH + message.length);
    const totalLength = packet.length;
    const fixed = { tos: 0, identification: 0, flags: 0, fragmentOffset: 0, options: NO_OPTIONS };
    const ends = { source, destination: to, protocol: PROTOCOL_ICMP, ttl };
    const at = encodeIpv4Header({ ...fixed, ...ends, totalLength }, packet, 0);
    packet.set(message, at);
    return packet;
  }
  const packet = new Uint8Array(IPV6_HEADER_LENGTH + message.length);
  if (isIpv4(source) || isIpv4(to)) return packet;
  const at = encodeIpv6Header(
    {
      trafficClass: 0,
      flowLabel: 0,
      payloadLength: message.length,
      nextHeader: PROTOCOL_ICMPV6,
      hopLimit: ttl,
      source,
      destination: to,
    },
    packet,
    0,
  );
  packet.set(message, at);
  const { length } = message;
  const addresses = ipv6AddressSum(source, to);
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_ICMPV6, length });
  writeUint16(0, packet, at + CHECKSUM_AT);
  writeUint16(internetChecksum(packet, at, length, pseudo), packet, at + CHECKSUM_AT);
  return packet;
}

function arrival4(bytes: Uint8Array, at: number): EchoArrival {
  const start = at + ipv4HeaderLength(bytes, at);
  const end = at + readIpv4TotalLength(bytes, at);
  return {
    bytes: bytes.subarray(start, end),
    from: readIpv4Source(bytes, at),
    ttl: readIpv4Ttl(bytes, at),
  };
}

function arrival6(bytes: Uint8Array, at: number): EchoArrival | undefined {
  const payload = findIpv6Payload(bytes, at);
  if (typeof payload === 'string') return undefined;
  const end = at + IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  return {
    bytes: bytes.subarray(payload.at, end),
    from: readIpv6Source(bytes, at),
    ttl: readIpv6HopLimit(bytes, at),
  };
}
