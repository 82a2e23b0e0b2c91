/**
 * IGMP and MLD snooping: which ports of a switch want which group. Members are learned from reports and age out, so
 * somebody has to ask: without a querier every group dies after 260 s, and with it VRRP, and IPv6's neighbour
 * discovery, on switches that snoop link-local groups too. What a frame says stands in `group-message.ts`. Read RFC
 * 4541 sections 2.1 and 3, RFC 2236 section 8.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { familyOf, type IpAddress, type IpFamily } from '../../daemon/wire/ip-address.ts';
import type { GroupMessage } from './group-message.ts';

/** Group membership interval: robustness 2 x query interval 125 s + response 10 s (RFC 2236 section 8.4), µs. */
const MEMBERSHIP_US = 260_000_000;
/** Other querier present interval: 2 x 125 s + 10 s / 2 (RFC 2236 section 8.5), µs. */
const ROUTER_PORT_US = 255_000_000;
/** After a leave a member has this long to speak up: 2 queries, 1 s apart (RFC 2236 section 8.8), µs. */
const LAST_MEMBER_US = 2_000_000;
/** Groups that a switch keeps; beyond, reports are not learned. Linux' bridge: hash_max 4096. */
const GROUPS_MAX = 4096;

/** Ports that want a group, and how long that stays so. */
export interface GroupMembers {
  readonly ports: ReadonlySet<number>;
  readonly validUntil: number;
}

/** What one switch knows of groups; ports are their numbers. */
export class MulticastSnooping {
  /** Per group: port to the time at which its membership ends. */
  readonly #groups = new Map<IpAddress, Map<number, number>>();
  /** Ports behind which somebody asks: port to the time at which that is forgotten. */
  readonly #routers: Readonly<Record<IpFamily, Map<number, number>>> = {
    inet: new Map(),
    inet6: new Map(),
  };

  /** Learns from a message that came in on a port. */
  learn(message: GroupMessage, port: number, now: TimeUs): void {
    if (message.kind === 'data') return;
    if (message.kind === 'query') {
      this.#routers[message.family].set(port, now + ROUTER_PORT_US);
      return;
    }
    for (const group of message.joined) this.#join(group, port, now);
    for (const group of message.left) this.#leave(group, port, now);
  }

  /** Whether somebody ever asked for the group. */
  knows(group: IpAddress): boolean {
    return this.#groups.has(group);
  }

  /** The ports that get a group's frames: its members, and every port with a querier behind it. */
  members(group: IpAddress, now: TimeUs): GroupMembers {
    return soonest([this.#groups.get(group), this.#routers[familyOf(group)]], now);
  }

  /** The ports behind which a querier of the family was heard. */
  queriers(family: IpFamily, now: TimeUs): GroupMembers {
    return soonest([this.#routers[family]], now);
  }

  /** Forgets a port whose cable went dark. */
  forgetPort(port: number): void {
    for (const routers of Object.values(this.#routers)) routers.delete(port);
    for (const members of this.#groups.values()) members.delete(port);
  }

  /** Forgets everything. */
  clear(): void {
    this.#groups.clear();
    for (const routers of Object.values(this.#routers)) routers.clear();
  }

  #join(group: IpAddress, port: number, now: TimeUs): void {
    let members = this.#groups.get(group);
    if (members === undefined) {
      if (this.#groups.size >= GROUPS_MAX) return;
      members = new Map();
      this.#groups.set(group, members);
    }
    members.set(port, now + MEMBERSHIP_US);
  }

  #leave(group: IpAddress, port: number, now: TimeUs): void {
    const members = this.#groups.get(group);
    const until = members?.get(port);
    if (until === undefined) return;
    members?.set(port, Math.min(until, now + LAST_MEMBER_US));
  }
}

/** All ports that are still good, and the moment at which the first of them no longer is. */
function soonest(
  lists: readonly (ReadonlyMap<number, number> | undefined)[],
  now: TimeUs,
): GroupMembers {
  const ports = new Set<number>();
  let validUntil = Number.MAX_SAFE_INTEGER;
  for (const list of lists) {
    for (const [port, until] of list ?? []) {
      if (until <= now) continue;
      ports.add(port);
      validUntil = Math.min(validUntil, until);
    }
  }
  return { ports, validUntil };
}
