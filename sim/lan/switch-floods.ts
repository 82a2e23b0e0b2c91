/**
 * The plans by which one switch sends frames to many of its ports (`flood-plan.ts`), made when they are first needed and kept
 * until a port or a cable changes, or a membership ends.
 */

import { ALL_NODES_IPV6 } from '../../daemon/wire/icmpv6.ts';
import { familyOf, type IpAddress, type IpFamily, isIpv4 } from '../../daemon/wire/ip-address.ts';
import type { Engine } from '../engine/engine.ts';
import { FloodPlan } from './flood-plan.ts';
import type { GroupMembers, MulticastSnooping } from './multicast-snooping.ts';
import type { Port } from './port.ts';
import type { SwitchOptions } from './switch-options.ts';
import type { SwitchPort } from './switch-port.ts';

/**
 * The ways that frames to many ports go: to all of them (broadcasts, unknown destinations), to those that get multicast
 * at all, to those behind which a querier of a family stands, or to the members of a group.
 */
export type PlanKey = 'all' | 'multicast' | IpFamily | IpAddress;

/** A switch's plans; see the head of the file. */
export class SwitchFloods {
  readonly #engine: Engine;
  readonly #ports: readonly SwitchPort[];
  readonly #snooping: MulticastSnooping | undefined;
  readonly #linkLocalGroups: SwitchOptions['linkLocalGroups'];
  readonly #plans = new Map<PlanKey, FloodPlan>();

  constructor(
    engine: Engine,
    ports: readonly SwitchPort[],
    snooping: MulticastSnooping | undefined,
    linkLocalGroups: SwitchOptions['linkLocalGroups'],
  ) {
    this.#engine = engine;
    this.#ports = ports;
    this.#snooping = snooping;
    this.#linkLocalGroups = linkLocalGroups;
  }

  /** Plans hold no longer. */
  clear(): void {
    if (this.#plans.size > 0) this.#plans.clear();
  }

  /** The plan of that way, as long as it holds. */
  plan(key: PlanKey): FloodPlan {
    const known = this.#plans.get(key);
    if (known !== undefined && known.validUntil > this.#engine.now) return known;
    const plan = this.#makePlan(key);
    this.#plans.set(key, plan);
    return plan;
  }

  #makePlan(key: PlanKey): FloodPlan {
    const members = this.#membersOf(key);
    const legs: { readonly index: number; readonly port: Port }[] = [];
    for (const port of this.#ports) {
      if (!port.open || port.line === undefined) continue;
      if (key !== 'all' && !port.multicastDelivered) continue;
      if (members !== undefined && !members.ports.has(port.index)) continue;
      legs.push({ index: port.index, port: port.line });
    }
    return new FloodPlan(legs, members?.validUntil);
  }

  /** The only ports that a plan leads to; `undefined`: every one. */
  #membersOf(key: PlanKey): GroupMembers | undefined {
    if (key === 'all' || key === 'multicast') return undefined;
    const now = this.#engine.now;
    if (key === 'inet' || key === 'inet6') return this.#snooping?.queriers(key, now);
    return this.#snooping?.members(key, now);
  }

  /** Groups that nobody asked for share a plan: with every number anybody makes up, plans would pile up. */
  keyOfGroup(snooping: MulticastSnooping, group: IpAddress): PlanKey {
    if (isLinkLocalGroup(group)) {
      const floods = group === ALL_NODES_IPV6 || this.#linkLocalGroups === 'flood';
      if (floods) return 'multicast';
    }
    if (snooping.knows(group)) return group;
    return familyOf(group);
  }
}

/** 224.0.0.0/24 and ff02::/16: never routed, and VRRP's groups are among them. */
function isLinkLocalGroup(group: IpAddress): boolean {
  return isIpv4(group) ? group >>> 8 === 0xe00000 : group >> 112n === 0xff02n;
}
