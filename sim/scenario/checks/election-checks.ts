/** Checks of who can become MASTER: priorities, weights, nopreempt, unicast peers. */

import type { TrackedItem, VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { type Check, type CheckFinding, type NodeInstance, pairsOf } from './check.ts';

const named = (one: NodeInstance) => `${one.instance.name} on ${one.node.name}`;

/** Address owner: tracking does not change this priority. Source: RFC 9568 section 5.2.4. */
const OWNER = 255;

type Weighted = Pick<TrackedItem, 'weight' | 'reverse' | 'name'>;

function weightedItems(instance: VrrpInstanceConfig): readonly Weighted[] {
  const interfaces = instance.trackedInterfaces.map((one) => ({ ...one, name: one.interface }));
  const { trackedScripts, trackedProcesses, trackedBfds } = instance;
  const all = [...interfaces, ...trackedScripts, ...trackedProcesses, ...trackedBfds];
  return all.filter((one) => one.weight !== 0);
}

/** What an item adds while it is well, and while it is not. */
function effectOf(item: Weighted): { readonly well: number; readonly failed: number } {
  const [well, failed] = item.weight > 0 ? [item.weight, 0] : [0, item.weight];
  return item.reverse ? { well: failed, failed: well } : { well, failed };
}

/** The priority while every item is well but the one that fails. */
function priorityOf(
  instance: VrrpInstanceConfig,
  items: readonly Weighted[] = weightedItems(instance),
  failing?: Weighted,
): number {
  if (instance.priority === OWNER) return OWNER;
  const priority = items.reduce((total, item) => {
    const effect = effectOf(item);
    return total + (item === failing ? effect.failed : effect.well);
  }, instance.priority);
  return Math.min(OWNER - 1, Math.max(1, priority));
}

function weightFindings(group: readonly NodeInstance[]): readonly CheckFinding[] {
  const sorted = group.toSorted((a, b) => priorityOf(b.instance) - priorityOf(a.instance));
  const first = sorted[0];
  const best = sorted.find((one) => one.node !== first?.node);
  if (first === undefined || best === undefined) return [];
  const items = weightedItems(first.instance);
  const [well, rival] = [priorityOf(first.instance, items), priorityOf(best.instance)];
  return items.flatMap((item): readonly CheckFinding[] => {
    const failed = priorityOf(first.instance, items, item);
    if (failed < rival || failed >= well) return [];
    const fall = `${well} falls to ${failed}, not below the ${rival} of ${named(best)}`;
    const message = `when ${item.name} fails, the priority of ${named(first)} ${fall}`;
    return [{ node: first.node, instance: first.instance.name, keyword: item.name, message }];
  });
}

const nodesOf = (group: readonly NodeInstance[]) => new Set(group.map((one) => one.node)).size;

/** Rows about elections. */
export const ELECTION_CHECKS: readonly Check[] = [
  {
    code: 'check:equal-priorities',
    severity: 'warning',
    title: 'Two nodes with one priority',
    explanation:
      'Of two MASTERs with one priority the higher primary address wins, but a BACKUP never ' +
      'preempts an equal: who is MASTER depends on who started first.',
    fix: 'Give every node of a virtual router a priority of its own.',
    find: ({ routers }) =>
      routers.flatMap((group) =>
        pairsOf(group).flatMap(([a, b]): readonly CheckFinding[] => {
          const same = a.instance.priority === b.instance.priority;
          if (!same || a.node === b.node || a.instance.vrid !== b.instance.vrid) return [];
          // With nopreempt on both, whoever is MASTER stays it: that is what equal ones are for.
          if (!a.instance.preempt && !b.instance.preempt) return [];
          const message = `${named(a)} and ${named(b)} both have priority ${a.instance.priority}`;
          return [{ node: b.node, instance: b.instance.name, keyword: 'priority', message }];
        }),
      ),
  },
  {
    code: 'check:weight-too-small',
    severity: 'warning',
    title: 'A weight too small to change the MASTER',
    explanation:
      'When the tracked script, interface or process fails, the priority of the MASTER falls but ' +
      'stays above (or equal to) that of every other node: nothing happens.',
    fix: 'Make the weight larger than the difference of priorities, or leave it out (FAULT).',
    find: ({ routers }) => routers.flatMap(weightFindings),
  },
  {
    code: 'check:nopreempt-ignores-weight',
    severity: 'warning',
    title: 'A weight that a backup with nopreempt ignores',
    explanation:
      'A weight lowers the priority in the adverts of the MASTER, but a BACKUP with nopreempt ' +
      'never takes over from a MASTER that it hears, however low its priority is.',
    fix: 'Leave the weight out, so that a failure leads to FAULT, or leave out nopreempt.',
    find: ({ routers }) =>
      routers.flatMap((group) =>
        group.flatMap((one): readonly CheckFinding[] => {
          const others = group.filter((other) => other.node !== one.node);
          const items = weightedItems(one.instance);
          if (items.length === 0 || others.some((other) => other.instance.preempt)) return [];
          const names = items.map((item) => item.name).join(', ');
          const message = `no other node preempts, so the weight of ${names} in ${named(one)} changes nothing`;
          const keyword = items[0]?.name ?? 'weight';
          return [{ node: one.node, instance: one.instance.name, keyword, message }];
        }),
      ),
  },
  {
    code: 'check:nopreempt-without-effect',
    severity: 'warning',
    title: 'nopreempt on the node that could not preempt anyway',
    explanation:
      'nopreempt keeps a node from taking over from a MASTER with a lower priority. On the node ' +
      'with the lowest priority it does nothing; the node that returns and takes over is another.',
    fix: 'Write nopreempt (with state BACKUP) on the nodes with the higher priorities.',
    find: ({ routers }) =>
      routers.flatMap((group) => {
        if (nodesOf(group) < 2) return [];
        const lowest = Math.min(...group.map((one) => one.instance.priority));
        const higher = group.filter((one) => one.instance.priority > lowest);
        if (higher.length === 0 || higher.some((one) => !one.instance.preempt)) return [];
        return group.flatMap((one): readonly CheckFinding[] => {
          if (one.instance.priority !== lowest || one.instance.preempt) return [];
          const message = `${named(one)} has the lowest priority, ${lowest}: nopreempt does nothing there`;
          return [{ node: one.node, instance: one.instance.name, keyword: 'nopreempt', message }];
        });
      }),
  },
  {
    code: 'check:unicast-peer-missing',
    severity: 'error',
    title: 'A unicast list leaves a node out',
    explanation:
      'Unicast adverts go to the listed peers only. A node that is not listed hears nobody and ' +
      'becomes MASTER beside the MASTER.',
    fix: 'List the address of every other node in unicast_peer of every node.',
    find: ({ routers }) =>
      routers.flatMap((group) => group.flatMap((one) => missingPeers(one, group))),
  },
  {
    code: 'check:unicast-and-multicast',
    severity: 'error',
    title: 'One node sends unicast, another multicast',
    explanation:
      'A node with unicast peers sends to them alone and its adverts of the other kind differ.',
    fix: 'Write unicast_peer on all nodes of the virtual router, or on none.',
    find: ({ routers }) =>
      routers.flatMap((group) =>
        pairsOf(group).flatMap(([a, b]): readonly CheckFinding[] => {
          const [first, second] = [a, b].map((one) => one.instance.unicastPeers.length > 0);
          if (a.node === b.node || first === second) return [];
          const [uni, multi] = first ? [a, b] : [b, a];
          const message = `${named(uni)} sends unicast, ${named(multi)} multicast`;
          const at = { node: multi.node, instance: multi.instance.name };
          return [{ ...at, keyword: 'unicast_peer', message }];
        }),
      ),
  },
];

function missingPeers(one: NodeInstance, group: readonly NodeInstance[]): readonly CheckFinding[] {
  const peers = one.instance.unicastPeers.map((peer) => peer.address);
  if (peers.length === 0) return [];
  const at = { node: one.node, instance: one.instance.name, keyword: 'unicast_peer' };
  const others = group.filter((other) => other.node !== one.node);
  const known = others.flatMap((other) => {
    const address = sourceOf(other);
    return address === undefined ? [] : [{ other, address }];
  });
  const lacking = known.filter(({ address }) => !peers.includes(address));
  if (lacking.length > 0) {
    return lacking.map(({ other, address }): CheckFinding => {
      const message = `unicast_peer of ${named(one)} lacks ${formatIp(address)}, which is ${other.node.name}`;
      return { ...at, message };
    });
  }
  // Nobody says what the addresses of the others are, but so many must be in the list.
  const nodes = new Set(others.map((other) => other.node)).size;
  if (peers.length >= nodes) return [];
  const message = `unicast_peer of ${named(one)} has ${peers.length} of the ${nodes} other nodes`;
  return [{ ...at, message }];
}

/** The address from which a node's adverts come, as far as it is known. */
function sourceOf(one: NodeInstance) {
  const { sourceAddress, interface: link } = one.instance;
  if (sourceAddress !== undefined) return sourceAddress;
  const nic = one.node.host?.nics.find((card) => card.name === link);
  return nic?.addresses.find(
    (own) => typeof own.address === typeof one.instance.addresses[0]?.address,
  )?.address;
}
