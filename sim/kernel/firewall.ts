/** The firewall model: rules at three hooks, as nftables or iptables would have them. */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { FirewallState } from './firewall-state.ts';
import type { FirewallRule } from './kernel-api.ts';
import { isInPrefix } from './route-table.ts';

/** What rules look at. */
export interface FirewallQuestion {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly protocol: number;
  /** Link that the packet came through (input, forward) or leaves by (output). */
  readonly link: string;
  /** ICMPv6 135 or 136. */
  readonly isNeighbourDiscovery: boolean;
}

/** A firewall without rules. */
export function makeFirewall(): FirewallState {
  return { rules: new Map(), nextHandle: 1, counts: { input: 0, output: 0, forward: 0 } };
}

/** Adds a rule behind the others and returns its handle. */
export function insertFirewallRule(firewall: FirewallState, rule: FirewallRule): number {
  const handle = firewall.nextHandle++;
  firewall.rules.set(handle, rule);
  firewall.counts[rule.hook]++;
  return handle;
}

/** Removes a rule; unknown handles do nothing. */
export function removeFirewallRule(firewall: FirewallState, handle: number): void {
  const rule = firewall.rules.get(handle);
  if (rule === undefined) return;
  firewall.rules.delete(handle);
  firewall.counts[rule.hook]--;
}

/** The first rule of the hook that speaks about the packet. */
export function firewallVerdict(
  firewall: FirewallState,
  hook: FirewallRule['hook'],
  question: FirewallQuestion,
): FirewallRule | undefined {
  for (const rule of firewall.rules.values()) {
    if (rule.hook === hook && matches(rule, question)) return rule;
  }
  return undefined;
}

/** Whether a rule of the hook drops the packet. */
export function isDropped(
  firewall: FirewallState,
  hook: FirewallRule['hook'],
  question: FirewallQuestion,
): boolean {
  return firewallVerdict(firewall, hook, question)?.verdict === 'drop';
}

function matches(rule: FirewallRule, question: FirewallQuestion): boolean {
  const { source, destination } = rule;
  if (rule.link !== undefined && rule.link !== question.link) return false;
  if (rule.protocol !== undefined && rule.protocol !== question.protocol) return false;
  if (source !== undefined && !isInPrefix(question.source, source.address, source.length)) {
    return false;
  }
  if (
    destination !== undefined &&
    !isInPrefix(question.destination, destination.address, destination.length)
  ) {
    return false;
  }
  return !(rule.exceptNeighbourDiscovery === true && question.isNeighbourDiscovery);
}
