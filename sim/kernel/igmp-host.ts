/**
 * IGMP of a host: the packets around `group-machine.ts`. Reports go to 224.0.0.22 with TTL 1,
 * precedence "internetwork control" and the router alert option, as recorded. 224.0.0.1 is never
 * reported.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import {
  ALL_ROUTERS_GROUP,
  ALL_SYSTEMS_GROUP,
  decodeIgmp,
  encodeIgmp,
  IGMP_V3_GROUP,
  type IgmpMessage,
  igmpCodeValue,
  igmpLength,
} from '../../daemon/wire/igmp.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import {
  encodeIpv4Header,
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
  PROTOCOL_IGMP,
  ROUTER_ALERT_OPTION,
} from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address, multicastMacOfIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { scopeNumber } from './address-selection.ts';
import {
  type GroupProtocol,
  type GroupRecord,
  hearQuery,
  hearReport,
  ticksOfTenths,
} from './group-machine.ts';
import { sendIpv4Frame } from './ipv4-output.ts';
import { HZ } from './kernel-clock.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';

const NOTHING = new Uint8Array(0);
/** Type of service of IGMP packets: internetwork control. */
const IGMP_TOS = 0xc0;
/** Version 1 queries mean 10 s. */
const VERSION_1_RESPONSE_TICKS = 10 * HZ;

/** IGMP as the group machine sees it. */
export const IGMP: GroupProtocol = {
  newest: 3,
  membershipsOf: (link) => link.igmp,
  isReported(kernel, group) {
    if (group === ALL_SYSTEMS_GROUP) return false;
    const local = (group as number) >>> 8 === 0xe0_00_00;
    return !local || kernel.settings['ipv4.igmp_link_local_mcast_reports'] !== 0;
  },
  groupMac: (group) => multicastMacOfIpv4(group as Ipv4Address),
  forcedVersion(kernel, link) {
    return kernel.ipv4All.force_igmp_version || link.ipv4.force_igmp_version;
  },
  unsolicitedMs(link, newest) {
    return newest
      ? link.ipv4.igmpv3_unsolicited_report_interval
      : link.ipv4.igmpv2_unsolicited_report_interval;
  },
  robustness: (kernel) => kernel.settings['ipv4.igmp_qrv'],
  sendReport(kernel, link, records) {
    const message = { kind: 'report-v3', records: records.map(toRecord) } as const;
    sendIgmp(kernel, link, message, IGMP_V3_GROUP);
  },
  sendOldReport(kernel, link, group, version) {
    const kind = version === 1 ? 'report-v1' : 'report-v2';
    sendIgmp(kernel, link, { kind, group: group as Ipv4Address }, group as Ipv4Address);
  },
  sendOldLeave(kernel, link, group) {
    sendIgmp(kernel, link, { kind: 'leave', group: group as Ipv4Address }, ALL_ROUTERS_GROUP);
  },
};

/** An IGMP message for this host, from `at` to `end`. */
export function receiveIgmp(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  const message = decodeIgmp(bytes, at, end);
  if (typeof message === 'string') {
    drop(kernel, message);
    return;
  }
  switch (message.kind) {
    case 'query':
      hearQuery(kernel, IGMP, link, {
        group: message.version === 1 ? undefined : asked(message.group),
        version: message.version,
        maxDelayTicks:
          message.version === 1 ? VERSION_1_RESPONSE_TICKS : ticksOfTenths(message.maxResponseCode),
        robustness: 0,
      });
      return;
    case 'query-v3':
      if (message.group === ANY_IPV4 && message.sources.length > 0) return;
      hearQuery(kernel, IGMP, link, {
        group: asked(message.group),
        version: 3,
        maxDelayTicks: ticksOfTenths(igmpCodeValue(message.maxResponseCode)),
        robustness: message.robustness,
      });
      return;
    case 'report-v1':
    case 'report-v2':
      hearReport(kernel, IGMP, link, message.group);
      return;
    default:
      return;
  }
}

function asked(group: Ipv4Address): IpAddress | undefined {
  return group === ANY_IPV4 ? undefined : group;
}

function toRecord(record: GroupRecord) {
  return { type: record.type, group: record.group as Ipv4Address, sources: [], auxiliary: NOTHING };
}

/** Sends through the link whatever the routes say; without an address the source is 0.0.0.0. */
function sendIgmp(
  kernel: KernelState,
  link: LinkState,
  message: IgmpMessage,
  destination: Ipv4Address,
): void {
  const headerLength = IPV4_HEADER_LENGTH + ROUTER_ALERT_OPTION.length;
  const totalLength = headerLength + igmpLength(message);
  const frame = newFrame(ETHERNET_HEADER_LENGTH + totalLength);
  const at = encodeIpv4Header(
    {
      tos: IGMP_TOS,
      totalLength,
      identification: 0,
      flags: IPV4_DONT_FRAGMENT,
      fragmentOffset: 0,
      ttl: 1,
      protocol: PROTOCOL_IGMP,
      source: sourceOn(link),
      destination,
      options: ROUTER_ALERT_OPTION,
    },
    frame,
    ETHERNET_HEADER_LENGTH,
  );
  encodeIgmp(message, frame, at);
  sendIpv4Frame(kernel, frame, { kind: 'multicast', link, nextHop: destination });
}

/** An address of the link itself: a VMAC without one reports from 0.0.0.0, as recorded. */
function sourceOn(link: LinkState): Ipv4Address {
  const own = link.addresses.find(
    (each) => typeof each.address === 'number' && !each.secondary && scopeNumber(each.scope) <= 253,
  );
  return own === undefined ? ANY_IPV4 : (own.address as Ipv4Address);
}
