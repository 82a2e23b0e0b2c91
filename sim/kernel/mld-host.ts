/**
 * MLD of a host: the packets around `group-machine.ts`. Reports carry the hop-by-hop router alert,
 * hop limit 1, and the link-local address as source (`::` while there is none). RFC 3810; ff02::1
 * is never reported.
 */

import {
  ALL_NODES_IPV6,
  ALL_ROUTERS_IPV6,
  type Icmpv6Message,
  MLD_V2_GROUP,
} from '../../daemon/wire/icmpv6.ts';
import { ANY_IPV6, type Ipv6Address, multicastMacOfIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { mldFrame } from '../lan/mld-frame.ts';
import { type GroupProtocol, hearQuery, hearReport } from './group-machine.ts';
import { linkLocalOf } from './ipv6-lookup.ts';
import { sendIpv6Frame } from './ipv6-output.ts';
import { HZ } from './kernel-clock.ts';
import type { KernelState, LinkState } from './kernel-state.ts';

const NOTHING = new Uint8Array(0);

/** MLD as the group machine sees it. */
export const MLD: GroupProtocol = {
  newest: 2,
  membershipsOf: (link) => link.mld,
  isReported(_kernel, group) {
    const address = group as Ipv6Address;
    // Scopes 0 and 1 (node-local) never leave the host.
    return address !== ALL_NODES_IPV6 && ((address >> 112n) & 0xfn) > 1n;
  },
  groupMac: (group) => multicastMacOfIpv6(group as Ipv6Address),
  forcedVersion(kernel, link) {
    return kernel.ipv6All.force_mld_version || link.ipv6.force_mld_version;
  },
  unsolicitedMs(link, newest) {
    return newest
      ? link.ipv6.mldv2_unsolicited_report_interval
      : link.ipv6.mldv1_unsolicited_report_interval;
  },
  robustness: (kernel) => kernel.settings['ipv6.mld_qrv'],
  sendReport(kernel, link, records) {
    const list = records.map((record) => ({
      type: record.type,
      group: record.group as Ipv6Address,
      sources: [],
      auxiliary: NOTHING,
    }));
    sendMld(kernel, link, { kind: 'mld-report-v2', code: 0, records: list }, MLD_V2_GROUP);
  },
  sendOldReport(kernel, link, group) {
    sendMld(kernel, link, oldMessage('mld-report', group as Ipv6Address), group as Ipv6Address);
  },
  sendOldLeave(kernel, link, group) {
    sendMld(kernel, link, oldMessage('mld-done', group as Ipv6Address), ALL_ROUTERS_IPV6);
  },
};

/** A query or an old report that came in. */
export function receiveMld(kernel: KernelState, link: LinkState, message: Icmpv6Message): void {
  if (message.kind === 'mld-report') {
    hearReport(kernel, MLD, link, message.group);
    return;
  }
  if (message.kind !== 'mld-query') return;
  const isNew = message.rest.length >= 4;
  hearQuery(kernel, MLD, link, {
    group: message.group === ANY_IPV6 ? undefined : message.group,
    version: isNew ? 2 : 1,
    maxDelayTicks: Math.max(1, Math.floor((maxDelayMs(message.maxResponseMs, isNew) * HZ) / 1000)),
    robustness: isNew ? (message.rest[0] ?? 0) & 0x07 : 0,
  });
}

/** Version 2 codes from 32768 on are floating point numbers. Source: RFC 3810 section 5.1.3. */
function maxDelayMs(code: number, isNew: boolean): number {
  if (!isNew || code < 32_768) return code;
  return ((code & 0xfff) | 0x1000) << (((code >>> 12) & 7) + 3);
}

function oldMessage(kind: 'mld-report' | 'mld-done', group: Ipv6Address): Icmpv6Message {
  return { kind, code: 0, maxResponseMs: 0, group, rest: NOTHING };
}

function sendMld(
  kernel: KernelState,
  link: LinkState,
  message: Icmpv6Message,
  destination: Ipv6Address,
): void {
  const source = linkLocalOf(link) ?? ANY_IPV6;
  const frame = mldFrame(message, { source, destination });
  sendIpv6Frame(kernel, frame, { kind: 'multicast', link, nextHop: destination });
}
