/**
 * What a check across configurations is: one row of the table with the words of its page, and a
 * pure function from all nodes to findings. keepalived reads one file on one machine and can never
 * see these.
 */

import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { formatIp, type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import type { HostSpec } from '../../topology/lan-spec.ts';

/** One node: its configuration, and its machine where a scenario names it. */
export interface CheckedNode {
  /** Name of the node for messages. */
  readonly name: string;
  readonly file: string;
  readonly config: DaemonConfig;
  readonly host?: HostSpec;
}

/** One instance of one node. */
export interface NodeInstance {
  readonly node: CheckedNode;
  readonly instance: VrrpInstanceConfig;
}

/** Everything that checks look at. */
export interface CheckInput {
  readonly nodes: readonly CheckedNode[];
  /** Instances that share a virtual address, of different nodes: meant as one virtual router. */
  readonly routers: readonly (readonly NodeInstance[])[];
  /** Every machine of the scenario, where there is one. */
  readonly hosts: readonly HostSpec[];
}

/** Something found. */
export interface CheckFinding {
  readonly node: CheckedNode;
  /** The instance in which it stands; absent: the file as a whole. */
  readonly instance?: string;
  /** The keyword at which it is shown. */
  readonly keyword?: string;
  readonly message: string;
}

/** One row. */
export interface Check {
  /** `check:vrid-mismatch`; `config:…` for what the reader of one file finds already. */
  readonly code: string;
  /** `error`: the nodes cannot back each other up like this. */
  readonly severity: 'error' | 'warning';
  readonly title: string;
  /** Why it matters, in sentences. */
  readonly explanation: string;
  readonly fix: string;
  /** Absent: the reader of the file finds it. */
  find?(input: CheckInput): readonly CheckFinding[];
}

/** Puts the nodes into the form that checks want. */
export function checkInput(
  nodes: readonly CheckedNode[],
  hosts: readonly HostSpec[] = [],
): CheckInput {
  return { nodes, hosts, routers: groupByAddress(nodes) };
}

/** Virtual addresses of an instance, excluded ones too. */
export function addressesOf(instance: VrrpInstanceConfig): readonly IpAddress[] {
  return [...instance.addresses, ...instance.excludedAddresses].map((one) => one.address);
}

/** Every pair of a group, each once, the first node's word first. */
export function pairsOf<T>(group: readonly T[]): readonly (readonly [T, T])[] {
  return group.flatMap((a, index) => group.slice(index + 1).map((b) => [a, b] as const));
}

/**
 * What makes two instances one virtual router: their addresses. A link-local address says nothing,
 * fe80::1 may be the gateway of every VLAN; where there is no other, the VRID has to tell.
 */
function identityOf(instance: VrrpInstanceConfig): readonly (IpAddress | string)[] {
  const addresses = addressesOf(instance);
  const routed = addresses.filter((one) => isIpv4(one) || !isLinkLocalIpv6(one));
  if (routed.length > 0) return routed;
  return addresses.map((one) => `${formatIp(one)} ${instance.vrid}`);
}

function groupByAddress(nodes: readonly CheckedNode[]): readonly (readonly NodeInstance[])[] {
  const groupOf = new Map<IpAddress | string, NodeInstance[]>();
  /** With their places: a group that grew stands last. */
  const places = new Map<NodeInstance[], number>();
  let next = 0;
  for (const node of nodes) {
    for (const instance of node.config.vrrp.instances) {
      const touching = new Set<NodeInstance[]>();
      for (const key of identityOf(instance)) {
        const group = groupOf.get(key);
        if (group !== undefined) touching.add(group);
      }
      const inOrder = [...touching].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
      const merged = [...inOrder.flat(), { node, instance }];
      for (const group of touching) places.delete(group);
      places.set(merged, next++);
      for (const one of merged) {
        for (const key of identityOf(one.instance)) groupOf.set(key, merged);
      }
    }
  }
  return [...places.keys()].filter((group) => new Set(group.map((one) => one.node)).size > 1);
}
