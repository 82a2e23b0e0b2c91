/** The firewall model: rules at three hooks, as nftables or iptables would have them. */

import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import type { FirewallRule, FirewallState } from './firewall-state.ts';
import { isInPrefix } from './route-table.ts';

/** What rules look at. */
export interface FirewallQuestion {
  readonly family: IpFamily;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly protocol: number;
  /** Link that the packet came through (input, forward) or leaves by (output). */
  readonly link: string;
  /** Of a forwarded packet, where it came in. */
  readonly inputLink?: string;
  /** ICMPv6 135 or 136. */
  readonly isNeighbourDiscovery: boolean;
  /** Of TCP and UDP; absent where nobody has looked. */
  readonly destinationPort?: number;
}

/** A firewall without rules. */
export function makeFirewall(): FirewallState {
  return {
    rules: new Map(),
    nextHandle: 1,
    counts: { prerouting: 0, input: 0, output: 0, 'output-mark': 0, forward: 0 },
  };
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

/** Removes a rule by itself. */
export function removeThisRule(firewall: FirewallState, rule: FirewallRule): void {
  for (const [handle, one] of firewall.rules) {
    if (one === rule) removeFirewallRule(firewall, handle);
  }
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

/** The mark that a packet bears behind all rules of a hook of marks; 0 is none. */
export function markOf(
  firewall: FirewallState,
  hook: FirewallRule['hook'],
  question: FirewallQuestion,
): number {
  let mark = 0;
  for (const rule of firewall.rules.values()) {
    if (rule.hook === hook && matches(rule, question)) mark = rule.mark ?? mark;
  }
  return mark;
}

function matches(rule: FirewallRule, question: FirewallQuestion): boolean {
  const { source, destination, destinationPorts } = rule;
  if (destinationPorts !== undefined) {
    const { destinationPort: port } = question;
    const isIn =
      port !== undefined && destinationPorts.some((one) => one.from <= port && port <= one.to);
    if (!isIn) return false;
  }
  if (rule.family !== undefined && rule.family !== question.family) return false;
  if (rule.link !== undefined && rule.link !== question.link) return false;
  if (rule.inputLink !== undefined && rule.inputLink !== question.inputLink) return false;
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
