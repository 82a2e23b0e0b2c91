/** What of an Ethernet frame with ARP or IPv4 is looked at, IPIP, GRE and GUE taken off. */

import { ARP_REQUEST, decodeArp } from '../../../daemon/wire/arp.ts';
import { internetChecksum, pseudoHeaderSumV4 } from '../../../daemon/wire/checksum.ts';
import { readUint16, readUint32 } from '../../../daemon/wire/integers.ts';
import {
  ipv4HeaderLength,
  PROTOCOL_GRE,
  PROTOCOL_ICMP,
  PROTOCOL_IPIP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../../daemon/wire/ipv4.ts';
import { formatIpv4, readIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import { formatMac, readMac } from '../../../daemon/wire/mac-address.ts';

/** ARP as it is told. */
export interface ArpFacts {
  readonly kind: 'arp';
  readonly source: string;
  readonly destination: string;
  readonly isRequest: boolean;
  readonly sender: string;
  readonly target: string;
}

/** An IPv4 header; the port behind it where UDP carries a tunnel. */
export interface IpFacts {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly length: number;
  readonly isSound: boolean;
  readonly port?: number;
}

/** A TCP segment. */
export interface TcpFacts {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** An IPv4 packet in its frame; `outer` are the headers that a tunnel put before it. */
export interface PacketFacts {
  readonly kind: 'ip';
  /** MAC addresses. */
  readonly source: string;
  readonly destination: string;
  readonly outer: readonly IpFacts[];
  readonly ip: IpFacts;
  /** The packet itself, without the frame's and the tunnel's headers. */
  readonly packet: Uint8Array;
  readonly tcp?: TcpFacts;
  readonly udp?: {
    readonly sourcePort: number;
    readonly destinationPort: number;
    readonly payload: Uint8Array;
  };
  readonly icmp?: {
    readonly type: number;
    readonly code: number;
    /** The second word: identifier and sequence, or the next hop's MTU. */
    readonly rest: number;
    readonly quoted?: { readonly ip: IpFacts; readonly ports: readonly [number, number] };
  };
  /** Whether every checksum in it is right. */
  readonly isSound: boolean;
}

/** Takes a frame apart; `undefined` for what is neither ARP nor IPv4, and for IGMP. */
export function frameFacts(frame: Uint8Array): ArpFacts | PacketFacts | undefined {
  const destination = formatMac(readMac(frame, 0));
  const source = formatMac(readMac(frame, 6));
  const type = readUint16(frame, 12);
  if (type === 0x0806) {
    const arp = decodeArp(frame, 14, frame.length);
    if (typeof arp === 'string') return undefined;
    return {
      kind: 'arp',
      source,
      destination,
      isRequest: arp.operation === ARP_REQUEST,
      sender: formatIpv4(arp.senderProtocolAddress),
      target: formatIpv4(arp.targetProtocolAddress),
    };
  }
  if (type !== 0x0800 || frame.length < 34 || frame[23] === 2) return undefined;
  return { kind: 'ip', source, destination, ...packetFacts(frame.subarray(14)) };
}

function packetFacts(bytes: Uint8Array): Omit<PacketFacts, 'kind' | 'source' | 'destination'> {
  const ip = ipFacts(bytes, 0);
  const packet = bytes.subarray(0, ip.length);
  const at = ipv4HeaderLength(packet, 0);
  const inner = innerAt(packet, ip, at);
  if (inner !== undefined && packet.length >= inner + 20) {
    const facts = packetFacts(packet.subarray(inner));
    const outer = ip.protocol === PROTOCOL_UDP ? { ...ip, port: readUint16(packet, at + 2) } : ip;
    return { ...facts, outer: [outer, ...facts.outer], isSound: facts.isSound && ip.isSound };
  }
  const base = { outer: [], ip, packet };
  if ((readUint16(packet, 6) & 0x1fff) !== 0) return { ...base, isSound: ip.isSound };
  if (ip.protocol === PROTOCOL_TCP) {
    const isSound = ip.isSound && isSumRight(packet, ip, at);
    return { ...base, tcp: tcpFacts(packet, at), isSound };
  }
  if (ip.protocol === PROTOCOL_UDP) {
    const udp = {
      sourcePort: readUint16(packet, at),
      destinationPort: readUint16(packet, at + 2),
      payload: packet.subarray(at + 8),
    };
    const hasSum = readUint16(packet, at + 6) !== 0;
    return { ...base, udp, isSound: ip.isSound && (!hasSum || isSumRight(packet, ip, at)) };
  }
  if (ip.protocol !== PROTOCOL_ICMP) return { ...base, isSound: ip.isSound };
  const isSound = ip.isSound && internetChecksum(packet, at, packet.length - at) === 0;
  return { ...base, icmp: icmpFacts(packet, at), isSound };
}

/** Where the packet in a tunnel's packet begins. */
function innerAt(packet: Uint8Array, ip: IpFacts, at: number): number | undefined {
  if (ip.protocol === PROTOCOL_IPIP) return at;
  if (ip.protocol === PROTOCOL_GRE) {
    const flags = packet[at] ?? 0;
    return at + 4 + ((flags & 0x80) !== 0 ? 4 : 0) + ((flags & 0x20) !== 0 ? 4 : 0);
  }
  if (ip.protocol !== PROTOCOL_UDP) return undefined;
  // GUE, by whatever port: version 0, no control message, IPv4 inside with a right checksum.
  const inner = at + 12 + ((packet[at + 8] ?? 0) & 0x1f) * 4;
  const isGue = ((packet[at + 8] ?? 0) & 0xe0) === 0 && packet[at + 9] === PROTOCOL_IPIP;
  const isInside = packet.length >= inner + 20 && packet[inner] === 0x45;
  return isGue && isInside && ipFacts(packet, inner).isSound ? inner : undefined;
}

function ipFacts(bytes: Uint8Array, at: number): IpFacts {
  return {
    source: formatIpv4(readIpv4(bytes, at + 12)),
    destination: formatIpv4(readIpv4(bytes, at + 16)),
    protocol: bytes[at + 9] ?? 0,
    ttl: bytes[at + 8] ?? 0,
    id: readUint16(bytes, at + 4),
    dontFragment: ((bytes[at + 6] ?? 0) & 0x40) !== 0,
    length: readUint16(bytes, at + 2),
    isSound: internetChecksum(bytes, at, ipv4HeaderLength(bytes, at)) === 0,
  };
}

function tcpFacts(packet: Uint8Array, at: number): TcpFacts {
  return {
    sourcePort: readUint16(packet, at),
    destinationPort: readUint16(packet, at + 2),
    sequence: readUint32(packet, at + 4),
    acknowledgement: readUint32(packet, at + 8),
    flags: packet[at + 13] ?? 0,
    payload: packet.subarray(at + ((packet[at + 12] ?? 0) >> 4) * 4),
  };
}

function icmpFacts(packet: Uint8Array, at: number): NonNullable<PacketFacts['icmp']> {
  const type = packet[at] ?? 0;
  const base = { type, code: packet[at + 1] ?? 0, rest: readUint32(packet, at + 4) };
  const isError = [3, 4, 5, 11, 12].includes(type) && packet.length >= at + 36;
  if (!isError) return base;
  const inner = at + 8;
  const portsAt = inner + ipv4HeaderLength(packet, inner);
  const ports = [readUint16(packet, portsAt), readUint16(packet, portsAt + 2)] as const;
  return { ...base, quoted: { ip: ipFacts(packet, inner), ports } };
}

function isSumRight(packet: Uint8Array, ip: IpFacts, at: number): boolean {
  const length = packet.length - at;
  const pseudo = pseudoHeaderSumV4({
    source: readIpv4(packet, 12),
    destination: readIpv4(packet, 16),
    protocol: ip.protocol,
    length,
  });
  return internetChecksum(packet, at, length, pseudo) === 0;
}
