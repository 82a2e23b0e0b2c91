/** IPv4 and IPv6 headers for the packet tree, and which dissector comes next. */

import { decodeAh, readAhLength } from '../../daemon/wire/ah.ts';
import { addressSum } from '../../daemon/wire/checksum.ts';
import {
  decodeIpv4Header,
  ipv4HeaderLength,
  PROTOCOL_AH,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_IGMP,
  PROTOCOL_IPIP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_VRRP,
} from '../../daemon/wire/ipv4.ts';
import { formatIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { decodeIpv6Header, findIpv6Payload, IPV6_HEADER_LENGTH } from '../../daemon/wire/ipv6.ts';
import { formatIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { formatHex } from '../../daemon/wire/text.ts';
import type { OpenNode, PacketBuilder } from './packet-builder.ts';
import { dissectIcmp, dissectIcmpv6, dissectIgmp } from './packet-tree-control.ts';
import { dissectTcp, dissectUdp } from './packet-tree-transport.ts';
import { dissectVrrp } from './packet-tree-vrrp.ts';

/** A packet inside a packet inside …: no deeper than that. */
const NESTING_MAX = 4;

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [PROTOCOL_ICMP, 'ICMP'],
  [PROTOCOL_IGMP, 'IGMP'],
  [PROTOCOL_IPIP, 'IPIP'],
  [PROTOCOL_TCP, 'TCP'],
  [PROTOCOL_UDP, 'UDP'],
  [PROTOCOL_AH, 'AH'],
  [PROTOCOL_ICMPV6, 'ICMPv6'],
  [PROTOCOL_VRRP, 'VRRP'],
]);

/** What the layers above need of the IP header. */
export interface IpFacts {
  readonly family: 'inet' | 'inet6';
  /** `addressSum` of source and destination, for checksums. */
  readonly addresses: number;
  readonly ttl: number;
  readonly source: string;
  readonly destination: string;
}

/** An IPv4 packet at `at`. */
export function dissectIpv4(builder: PacketBuilder, at: number, end: number, nesting = 0): void {
  const { bytes } = builder;
  builder.protocol = 'IPv4';
  const header = decodeIpv4Header(bytes, at, end);
  if (typeof header === 'string') {
    const broken = { start: at, length: end - at };
    const node = builder.layer('ip', 'Internet Protocol Version 4', broken);
    builder.warn(node, broken, `Malformed: ${header}`);
    builder.info = header;
    return;
  }
  const source = formatIpv4(header.source);
  const destination = formatIpv4(header.destination);
  const length = ipv4HeaderLength(bytes, at);
  const label = `Internet Protocol Version 4, Src: ${source}, Dst: ${destination}`;
  const node = builder.layer('ip', label, { start: at, length });
  const field = builder.fieldsOf(node);
  field(0, 1, 'hdr_len', 'Header Length', length);
  field(1, 1, 'dsfield', 'Differentiated Services Field', header.tos);
  field(2, 2, 'len', 'Total Length', header.totalLength);
  field(4, 2, 'id', 'Identification', header.identification);
  field(6, 2, 'frag_offset', 'Fragment Offset', header.fragmentOffset * 8);
  builder.note('ip.flags.df', (header.flags & 2) >> 1);
  builder.note('ip.flags.mf', header.flags & 1);
  field(8, 1, 'ttl', 'Time to Live', header.ttl);
  protocolField(builder, node, { at: at + 9, field: 'ip.proto', protocol: header.protocol });
  builder.text(node, { start: at + 10, length: 2 }, 'Header Checksum: correct');
  addresses(builder, node, { family: 'ip', at: at + 12, size: 4, source, destination });
  const facts: IpFacts = {
    family: 'inet',
    addresses: addressSum(header.source, header.destination),
    ttl: header.ttl,
    source,
    destination,
  };
  const body = { at: at + length, end: at + header.totalLength };
  if (header.fragmentOffset > 0) {
    builder.info = `Fragmented IP protocol (offset ${header.fragmentOffset * 8})`;
    builder.layer('data', 'Fragment data', { start: body.at, length: body.end - body.at });
    return;
  }
  // Wireshark marks multicast that should not travel so far; VRRP is meant to have 255.
  if (header.ttl < 5 && header.protocol !== PROTOCOL_IGMP && header.protocol !== PROTOCOL_VRRP) {
    builder.colour = 'ttl';
  }
  dissectUpper(builder, header.protocol, body, facts, nesting);
}

/** An IPv6 packet at `at`. */
export function dissectIpv6(builder: PacketBuilder, at: number, end: number, nesting = 0): void {
  const { bytes } = builder;
  builder.protocol = 'IPv6';
  const header = decodeIpv6Header(bytes, at, end);
  if (typeof header === 'string') {
    const broken = { start: at, length: end - at };
    const node = builder.layer('ipv6', 'Internet Protocol Version 6', broken);
    builder.warn(node, broken, `Malformed: ${header}`);
    builder.info = header;
    return;
  }
  const source = formatIpv6(header.source);
  const destination = formatIpv6(header.destination);
  const label = `Internet Protocol Version 6, Src: ${source}, Dst: ${destination}`;
  const node = builder.layer('ipv6', label, { start: at, length: IPV6_HEADER_LENGTH });
  const field = builder.fieldsOf(node);
  field(0, 2, 'tclass', 'Traffic Class', header.trafficClass);
  field(1, 3, 'flow', 'Flow Label', header.flowLabel);
  field(4, 2, 'plen', 'Payload Length', header.payloadLength);
  protocolField(builder, node, { at: at + 6, field: 'ipv6.nxt', protocol: header.nextHeader });
  field(7, 1, 'hlim', 'Hop Limit', header.hopLimit);
  addresses(builder, node, { family: 'ipv6', at: at + 8, size: 16, source, destination });
  const payload = findIpv6Payload(bytes, at);
  if (typeof payload === 'string') {
    builder.warn(node, { start: at, length: IPV6_HEADER_LENGTH }, `Malformed: ${payload}`);
    builder.info = payload;
    return;
  }
  if (payload.at > at + IPV6_HEADER_LENGTH) {
    const start = at + IPV6_HEADER_LENGTH;
    builder.text(node, { start, length: payload.at - start }, 'Extension headers');
  }
  const facts: IpFacts = {
    family: 'inet6',
    addresses: addressSum(header.source, header.destination),
    ttl: header.hopLimit,
    source,
    destination,
  };
  const body = { at: payload.at, end: at + IPV6_HEADER_LENGTH + header.payloadLength };
  dissectUpper(builder, payload.protocol, body, facts, nesting);
}

/** What stands behind an IP header, or behind an authentication header. */
function dissectUpper(
  builder: PacketBuilder,
  protocol: number,
  body: { readonly at: number; readonly end: number },
  facts: IpFacts,
  nesting: number,
): void {
  switch (protocol) {
    case PROTOCOL_ICMP:
      dissectIcmp(builder, body, (at, end) => {
        if (nesting < NESTING_MAX)
          builder.text(lastOf(builder), { start: at, length: end - at }, 'Original packet');
      });
      return;
    case PROTOCOL_IGMP:
      dissectIgmp(builder, body);
      return;
    case PROTOCOL_TCP:
      dissectTcp(builder, body, facts);
      return;
    case PROTOCOL_UDP:
      dissectUdp(builder, body, facts);
      return;
    case PROTOCOL_ICMPV6:
      dissectIcmpv6(builder, body, facts);
      return;
    case PROTOCOL_VRRP:
      dissectVrrp(builder, body, facts);
      return;
    case PROTOCOL_AH:
      dissectAh(builder, body, facts, nesting);
      return;
    case PROTOCOL_IPIP:
      if (nesting >= NESTING_MAX) break;
      dissectIpv4(builder, body.at, body.end, nesting + 1);
      return;
    default:
  }
  builder.protocol = PROTOCOL_NAMES.get(protocol) ?? `IP ${protocol}`;
  builder.info = `${body.end - body.at} bytes of protocol ${protocol}`;
  builder.layer('data', 'Data', { start: body.at, length: body.end - body.at });
}

function dissectAh(
  builder: PacketBuilder,
  body: { readonly at: number; readonly end: number },
  facts: IpFacts,
  nesting: number,
): void {
  const ah = decodeAh(builder.bytes, body.at, body.end);
  if (typeof ah === 'string') {
    const broken = { start: body.at, length: body.end - body.at };
    builder.warn(builder.layer('ah', 'Authentication Header', broken), broken, `Malformed: ${ah}`);
    builder.info = ah;
    return;
  }
  const length = readAhLength(builder.bytes, body.at);
  const node = builder.layer('ah', 'Authentication Header', { start: body.at, length });
  const field = builder.fieldsOf(node);
  field(4, 4, 'spi', 'AH SPI', ah.spi);
  field(8, 4, 'sequence', 'AH Sequence', ah.sequence);
  const icv = { start: body.at + 12, length: length - 12 };
  builder.field(node, icv, { field: 'ah.icv', label: 'AH ICV', value: formatHex(ah.icv) });
  dissectUpper(builder, ah.nextHeader, { at: body.at + length, end: body.end }, facts, nesting);
}

function lastOf(builder: PacketBuilder): OpenNode {
  return builder.tree.at(-1) as OpenNode;
}

function protocolField(
  builder: PacketBuilder,
  node: OpenNode,
  what: { readonly at: number; readonly field: string; readonly protocol: number },
): void {
  const shown = `${PROTOCOL_NAMES.get(what.protocol) ?? 'Unknown'} (${what.protocol})`;
  const place = { start: what.at, length: 1 };
  builder.field(node, place, { field: what.field, label: 'Protocol', value: what.protocol, shown });
}

function addresses(
  builder: PacketBuilder,
  node: OpenNode,
  what: {
    readonly family: 'ip' | 'ipv6';
    readonly at: number;
    readonly size: number;
    readonly source: string;
    readonly destination: string;
  },
): void {
  const { family, at, size, source, destination } = what;
  const from = { start: at, length: size };
  const to = { start: at + size, length: size };
  builder.field(node, from, { field: `${family}.src`, label: 'Source Address', value: source });
  const target = { field: `${family}.dst`, label: 'Destination Address', value: destination };
  builder.field(node, to, target);
  builder.note(`${family}.addr`, source);
  builder.note(`${family}.addr`, destination);
  builder.source = source;
  builder.destination = destination;
}
