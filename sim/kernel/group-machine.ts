/**
 * Multicast membership of a link as Linux keeps it, for IGMP and MLD alike: who joined is counted,
 * joins and leaves are announced twice (at once, and again within a second), queries are answered
 * after a random delay, and older queriers make it speak their version. Source: net/ipv4/igmp.c,
 * net/ipv6/mcast.c; RFC 3376, RFC 3810.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { GroupMemberships, Membership } from './group-state.ts';
import { HZ, makeTimer, ticksOf } from './kernel-clock.ts';
import { type KernelState, type LinkState, voidPaths } from './kernel-state.ts';

/** What a group record of a report says; the numbers are those of IGMPv3 and MLDv2. */
export type RecordType = 2 | 3 | 4;
/** MODE_IS_EXCLUDE with no sources: "I am a member". */
const IS_MEMBER: RecordType = 2;
/** CHANGE_TO_INCLUDE with no sources: "I left". */
export const LEFT: RecordType = 3;
/** CHANGE_TO_EXCLUDE with no sources: "I joined". */
const JOINED: RecordType = 4;

/** One record of a report. */
export interface GroupRecord {
  readonly type: RecordType;
  readonly group: IpAddress;
}

/** What IGMP and MLD do differently. */
export interface GroupProtocol {
  membershipsOf(link: LinkState): GroupMemberships;
  /** Whether reports ever mention the group (the all-nodes groups never). */
  isReported(kernel: KernelState, group: IpAddress): boolean;
  groupMac(group: IpAddress): MacAddress;
  /** The version that a sysctl forces; 0 when none. The newest is `newest`. */
  forcedVersion(kernel: KernelState, link: LinkState): number;
  readonly newest: 2 | 3;
  /** Milliseconds within which the second unsolicited report comes, by version spoken. */
  unsolicitedMs(link: LinkState, newest: boolean): number;
  robustness(kernel: KernelState): number;
  sendReport(kernel: KernelState, link: LinkState, records: readonly GroupRecord[]): void;
  sendOldReport(kernel: KernelState, link: LinkState, group: IpAddress, version: number): void;
  sendOldLeave(kernel: KernelState, link: LinkState, group: IpAddress): void;
}

/** A query, whatever its version. */
export interface GroupQuery {
  /** `undefined` asks for all groups. */
  readonly group: IpAddress | undefined;
  readonly version: number;
  readonly maxDelayTicks: number;
  /** 0 when the query says nothing. */
  readonly robustness: number;
}

/** Query interval and response interval that old queriers are believed to keep: 125 s and 10 s. */
const QUERY_INTERVAL_US = 125_000_000;
const QUERY_RESPONSE_US = 10_000_000;

/** Somebody joins; the first one makes the card listen and the reports go out. */
export function joinGroupOn(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
  group: IpAddress,
): void {
  const groups = protocol.membershipsOf(link);
  const known = groups.joined.find((each) => each.group === group);
  if (known !== undefined) {
    known.users++;
    return;
  }
  const membership: Membership = {
    group,
    users: 1,
    changesLeft: 0,
    reportsLeft: 0,
    lastReporter: false,
    timer: makeTimer(() => onGroupTimer(kernel, protocol, link, membership)),
  };
  groups.joined.unshift(membership);
  voidPaths(kernel);
  const leftAt = groups.left.findIndex((each) => each.group === group);
  if (leftAt >= 0) groups.left.splice(leftAt, 1);
  listenTo(link, protocol.groupMac(group), 1);
  if (link.up) announceJoin(kernel, protocol, link, membership);
}

/** Somebody leaves; with the last one the membership ends. */
export function leaveGroupOn(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
  group: IpAddress,
): void {
  const groups = protocol.membershipsOf(link);
  const at = groups.joined.findIndex((each) => each.group === group);
  const membership = groups.joined[at];
  if (membership === undefined) return;
  if (--membership.users > 0) return;
  groups.joined.splice(at, 1);
  voidPaths(kernel);
  kernel.clock.cancel(membership.timer);
  listenTo(link, protocol.groupMac(group), -1);
  if (!link.up || !protocol.isReported(kernel, group)) return;
  const version = spokenVersion(kernel, protocol, link);
  if (version === protocol.newest) {
    groups.left.unshift({ group, changesLeft: robustnessOf(kernel, protocol, groups) });
    startChangeReports(kernel, protocol, link);
  } else if (version === protocol.newest - 1 && membership.lastReporter) {
    protocol.sendOldLeave(kernel, link, group);
  }
}

/** Whether packets to a group are for this host on that link. */
export function isJoinedOn(protocol: GroupProtocol, link: LinkState, group: IpAddress): boolean {
  for (const each of protocol.membershipsOf(link).joined) if (each.group === group) return true;
  return false;
}

/** The link came up: all its groups are announced again. */
export function announceGroupsOf(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
): void {
  for (const membership of protocol.membershipsOf(link).joined) {
    announceJoin(kernel, protocol, link, membership);
  }
}

/** The link went down: nothing is said any more. */
export function silenceGroupsOf(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
): void {
  const groups = protocol.membershipsOf(link);
  groups.changeReportsLeft = 0;
  groups.left.length = 0;
  kernel.clock.cancel(groups.changeTimer);
  kernel.clock.cancel(groups.generalTimer);
  for (const membership of groups.joined) kernel.clock.cancel(membership.timer);
}

/** A querier spoke. */
export function hearQuery(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
  query: GroupQuery,
): void {
  const groups = protocol.membershipsOf(link);
  if (query.version < protocol.newest) {
    const until = kernel.clock.now + olderQuerierUs(kernel, protocol, groups);
    if (query.version === 1) groups.version1UntilUs = until;
    else groups.version2UntilUs = until;
    groups.changeReportsLeft = 0;
    groups.left.length = 0;
    kernel.clock.cancel(groups.changeTimer);
  } else if (spokenVersion(kernel, protocol, link) === protocol.newest) {
    groups.robustness = query.robustness;
    if (query.group === undefined) {
      answerLater(kernel, groups.generalTimer, query.maxDelayTicks);
      return;
    }
  }
  for (const membership of groups.joined) {
    if (query.group !== undefined && query.group !== membership.group) continue;
    if (!protocol.isReported(kernel, membership.group)) continue;
    answerLater(kernel, membership.timer, query.maxDelayTicks);
  }
}

/** Another member reported a group in an old version: ours need not. */
export function hearReport(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
  group: IpAddress,
): void {
  const membership = protocol.membershipsOf(link).joined.find((each) => each.group === group);
  if (membership === undefined) return;
  kernel.clock.cancel(membership.timer);
  membership.lastReporter = false;
  membership.reportsLeft = 0;
}

/** Announces joins and leaves that are due, and plans the repetition. */
export function onChangeTimer(kernel: KernelState, protocol: GroupProtocol, link: LinkState): void {
  const groups = protocol.membershipsOf(link);
  const records: GroupRecord[] = [];
  for (const left of groups.left) {
    if (left.changesLeft-- > 0) records.push({ type: LEFT, group: left.group });
  }
  for (let i = groups.left.length - 1; i >= 0; i--) {
    if ((groups.left[i]?.changesLeft ?? 0) <= 0) groups.left.splice(i, 1);
  }
  for (const membership of groups.joined) {
    if (membership.changesLeft <= 0) continue;
    membership.changesLeft--;
    if (protocol.isReported(kernel, membership.group)) {
      records.push({ type: JOINED, group: membership.group });
    }
  }
  if (records.length > 0 && link.up) protocol.sendReport(kernel, link, records);
  if (groups.changeReportsLeft <= 0) return;
  groups.changeReportsLeft--;
  const withinTicks = ticksOf(protocol.unsolicitedMs(link, true) * 1000);
  kernel.clock.armTicks(groups.changeTimer, randomBelow(kernel.random, withinTicks) + 2);
}

/** Answers a general query: every group in one report. */
export function onGeneralTimer(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
): void {
  const records = protocol
    .membershipsOf(link)
    .joined.filter((each) => protocol.isReported(kernel, each.group))
    .map((each): GroupRecord => ({ type: IS_MEMBER, group: each.group }));
  if (records.length > 0 && link.up) protocol.sendReport(kernel, link, records);
}

function onGroupTimer(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
  membership: Membership,
): void {
  const version = spokenVersion(kernel, protocol, link);
  if (membership.reportsLeft > 0 && --membership.reportsLeft > 0) {
    const within = ticksOf(protocol.unsolicitedMs(link, false) * 1000);
    kernel.clock.armTicks(membership.timer, randomBelow(kernel.random, within) + 2);
  }
  membership.lastReporter = true;
  if (!link.up) return;
  if (version === protocol.newest) {
    protocol.sendReport(kernel, link, [{ type: IS_MEMBER, group: membership.group }]);
  } else {
    protocol.sendOldReport(kernel, link, membership.group, version);
  }
}

function announceJoin(
  kernel: KernelState,
  protocol: GroupProtocol,
  link: LinkState,
  membership: Membership,
): void {
  if (!protocol.isReported(kernel, membership.group)) return;
  const groups = protocol.membershipsOf(link);
  const count = robustnessOf(kernel, protocol, groups);
  if (spokenVersion(kernel, protocol, link) < protocol.newest) {
    membership.reportsLeft = count;
    kernel.clock.armTicks(membership.timer, 2);
    return;
  }
  membership.changesLeft = count;
  startChangeReports(kernel, protocol, link);
}

function startChangeReports(kernel: KernelState, protocol: GroupProtocol, link: LinkState): void {
  const groups = protocol.membershipsOf(link);
  groups.changeReportsLeft = robustnessOf(kernel, protocol, groups);
  kernel.clock.armTicks(groups.changeTimer, 2);
}

/**
 * Version that the link speaks now: the newest unless forced or an older querier was heard lately.
 */
function spokenVersion(kernel: KernelState, protocol: GroupProtocol, link: LinkState): number {
  const forced = protocol.forcedVersion(kernel, link);
  if (forced !== 0) return forced;
  const groups = protocol.membershipsOf(link);
  const { now } = kernel.clock;
  if (groups.version1UntilUs > now) return 1;
  if (protocol.newest === 3 && groups.version2UntilUs > now) return 2;
  return protocol.newest;
}

function robustnessOf(
  kernel: KernelState,
  protocol: GroupProtocol,
  groups: GroupMemberships,
): number {
  return groups.robustness || protocol.robustness(kernel);
}

function olderQuerierUs(
  kernel: KernelState,
  protocol: GroupProtocol,
  groups: GroupMemberships,
): number {
  return robustnessOf(kernel, protocol, groups) * QUERY_INTERVAL_US + QUERY_RESPONSE_US;
}

/** An answer already planned for earlier stays. */
function answerLater(kernel: KernelState, timer: Membership['timer'], maxDelayTicks: number): void {
  const ticks = randomBelow(kernel.random, Math.max(1, maxDelayTicks)) + 2;
  const dueUs = kernel.clock.wheelExpiryUs(ticks);
  if (timer.place >= 0 && timer.dueUs <= dueUs) return;
  kernel.clock.arm(timer, dueUs);
}

/** Makes the card, and those below it, let a group MAC through (by +1) or not (by -1). */
export function listenTo(link: LinkState, mac: MacAddress, by: 1 | -1): void {
  for (let each: LinkState | undefined = link; each !== undefined; each = each.baseLink) {
    const count = (each.multicastFilter.get(mac) ?? 0) + by;
    if (count > 0) each.multicastFilter.set(mac, count);
    else each.multicastFilter.delete(mac);
  }
}

/** Ticks of a response time in tenths of a second. */
export function ticksOfTenths(tenths: number): number {
  return Math.max(1, Math.floor((tenths * HZ) / 10));
}
