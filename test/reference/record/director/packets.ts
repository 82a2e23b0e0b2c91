/** Packets of both families by hand, octet by octet as a recorder needs them: with options, in pieces, cut short, wrong. */

import { addressSum, internetChecksum } from '../../../../daemon/wire/checksum.ts';
import { writeUint16, writeUint32 } from '../../../../daemon/wire/integers.ts';
import { parseIp } from '../../../../daemon/wire/ip-address.ts';
import { encodeIpv4Header } from '../../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../../daemon/wire/ipv4-address.ts';
import { encodeIpv6Header } from '../../../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../../../daemon/wire/ipv6-address.ts';

export const ICMP = { inet: 1, inet6: 58 } as const;
export const TCP = 6;
export const UDP = 17;
const FRAGMENT = 44;

/** One end of a conversation. */
export interface End {
  readonly address: string;
  readonly port: number;
}

/** The header before a transport segment. */
export interface Header {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly hops?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  /** IPv4 options, padded; IPv6: one extension header and its number. */
  readonly options?: Uint8Array;
  readonly extension?: { readonly number: number; readonly bytes: Uint8Array };
}

/** A TCP segment with its checksum. */
export function tcpSegment(from: End, to: End, flags: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + data.length);
  writePorts(bytes, from, to);
  writeUint32(1000, bytes, 4);
  writeUint32(2000, bytes, 8);
  bytes[12] = 0x50;
  bytes[13] = flags;
  writeUint16(0xffff, bytes, 14);
  bytes.set(data, 20);
  return summed(bytes, 16, TCP, [from.address, to.address]);
}

/** A UDP datagram, with its checksum or without. */
export function datagram(from: End, to: End, data: Uint8Array, hasSum = true): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  writePorts(bytes, from, to);
  writeUint16(bytes.length, bytes, 4);
  bytes.set(data, 8);
  return hasSum ? summed(bytes, 6, UDP, [from.address, to.address]) : bytes;
}

/** An ICMP or ICMPv6 message: type, code, the second word, the rest. */
export function icmpMessage(
  ends: readonly [source: string, destination: string],
  [type, code, word]: readonly [number, number, number],
  rest: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(8 + rest.length);
  bytes[0] = type;
  bytes[1] = code;
  writeUint32(word, bytes, 4);
  bytes.set(rest, 8);
  if (ends[0].includes(':')) return summed(bytes, 2, ICMP.inet6, ends);
  writeUint16(internetChecksum(bytes, 0, bytes.length), bytes, 2);
  return bytes;
}

/** A whole packet of the family of its addresses. */
export function ipPacket(header: Header, payload: Uint8Array): Uint8Array {
  return header.source.includes(':')
    ? ipv6Packet(header, payload)
    : ipv4Packet(header, payload, 0, 0);
}

/** The packet in pieces of so many octets of payload at most, a multiple of 8. */
export function piecesOf(header: Header, payload: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < payload.length; from += size) {
    const part = payload.subarray(from, from + size);
    const isLast = from + size >= payload.length;
    if (!header.source.includes(':')) {
      pieces.push(ipv4Packet({ ...header, dontFragment: false }, part, from / 8, isLast ? 0 : 1));
      continue;
    }
    const bytes = new Uint8Array(8 + part.length);
    bytes[0] = header.protocol;
    writeUint16(from | (isLast ? 0 : 1), bytes, 2);
    writeUint32(header.id ?? 0x1234, bytes, 4);
    bytes.set(part, 8);
    pieces.push(ipv6Packet({ ...header, protocol: FRAGMENT }, bytes));
  }
  return pieces;
}

/** A frame around a packet. */
export function frameOf(source: string, destination: string, packet: Uint8Array): Uint8Array {
  const type = (packet[0] ?? 0) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  const mac = (text: string) => text.split(':').map((part) => Number.parseInt(part, 16));
  return Uint8Array.from([...mac(destination), ...mac(source), ...type, ...packet]);
}

function ipv4Packet(header: Header, payload: Uint8Array, offset: number, more: number): Uint8Array {
  const options = header.options ?? new Uint8Array(0);
  const length = 20 + options.length + payload.length;
  const bytes = new Uint8Array(length);
  const at = encodeIpv4Header(
    {
      tos: 0,
      totalLength: length,
      identification: header.id ?? 0x1234,
      flags: header.dontFragment === false ? more : 2,
      fragmentOffset: offset,
      ttl: header.hops ?? 64,
      protocol: header.protocol,
      source: parseIp(header.source) as Ipv4Address,
      destination: parseIp(header.destination) as Ipv4Address,
      options,
    },
    bytes,
    0,
  );
  bytes.set(payload, at);
  return bytes;
}

function ipv6Packet(header: Header, payload: Uint8Array): Uint8Array {
  const { extension } = header;
  const before = extension?.bytes ?? new Uint8Array(0);
  const bytes = new Uint8Array(40 + before.length + payload.length);
  encodeIpv6Header(
    {
      trafficClass: 0,
      flowLabel: 0x12345,
      payloadLength: before.length + payload.length,
      nextHeader: extension?.number ?? header.protocol,
      hopLimit: header.hops ?? 64,
      source: parseIp(header.source) as Ipv6Address,
      destination: parseIp(header.destination) as Ipv6Address,
    },
    bytes,
    0,
  );
  bytes.set(before, 40);
  if (extension !== undefined) bytes[40] = header.protocol;
  bytes.set(payload, 40 + before.length);
  return bytes;
}

function writePorts(bytes: Uint8Array, from: End, to: End): void {
  writeUint16(from.port, bytes, 0);
  writeUint16(to.port, bytes, 2);
}

function summed(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  ends: readonly [string, string],
): Uint8Array {
  const [source, destination] = ends.map((text) => parseIp(text) as Ipv4Address) as [
    Ipv4Address,
    Ipv4Address,
  ];
  const initial = addressSum(source, destination) + protocol + bytes.length;
  writeUint16(internetChecksum(bytes, 0, bytes.length, initial), bytes, at);
  return bytes;
}
