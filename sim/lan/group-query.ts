/**
 * The frames by which a switch asks who wants which group: IGMPv2 queries from 0.0.0.0, as Linux' bridge with
 * `multicast_querier` sends them, and MLDv1 queries from the link-local address of its own MAC. When to send them is
 * the business of `switch-querier.ts`. Read RFC 2236 section 3, RFC 2710 section 3.
 */

import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  writeEthernetHeader,
} from '../../daemon/wire/ethernet.ts';
import { ALL_NODES_IPV6 } from '../../daemon/wire/icmpv6.ts';
import { ALL_SYSTEMS_GROUP, encodeIgmp, IGMP_HEADER_LENGTH } from '../../daemon/wire/igmp.ts';
import { type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import {
  encodeIpv4Header,
  IPV4_HEADER_LENGTH,
  PROTOCOL_IGMP,
  ROUTER_ALERT_OPTION,
} from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address, multicastMacOfIpv4 } from '../../daemon/wire/ipv4-address.ts';
import {
  ANY_IPV6,
  type Ipv6Address,
  linkLocalOfMac,
  multicastMacOfIpv6,
} from '../../daemon/wire/ipv6-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import { mldFrame } from './mld-frame.ts';

/** Time between general queries (RFC 2236 section 8.2), µs. */
export const QUERY_INTERVAL_US = 125_000_000;
/** Between the first queries of a querier that just started (section 8.6), µs. */
export const STARTUP_QUERY_INTERVAL_US = 31_250_000;
/** Queries sent at that pace (section 8.7). */
export const STARTUP_QUERY_COUNT = 2;
/** Between queries for a group that somebody left (section 8.8), µs. */
export const LAST_MEMBER_QUERY_INTERVAL_US = 1_000_000;
/** Response time of general queries, tenths of a second (section 8.3). */
const RESPONSE_TENTHS = 100;
const LAST_MEMBER_RESPONSE_TENTHS = 10;

const NOTHING = new Uint8Array(0);

/** What is asked for: everything of a family, or one group. */
export type AskedGroup = 'all-inet' | 'all-inet6' | IpAddress;

/** The frame of a query. */
export function makeQuery(source: MacAddress, asked: AskedGroup): Uint8Array {
  if (asked === 'all-inet') return igmpQuery(source, undefined);
  if (asked === 'all-inet6') return mldQuery(source, undefined);
  return isIpv4(asked) ? igmpQuery(source, asked) : mldQuery(source, asked);
}

function mldQuery(source: MacAddress, group: Ipv6Address | undefined): Uint8Array {
  const destination = group ?? ALL_NODES_IPV6;
  const tenths = group === undefined ? RESPONSE_TENTHS : LAST_MEMBER_RESPONSE_TENTHS;
  const maxResponseMs = tenths * 100;
  const frame = mldFrame(
    { kind: 'mld-query', code: 0, maxResponseMs, group: group ?? ANY_IPV6, rest: NOTHING },
    { source: linkLocalOfMac(source), destination },
  );
  const mac = multicastMacOfIpv6(destination);
  writeEthernetHeader({ destination: mac, source, etherType: ETHERTYPE_IPV6 }, frame, 0);
  return frame;
}

function igmpQuery(source: MacAddress, group: Ipv4Address | undefined): Uint8Array {
  const destination = group ?? ALL_SYSTEMS_GROUP;
  const ipLength = IPV4_HEADER_LENGTH + ROUTER_ALERT_OPTION.length + IGMP_HEADER_LENGTH;
  const frame = new Uint8Array(ETHERNET_HEADER_LENGTH + ipLength);
  const mac = multicastMacOfIpv4(destination);
  let at = writeEthernetHeader({ destination: mac, source, etherType: ETHERTYPE_IPV4 }, frame, 0);
  at = encodeIpv4Header(
    {
      tos: 0xc0,
      totalLength: ipLength,
      identification: 0,
      flags: 0,
      fragmentOffset: 0,
      ttl: 1,
      protocol: PROTOCOL_IGMP,
      source: ANY_IPV4,
      destination,
      options: ROUTER_ALERT_OPTION,
    },
    frame,
    at,
  );
  const maxResponseCode = group === undefined ? RESPONSE_TENTHS : LAST_MEMBER_RESPONSE_TENTHS;
  encodeIgmp({ kind: 'query', version: 2, group: group ?? ANY_IPV4, maxResponseCode }, frame, at);
  return frame;
}
