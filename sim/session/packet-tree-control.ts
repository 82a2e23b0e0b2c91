/** ICMP, ICMPv6 (neighbour discovery, MLD) and IGMP for the packet tree. */

import { decodeIcmp, readIcmpCode, readIcmpType } from '../../daemon/wire/icmp.ts';
import { decodeIcmpv6, readIcmpv6Type } from '../../daemon/wire/icmpv6.ts';
import { decodeIgmp } from '../../daemon/wire/igmp.ts';
import { formatIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { formatIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import type { PacketBuilder } from './packet-builder.ts';
import type { IpFacts } from './packet-tree-ip.ts';

/** A stretch of the frame. */
interface Body {
  readonly at: number;
  readonly end: number;
}

const UNREACHABLE: readonly string[] = [
  'Network unreachable',
  'Host unreachable',
  'Protocol unreachable',
  'Port unreachable',
  'Fragmentation needed',
];

/** An ICMP message; `quote` is called with the packet that an error is about. */
export function dissectIcmp(
  builder: PacketBuilder,
  body: Body,
  quote: (at: number, end: number) => void,
): void {
  const { bytes } = builder;
  const { at, end } = body;
  builder.protocol = 'ICMP';
  if (builder.colour !== 'ttl') builder.colour = 'icmp';
  const place = { start: at, length: end - at };
  const node = builder.layer('icmp', 'Internet Control Message Protocol', place);
  const message = decodeIcmp(bytes, at, end);
  if (typeof message === 'string') {
    builder.warn(node, place, `Malformed: ${message}`);
    builder.info = message;
    return;
  }
  const type = readIcmpType(bytes, at);
  const code = readIcmpCode(bytes, at);
  const field = builder.fieldsOf(node);
  field(0, 1, 'type', 'Type', type);
  field(1, 1, 'code', 'Code', code);
  builder.text(node, { start: at + 2, length: 2 }, 'Checksum: correct');
  switch (message.kind) {
    case 'echo-request':
    case 'echo-reply': {
      field(4, 2, 'ident', 'Identifier', message.identifier);
      field(6, 2, 'seq', 'Sequence Number', message.sequence);
      builder.text(node, { start: at + 8, length: end - at - 8 }, `Data (${end - at - 8} bytes)`);
      const id = `0x${message.identifier.toString(16).padStart(4, '0')}`;
      const what = message.kind === 'echo-request' ? 'request' : 'reply';
      builder.info = `Echo (ping) ${what} id=${id}, seq=${message.sequence}`;
      return;
    }
    case 'destination-unreachable':
      builder.info = `Destination unreachable (${UNREACHABLE[code] ?? `code ${code}`})`;
      break;
    case 'time-exceeded':
      builder.info = 'Time-to-live exceeded';
      break;
    case 'redirect':
      field(4, 4, 'redir_gw', 'Gateway Address', formatIpv4(message.gateway));
      builder.info = `Redirect to ${formatIpv4(message.gateway)}`;
      break;
    case 'parameter-problem':
      builder.info = `Parameter problem (octet ${message.pointer})`;
      break;
    default:
      builder.info = `Type ${type}, code ${code}`;
      return;
  }
  quote(at + 8, end);
}

/** An ICMPv6 message. */
export function dissectIcmpv6(builder: PacketBuilder, body: Body, ip: IpFacts): void {
  const { bytes } = builder;
  const { at, end } = body;
  builder.protocol = 'ICMPv6';
  builder.colour = 'icmp';
  const place = { start: at, length: end - at };
  const node = builder.layer('icmpv6', 'Internet Control Message Protocol v6', place);
  const message = decodeIcmpv6(bytes, at, end, ip.addresses);
  if (typeof message === 'string') {
    builder.warn(node, place, `Malformed: ${message}`);
    builder.info = message;
    return;
  }
  const field = builder.fieldsOf(node);
  const type = readIcmpv6Type(bytes, at);
  field(0, 1, 'type', 'Type', type);
  field(1, 1, 'code', 'Code', message.code);
  switch (message.kind) {
    case 'echo-request':
    case 'echo-reply': {
      field(4, 2, 'echo.identifier', 'Identifier', message.identifier);
      field(6, 2, 'echo.sequence_number', 'Sequence', message.sequence);
      const what = message.kind === 'echo-request' ? 'request' : 'reply';
      const id = `0x${message.identifier.toString(16).padStart(4, '0')}`;
      builder.info = `Echo (ping) ${what} id=${id}, seq=${message.sequence}`;
      return;
    }
    case 'neighbour-solicitation':
    case 'neighbour-advertisement': {
      const isAsking = message.kind === 'neighbour-solicitation';
      const target = formatIpv6(message.target);
      field(8, 16, `nd.${isAsking ? 'ns' : 'na'}.target_address`, 'Target Address', target);
      let link = '';
      for (const option of message.options) {
        if (!('mac' in option) || typeof option.mac !== 'number') continue;
        link = formatMac(option.mac);
        field(24, Math.max(0, end - at - 24), 'opt.linkaddr', 'Link-layer address', link);
      }
      if (message.kind === 'neighbour-advertisement') {
        const flags = { rtr: message.router, sol: message.solicited, ovr: message.override };
        const words = Object.entries(flags).flatMap(([word, on]) => (on ? [word] : []));
        builder.info = `Neighbor Advertisement ${target} (${words.join(', ')})`;
        if (link !== '') builder.info += ` is at ${link}`;
      } else {
        builder.info = `Neighbor Solicitation for ${target}`;
        if (link !== '') builder.info += ` from ${link}`;
      }
      return;
    }
    case 'mld-report-v2':
      for (const record of message.records) {
        const value = formatIpv6(record.group);
        field(8, end - at - 8, 'mldr.mar.multicast_address', 'Multicast Address', value);
      }
      builder.info = `Multicast Listener Report Message v2, ${groupsText(message.records.length)}`;
      return;
    default:
      builder.info = `${message.kind.replaceAll('-', ' ')} (type ${type})`;
  }
}

/** An IGMP message. */
export function dissectIgmp(builder: PacketBuilder, body: Body): void {
  const { at, end } = body;
  builder.protocol = 'IGMP';
  builder.colour = 'routing';
  const place = { start: at, length: end - at };
  const node = builder.layer('igmp', 'Internet Group Management Protocol', place);
  const message = decodeIgmp(builder.bytes, at, end);
  if (typeof message === 'string') {
    builder.warn(node, place, `Malformed: ${message}`);
    builder.info = message;
    return;
  }
  const field = builder.fieldsOf(node);
  field(0, 1, 'type', 'Type', builder.bytes[at] as number);
  switch (message.kind) {
    case 'query':
    case 'query-v3': {
      const group = formatIpv4(message.group);
      field(4, 4, 'maddr', 'Multicast Address', group);
      const which = group === '0.0.0.0' ? 'general' : `specific for group ${group}`;
      builder.info = `Membership Query, ${which}`;
      return;
    }
    case 'report-v1':
    case 'report-v2':
    case 'leave': {
      const group = formatIpv4(message.group);
      field(4, 4, 'maddr', 'Multicast Address', group);
      builder.info =
        message.kind === 'leave' ? `Leave Group ${group}` : `Membership Report group ${group}`;
      return;
    }
    case 'report-v3': {
      let next = at + 8;
      const words = message.records.map((record) => {
        const group = formatIpv4(record.group);
        const length = 8 + record.sources.length * 4 + record.auxiliary.length;
        builder.field(
          node,
          { start: next, length },
          {
            field: 'igmp.maddr',
            label: `Group Record (type ${record.type})`,
            value: group,
          },
        );
        next += length;
        return record.type === 3 ? `Leave group ${group}` : `Join group ${group}`;
      });
      builder.info = `Membership Report / ${words.join(' / ')}`;
      return;
    }
    default:
      builder.info = `Type ${message.type}`;
  }
}

function groupsText(count: number): string {
  return count === 1 ? '1 group' : `${count} groups`;
}
