/**
 * What a multicast frame says to a switch that looks into it: data to a group, a query, or a report of who joined and
 * left. IGMP and MLD say the same in other bytes; tagged frames are not looked into. Read RFC 4541 sections 2.1 and 3.
 */

import { ipv6AddressSum } from '../../daemon/wire/checksum.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../../daemon/wire/ethernet.ts';
import { decodeIcmpv6, type Icmpv6Message } from '../../daemon/wire/icmpv6.ts';
import {
  ALLOW_NEW_SOURCES,
  BLOCK_OLD_SOURCES,
  CHANGE_TO_EXCLUDE,
  decodeIgmp,
  type IgmpMessage,
  MODE_IS_EXCLUDE,
} from '../../daemon/wire/igmp.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import {
  checkIpv4Header,
  ipv4HeaderLength,
  PROTOCOL_IGMP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4TotalLength,
} from '../../daemon/wire/ipv4.ts';
import {
  checkIpv6Header,
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  NEXT_HEADER_HOP_BY_HOP,
  readIpv6Destination,
  readIpv6NextHeader,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';

/** Where the IP header starts. */
const IP_AT = 14;
const PROTOCOL_ICMPV6 = 58;

/** See the head of the file. */
export type GroupMessage =
  | { readonly kind: 'data'; readonly group: IpAddress }
  | { readonly kind: 'query'; readonly family: IpFamily }
  | GroupReport;

interface GroupReport {
  readonly kind: 'report';
  readonly family: IpFamily;
  readonly joined: readonly IpAddress[];
  readonly left: readonly IpAddress[];
}

/** Reads a frame with a group address; `undefined` when it is neither IPv4 nor IPv6, or damaged. */
export function readGroupMessage(frame: Uint8Array): GroupMessage | undefined {
  if (frame.length < IP_AT + 20) return undefined;
  const type = readUint16(frame, 12);
  if (type === ETHERTYPE_IPV4) return readIpv4Message(frame);
  return type === ETHERTYPE_IPV6 ? readIpv6Message(frame) : undefined;
}

function readIpv4Message(frame: Uint8Array): GroupMessage | undefined {
  if (checkIpv4Header(frame, IP_AT, frame.length) !== undefined) return undefined;
  const data = { kind: 'data', group: readIpv4Destination(frame, IP_AT) } as const;
  if (readIpv4Protocol(frame, IP_AT) !== PROTOCOL_IGMP) return data;
  const end = IP_AT + readIpv4TotalLength(frame, IP_AT);
  const message = decodeIgmp(frame, IP_AT + ipv4HeaderLength(frame, IP_AT), end);
  return typeof message === 'string' ? data : (fromIgmp(message) ?? data);
}

function fromIgmp(message: IgmpMessage): GroupMessage | undefined {
  const family = 'inet';
  switch (message.kind) {
    case 'query':
    case 'query-v3':
      return { kind: 'query', family };
    case 'report-v1':
    case 'report-v2':
      return { kind: 'report', family, joined: [message.group], left: [] };
    case 'leave':
      return { kind: 'report', family, joined: [], left: [message.group] };
    case 'report-v3':
      return fromRecords(family, message.records);
    default:
      return undefined;
  }
}

/** MLD stands behind a hop-by-hop header with the router alert; without one it is data (RFC 3810 section 5). */
function readIpv6Message(frame: Uint8Array): GroupMessage | undefined {
  if (frame.length < IP_AT + IPV6_HEADER_LENGTH) return undefined;
  if (checkIpv6Header(frame, IP_AT, frame.length) !== undefined) return undefined;
  const group = readIpv6Destination(frame, IP_AT);
  const data = { kind: 'data', group } as const;
  if (readIpv6NextHeader(frame, IP_AT) !== NEXT_HEADER_HOP_BY_HOP) return data;
  const payload = findIpv6Payload(frame, IP_AT);
  if (typeof payload === 'string') return undefined;
  if (payload.protocol !== PROTOCOL_ICMPV6 || payload.fragment) return data;
  const end = IP_AT + IPV6_HEADER_LENGTH + readIpv6PayloadLength(frame, IP_AT);
  const addresses = ipv6AddressSum(readIpv6Source(frame, IP_AT), group);
  const message = decodeIcmpv6(frame, payload.at, end, addresses);
  return typeof message === 'string' ? data : (fromMld(message) ?? data);
}

function fromMld(message: Icmpv6Message): GroupMessage | undefined {
  const family = 'inet6';
  switch (message.kind) {
    case 'mld-query':
      return { kind: 'query', family };
    case 'mld-report':
      return { kind: 'report', family, joined: [message.group], left: [] };
    case 'mld-done':
      return { kind: 'report', family, joined: [], left: [message.group] };
    case 'mld-report-v2':
      return fromRecords(family, message.records);
    default:
      return undefined;
  }
}

/** Excluding nothing is a join, including nothing a leave. Source: RFC 3376 section 5.1, RFC 3810 section 6.1. */
function fromRecords(
  family: IpFamily,
  records: readonly {
    readonly type: number;
    readonly group: IpAddress;
    readonly sources: readonly IpAddress[];
  }[],
): GroupReport {
  const joined: IpAddress[] = [];
  const left: IpAddress[] = [];
  for (const { type, group, sources } of records) {
    if (type === BLOCK_OLD_SOURCES) continue;
    const joins =
      type === MODE_IS_EXCLUDE || type === CHANGE_TO_EXCLUDE || type === ALLOW_NEW_SOURCES;
    (joins || sources.length > 0 ? joined : left).push(group);
  }
  return { kind: 'report', family, joined, left };
}
