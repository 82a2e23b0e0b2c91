/**
 * Takes a frame apart as Wireshark's middle pane shows it: a tree of protocols and fields, each with the bytes it stands
 * for, the summary of the packet list, and the fields that filters compare. Names of fields are Wireshark's. One pass
 * makes all three, so they cannot disagree. Never throws: what is cut off or broken becomes a line that says so.
 */

import { decodeArp, isGratuitousArp } from '../../daemon/wire/arp.ts';
import {
  decodeEthernetHeader,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_SMALLEST,
  ETHERTYPE_VLAN,
} from '../../daemon/wire/ethernet.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import { formatIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { BROADCAST_MAC, formatMac, isGroupMac } from '../../daemon/wire/mac-address.ts';
import { type DissectedPacket, PacketBuilder } from './packet-builder.ts';
import { dissectIpv4, dissectIpv6 } from './packet-tree-ip.ts';

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [ETHERTYPE_IPV4, 'IPv4'],
  [ETHERTYPE_ARP, 'ARP'],
  [ETHERTYPE_IPV6, 'IPv6'],
  [ETHERTYPE_VLAN, '802.1Q Virtual LAN'],
]);

/** What a filter may know of a frame besides its bytes. */
export interface PacketFacts {
  /** Counts from 1. */
  readonly number: number;
  /** µs since the start. */
  readonly at: number;
  /** Number of the TCP conversation. */
  readonly stream?: number;
  /** A TCP retransmission. */
  readonly repeated?: true;
  readonly lost?: string;
}

/** Takes one frame apart; see the head of the file. */
export function dissectPacket(frame: Uint8Array, facts: PacketFacts): DissectedPacket {
  const builder = new PacketBuilder(frame);
  const { length } = frame;
  const root = builder.layer('frame', `Frame ${facts.number}: ${length} bytes`, {
    start: 0,
    length,
  });
  const whole = { start: 0, length: 0 };
  builder.field(root, whole, { field: 'frame.number', label: 'Frame Number', value: facts.number });
  builder.field(root, whole, {
    field: 'frame.time_relative',
    label: 'Time since start',
    value: facts.at / 1_000_000,
    shown: `${(facts.at / 1_000_000).toFixed(6)} seconds`,
  });
  builder.field(root, whole, { field: 'frame.len', label: 'Frame Length', value: length });
  if (facts.lost !== undefined) {
    const what = { field: 'frame.lost', label: 'Lost', value: facts.lost };
    builder.field(root, whole, what).warning = true;
  }
  if (facts.stream !== undefined) builder.note('tcp.stream', facts.stream);
  dissectEthernet(builder);
  if (facts.repeated === true) noteRetransmission(builder);
  return builder.finish();
}

/** Wireshark's words, and its colour "Bad TCP", which goes before that of any protocol on TCP. */
function noteRetransmission(builder: PacketBuilder): void {
  builder.note('tcp.analysis.flags', 1);
  builder.note('tcp.analysis.retransmission', 1);
  builder.info = `[TCP Retransmission] ${builder.info}`;
  builder.colour = 'trouble';
}

function dissectEthernet(builder: PacketBuilder): void {
  const { bytes } = builder;
  const header = decodeEthernetHeader(bytes, 0, bytes.length);
  if (typeof header === 'string') {
    const node = builder.layer('eth', 'Ethernet II', { start: 0, length: bytes.length });
    builder.warn(node, { start: 0, length: bytes.length }, `Malformed: ${header}`);
    builder.info = header;
    return;
  }
  const [source, destination] = [formatMac(header.source), formatMac(header.destination)];
  builder.source = source;
  builder.destination = header.destination === BROADCAST_MAC ? 'Broadcast' : destination;
  const label = `Ethernet II, Src: ${source}, Dst: ${destination}`;
  const node = builder.layer('eth', label, { start: 0, length: 14 });
  const to = { start: 0, length: 6 };
  const from = { start: 6, length: 6 };
  builder.field(node, to, { field: 'eth.dst', label: 'Destination', value: destination });
  builder.field(node, from, { field: 'eth.src', label: 'Source', value: source });
  builder.note('eth.addr', destination);
  builder.note('eth.addr', source);
  if (isGroupMac(header.destination)) builder.note('eth.dst.ig', 1);
  const typeAt = { start: 12, length: 2 };
  const type = header.etherType;
  const shown = `${TYPE_NAMES.get(type) ?? 'Unknown'} (0x${type.toString(16).padStart(4, '0')})`;
  builder.field(node, typeAt, { field: 'eth.type', label: 'Type', value: type, shown });
  if (header.destination === BROADCAST_MAC) builder.colour = 'broadcast';
  dissectPayload(builder, type, 14, 0);
}

/** What stands behind an Ethernet header or a tag. */
function dissectPayload(builder: PacketBuilder, type: number, at: number, tags: number): void {
  const { bytes } = builder;
  if (type === ETHERTYPE_ARP) dissectArp(builder, at);
  else if (type === ETHERTYPE_IPV4) dissectIpv4(builder, at, bytes.length);
  else if (type === ETHERTYPE_IPV6) dissectIpv6(builder, at, bytes.length);
  else if (type === ETHERTYPE_VLAN && tags < 2 && bytes.length >= at + 4) {
    const tag = readUint16(bytes, at);
    const node = builder.layer('vlan', `802.1Q Virtual LAN, ID: ${tag & 0xfff}`, {
      start: at,
      length: 4,
    });
    const place = { start: at, length: 2 };
    builder.field(node, place, { field: 'vlan.priority', label: 'Priority', value: tag >>> 13 });
    builder.field(node, place, { field: 'vlan.id', label: 'ID', value: tag & 0xfff });
    dissectPayload(builder, readUint16(bytes, at + 2), at + 4, tags + 1);
  } else {
    builder.protocol =
      type < ETHERTYPE_SMALLEST ? 'LLC' : `0x${type.toString(16).padStart(4, '0')}`;
    builder.info = `${bytes.length - at} bytes of data`;
    const rest = { start: at, length: bytes.length - at };
    builder.layer('data', `Data (${rest.length} bytes)`, rest);
  }
}

function dissectArp(builder: PacketBuilder, at: number): void {
  const { bytes } = builder;
  builder.protocol = 'ARP';
  builder.colour = 'arp';
  const arp = decodeArp(bytes, at, bytes.length);
  const length = Math.min(28, bytes.length - at);
  if (typeof arp === 'string') {
    const node = builder.layer('arp', 'Address Resolution Protocol', { start: at, length });
    builder.warn(node, { start: at, length }, `Malformed: ${arp}`);
    builder.info = arp;
    return;
  }
  const sender = formatIpv4(arp.senderProtocolAddress);
  const target = formatIpv4(arp.targetProtocolAddress);
  const senderMac = formatMac(arp.senderHardwareAddress);
  const gratuitous = isGratuitousArp(arp);
  const kind = arp.operation === 1 ? 'request' : arp.operation === 2 ? 'reply' : 'unknown';
  const title = `Address Resolution Protocol (${kind}${gratuitous ? '/gratuitous ARP' : ''})`;
  const node = builder.layer('arp', title, { start: at, length });
  const field = builder.fieldsOf(node);
  field(6, 2, 'opcode', 'Opcode', arp.operation);
  if (gratuitous) builder.note('arp.isgratuitous', 1);
  field(8, 6, 'src.hw_mac', 'Sender MAC address', senderMac);
  field(14, 4, 'src.proto_ipv4', 'Sender IP address', sender);
  field(18, 6, 'dst.hw_mac', 'Target MAC address', formatMac(arp.targetHardwareAddress));
  field(24, 4, 'dst.proto_ipv4', 'Target IP address', target);
  if (gratuitous) {
    builder.info = `Gratuitous ARP for ${sender} (${kind === 'reply' ? 'Reply' : 'Request'})`;
  } else if (arp.operation === 1) builder.info = `Who has ${target}? Tell ${sender}`;
  else if (arp.operation === 2) builder.info = `${sender} is at ${senderMac}`;
  else builder.info = `Unknown ARP opcode ${arp.operation}`;
}
