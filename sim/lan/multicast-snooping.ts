/**
 * IGMP snooping: which ports of a switch want which IPv4 group. Members are learned from reports and age out, so
 * somebody has to ask: without a querier every group dies after 260 s, and VRRP with it on switches that snoop
 * 224.0.0.18 too. IPv6 groups are not snooped but flooded. Read RFC 4541 section 2.1, RFC 2236 section 8.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { ETHERTYPE_IPV4 } from '../../daemon/wire/ethernet.ts';
import {
  ALLOW_NEW_SOURCES,
  BLOCK_OLD_SOURCES,
  CHANGE_TO_EXCLUDE,
  decodeIgmp,
  type IgmpMessage,
  MODE_IS_EXCLUDE,
} from '../../daemon/wire/igmp.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import {
  checkIpv4Header,
  ipv4HeaderLength,
  PROTOCOL_IGMP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4TotalLength,
} from '../../daemon/wire/ipv4.ts';

/** Group membership interval: robustness 2 x query interval 125 s + response 10 s (RFC 2236 section 8.4), µs. */
const MEMBERSHIP_US = 260_000_000;
/** Other querier present interval: 2 x 125 s + 10 s / 2 (RFC 2236 section 8.5), µs. */
const ROUTER_PORT_US = 255_000_000;
/** After a leave a member has this long to speak up: 2 queries, 1 s apart (RFC 2236 section 8.8), µs. */
const LAST_MEMBER_US = 2_000_000;
/** Groups that a switch keeps; beyond, reports are not learned. Linux' bridge: hash_max 4096. */
const GROUPS_MAX = 4096;
/** Where the IP header starts; tagged frames are not looked into. */
const IP_AT = 14;

/** What a frame was to the switch. `leave` names the groups whose last members must be asked for. */
export type SnoopedFrame =
  | { readonly kind: 'data'; readonly group: number }
  | { readonly kind: 'report' | 'query' }
  | { readonly kind: 'leave'; readonly groups: readonly number[] };

/** Ports that want a group, and how long that stays so. */
export interface GroupMembers {
  readonly ports: ReadonlySet<number>;
  readonly validUntil: number;
}

/** What one switch knows of groups; ports are their numbers. */
export class MulticastSnooping {
  /** Per group: port to the time at which its membership ends. */
  readonly #groups = new Map<number, Map<number, number>>();
  /** Ports behind which somebody asks: port to the time at which that is forgotten. */
  readonly #routers = new Map<number, number>();

  /** Looks into a multicast frame and learns from it; `undefined` when it is not IPv4. */
  inspect(frame: Uint8Array, port: number, now: TimeUs): SnoopedFrame | undefined {
    if (frame.length < IP_AT + 20 || readUint16(frame, 12) !== ETHERTYPE_IPV4) return undefined;
    if (checkIpv4Header(frame, IP_AT, frame.length) !== undefined) return undefined;
    const group = readIpv4Destination(frame, IP_AT);
    if (readIpv4Protocol(frame, IP_AT) !== PROTOCOL_IGMP) return { kind: 'data', group };
    const end = IP_AT + readIpv4TotalLength(frame, IP_AT);
    const message = decodeIgmp(frame, IP_AT + ipv4HeaderLength(frame, IP_AT), end);
    if (typeof message === 'string') return { kind: 'data', group };
    return this.#learn(message, port, now) ?? { kind: 'data', group };
  }

  /** The ports that get a group's frames: its members, and every port with a querier behind it. */
  members(group: number, now: TimeUs): GroupMembers {
    const ports = new Set<number>();
    let validUntil = Number.MAX_SAFE_INTEGER;
    for (const ends of [this.#groups.get(group), this.#routers]) {
      for (const [port, until] of ends ?? []) {
        if (until <= now) continue;
        ports.add(port);
        validUntil = Math.min(validUntil, until);
      }
    }
    return { ports, validUntil };
  }

  /** The ports behind which a querier was heard. */
  routerPorts(now: TimeUs): readonly number[] {
    return [...this.#routers].filter(([, until]) => until > now).map(([port]) => port);
  }

  /** Forgets a port whose cable went dark. */
  forgetPort(port: number): void {
    this.#routers.delete(port);
    for (const members of this.#groups.values()) members.delete(port);
  }

  /** Forgets everything. */
  clear(): void {
    this.#groups.clear();
    this.#routers.clear();
  }

  #learn(message: IgmpMessage, port: number, now: TimeUs): SnoopedFrame | undefined {
    switch (message.kind) {
      case 'query':
      case 'query-v3':
        this.#routers.set(port, now + ROUTER_PORT_US);
        return { kind: 'query' };
      case 'report-v1':
      case 'report-v2':
        this.#join(message.group, port, now);
        return { kind: 'report' };
      case 'leave':
        this.#leave(message.group, port, now);
        return { kind: 'leave', groups: [message.group] };
      case 'report-v3':
        return this.#learnRecords(message.records, port, now);
      default:
        return undefined;
    }
  }

  /** RFC 3376 section 5.1: excluding nothing is a join, including nothing a leave. */
  #learnRecords(
    records: Extract<IgmpMessage, { kind: 'report-v3' }>['records'],
    port: number,
    now: TimeUs,
  ): SnoopedFrame {
    const left: number[] = [];
    for (const { type, group, sources } of records) {
      if (type === BLOCK_OLD_SOURCES) continue;
      const joins =
        type === MODE_IS_EXCLUDE || type === CHANGE_TO_EXCLUDE || type === ALLOW_NEW_SOURCES;
      if (joins || sources.length > 0) {
        this.#join(group, port, now);
      } else {
        this.#leave(group, port, now);
        left.push(group);
      }
    }
    return left.length > 0 ? { kind: 'leave', groups: left } : { kind: 'report' };
  }

  #join(group: number, port: number, now: TimeUs): void {
    let members = this.#groups.get(group);
    if (members === undefined) {
      if (this.#groups.size >= GROUPS_MAX) return;
      members = new Map();
      this.#groups.set(group, members);
    }
    members.set(port, now + MEMBERSHIP_US);
  }

  #leave(group: number, port: number, now: TimeUs): void {
    const members = this.#groups.get(group);
    const until = members?.get(port);
    if (until === undefined) return;
    members?.set(port, Math.min(until, now + LAST_MEMBER_US));
  }
}
