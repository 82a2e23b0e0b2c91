/** Checks of sync groups and of virtual MACs. */

import { formatPrefix } from '../../../daemon/wire/ip-address.ts';
import type { Check, CheckFinding, CheckInput, NodeInstance } from './check.ts';
import { pairsOf } from './check.ts';

/** The sync group of an instance, by the instances it names. */
function groupOf(one: NodeInstance): readonly string[] | undefined {
  const groups = one.node.config.vrrp.syncGroups;
  return groups.find((group) => group.instances.includes(one.instance.name))?.instances;
}

/** Whether two virtual routers move together on a node. */
function moveTogether(a: NodeInstance, b: NodeInstance): boolean {
  return a.node === b.node && (groupOf(a)?.includes(b.instance.name) ?? false);
}

/** Instances of both nodes in two virtual routers. */
function corners(
  first: readonly NodeInstance[],
  second: readonly NodeInstance[],
): readonly (readonly [NodeInstance, NodeInstance, NodeInstance, NodeInstance])[] {
  const nodes = [...new Set(first.map((one) => one.node))];
  return pairsOf(nodes).flatMap(([x, y]) => {
    const of = (group: readonly NodeInstance[], node: unknown) =>
      group.find((one) => one.node === node);
    const [fx, fy, sx, sy] = [of(first, x), of(first, y), of(second, x), of(second, y)];
    if (fx === undefined || fy === undefined || sx === undefined || sy === undefined) return [];
    return [[fx, fy, sx, sy] as const];
  });
}

function orderFindings({ routers }: CheckInput): readonly CheckFinding[] {
  return pairsOf(routers).flatMap(([first, second]) =>
    corners(first, second).flatMap(([fx, fy, sx, sy]): readonly CheckFinding[] => {
      if (!moveTogether(fx, sx) || !moveTogether(fy, sy)) return [];
      const here = Math.sign(fx.instance.priority - fy.instance.priority);
      const there = Math.sign(sx.instance.priority - sy.instance.priority);
      if (here === there || here === 0 || there === 0) return [];
      const [high, low] = here > 0 ? [fx, fy] : [fy, fx];
      const message = `${high.node.name} has the higher priority in ${high.instance.name}, ${low.node.name} in ${sx.instance.name}, and both move together`;
      return [{ node: sy.node, instance: sy.instance.name, keyword: 'priority', message }];
    }),
  );
}

function lonelyFindings({ routers }: CheckInput): readonly CheckFinding[] {
  return pairsOf(routers).flatMap(([first, second]) =>
    corners(first, second).flatMap(([fx, fy, sx, sy]): readonly CheckFinding[] => {
      const [here, there] = [moveTogether(fx, sx), moveTogether(fy, sy)];
      if (here === there) return [];
      const [tied, loose] = here ? [fx, fy] : [fy, fx];
      const pair = `${fx.instance.name} and ${sx.instance.name}`;
      const message = `${pair} move together on ${tied.node.name}, not on ${loose.node.name}`;
      return [{ node: loose.node, instance: loose.instance.name, message }];
    }),
  );
}

function vmacFindings({ nodes }: CheckInput): readonly CheckFinding[] {
  return nodes.flatMap((node) =>
    node.config.vrrp.instances.flatMap((instance): readonly CheckFinding[] => {
      if (instance.vmac === undefined || instance.family !== 'inet') return [];
      const wide = instance.addresses.find((one) => one.length < 32);
      if (wide === undefined) return [];
      const message = `${instance.name} uses a virtual MAC, and ${formatPrefix(wide)} is not a /32`;
      return [{ node, instance: instance.name, keyword: 'virtual_ipaddress', message }];
    }),
  );
}

/** Rows about groups and virtual MACs. */
export const GROUP_CHECKS: readonly Check[] = [
  {
    code: 'check:sync-group-order',
    severity: 'error',
    title: 'A sync group whose members want different nodes',
    explanation:
      'All members of a vrrp_sync_group are MASTER on one node. If one member has its highest ' +
      'priority here and another there, each election undoes the last one, for ever.',
    fix: 'Give one node the higher priority in all members of the group.',
    find: orderFindings,
  },
  {
    code: 'check:sync-group-differs',
    severity: 'warning',
    title: 'A sync group on one node only',
    explanation:
      'Virtual routers that move together on one node and alone on the other end up half here and ' +
      'half there: traffic goes out through one node and comes back through the other.',
    fix: 'Write the same vrrp_sync_group on all nodes.',
    find: lonelyFindings,
  },
  {
    code: 'check:vmac-prefix',
    severity: 'warning',
    title: 'A virtual MAC with a virtual address that is not /32',
    explanation:
      'With use_vmac and an address such as /24 the subnet is reached through two interfaces. The ' +
      'node asks for clients with its real MAC and the virtual address as sender, so that clients ' +
      'keep falling back to the real MAC, which is what a virtual MAC should avoid.',
    fix: 'Write the virtual address with /32.',
    find: vmacFindings,
  },
];
