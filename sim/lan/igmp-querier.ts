/**
 * The frames by which a switch asks who wants which group: IGMPv2 queries from 0.0.0.0, as Linux' bridge with
 * `multicast_querier` sends them. When to send them is the switch's business. Read RFC 2236 section 3.
 */

import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_IPV4,
  writeEthernetHeader,
} from '../../daemon/wire/ethernet.ts';
import { ALL_SYSTEMS_GROUP, encodeIgmp, IGMP_HEADER_LENGTH } from '../../daemon/wire/igmp.ts';
import {
  encodeIpv4Header,
  IPV4_HEADER_LENGTH,
  PROTOCOL_IGMP,
  ROUTER_ALERT_OPTION,
} from '../../daemon/wire/ipv4.ts';
import {
  ANY_IPV4,
  type Ipv4Address,
  ipv4FromNumber,
  multicastMacOfIpv4,
} from '../../daemon/wire/ipv4-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';

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

/** A query for one group, or for all (0). */
export function makeQuery(source: MacAddress, groupNumber: number): Uint8Array {
  const group: Ipv4Address = ipv4FromNumber(groupNumber);
  const general = groupNumber === 0;
  const destination = general ? ALL_SYSTEMS_GROUP : group;
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
  const maxResponseCode = general ? RESPONSE_TENTHS : LAST_MEMBER_RESPONSE_TENTHS;
  encodeIgmp({ kind: 'query', version: 2, group, maxResponseCode }, frame, at);
  return frame;
}
