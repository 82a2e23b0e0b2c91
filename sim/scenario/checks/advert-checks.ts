/** Checks of what adverts must agree in: routers that refuse each other's adverts are all MASTER. */

import { groupedBy } from '../../../daemon/base/grouped-by.ts';
import { formatIp, type IpPrefix } from '../../../daemon/wire/ip-address.ts';
import { contains, subnetOf } from '../derive/subnets.ts';
import { durationWords } from '../expectations/verdict.ts';
import {
  addressesOf,
  type Check,
  type CheckedNode,
  type CheckFinding,
  type NodeInstance,
  pairsOf,
} from './check.ts';

/**
 * A finding per instance that differs from what most of its virtual router have, the first where
 * opinions are even: of three nodes the odd one is shown, not everyone beside it.
 */
function differing(
  routers: readonly (readonly NodeInstance[])[],
  keyword: string,
  message: (a: NodeInstance, b: NodeInstance) => string | undefined,
): readonly CheckFinding[] {
  return routers.flatMap((group) => {
    const agreeing = (one: NodeInstance) =>
      group.filter((other) => message(one, other) === undefined).length;
    const model = group.toSorted((a, b) => agreeing(b) - agreeing(a))[0];
    if (model === undefined) return [];
    return group.flatMap((one): readonly CheckFinding[] => {
      if (one.node === model.node) return [];
      const text = message(model, one);
      if (text === undefined) return [];
      return [{ node: one.node, instance: one.instance.name, keyword, message: text }];
    });
  });
}

const named = (one: NodeInstance) => `${one.instance.name} on ${one.node.name}`;
const sameVrid = (a: NodeInstance, b: NodeInstance) => a.instance.vrid === b.instance.vrid;

function passwordOf({ instance }: NodeInstance): string {
  const { authentication } = instance;
  if (authentication === undefined) return 'none';
  return `${authentication.type} ${[...authentication.key].join('.')}`;
}

const groupOf = ({ instance }: NodeInstance) => String(instance.multicastGroup);

/**
 * Whether two instances can hear each other: the subnets of their cards where the machines are
 * known, else those of their virtual addresses. Two LANs may well use one VRID each.
 */
function shareSubnet(a: NodeInstance, b: NodeInstance): boolean {
  const [first, second] = [subnetsOf(a), subnetsOf(b)];
  return first.some((x) => second.some((y) => contains(x, y.address) || contains(y, x.address)));
}

function subnetsOf({ node, instance }: NodeInstance): readonly IpPrefix[] {
  const name = instance.vmac?.base ?? instance.ipvlan?.base ?? instance.interface;
  const nic = node.host?.nics.find((card) => card.name === name);
  const prefixes = nic?.addresses ?? [...instance.addresses, ...instance.excludedAddresses];
  return prefixes.map(subnetOf);
}

/** Rows about adverts. */
export const ADVERT_CHECKS: readonly Check[] = [
  {
    code: 'check:vrid-mismatch',
    severity: 'error',
    title: 'One virtual address under two VRIDs',
    explanation:
      'Routers only listen to adverts with their own virtual_router_id. With two numbers each ' +
      'node is alone, becomes MASTER and holds the address: two owners at all times.',
    fix: 'Give all nodes that share an address the same virtual_router_id.',
    find: ({ routers }) =>
      differing(routers, 'virtual_router_id', (a, b) => {
        if (sameVrid(a, b)) return undefined;
        const shared = addressesOf(a.instance).find((x) => addressesOf(b.instance).includes(x));
        if (shared === undefined) return undefined;
        const vip = formatIp(shared);
        return `${vip} is VRID ${b.instance.vrid} in ${named(b)}, VRID ${a.instance.vrid} in ${named(a)}`;
      }),
  },
  {
    code: 'check:auth-mismatch',
    severity: 'error',
    title: 'Passwords or types of authentication differ',
    explanation:
      'keepalived drops adverts whose authentication is not its own, so both nodes become ' +
      'MASTER. Only the first 8 bytes count, and version 3 and vrrp_strict drop the block.',
    fix: 'Write the same authentication block on all nodes, 8 bytes at most, without #.',
    find: ({ routers }) =>
      differing(routers, 'auth_pass', (a, b) => {
        if (!sameVrid(a, b) || passwordOf(a) === passwordOf(b)) return undefined;
        return `the authentication of ${named(b)} is not that of ${named(a)}`;
      }),
  },
  {
    code: 'check:interval-mismatch',
    severity: 'error',
    title: 'Advert intervals differ',
    explanation:
      'With version 2 an advert with another interval is refused, so both nodes become MASTER. ' +
      'With version 3 backups take the interval of the MASTER, and failover is as slow as that.',
    fix: 'Give all nodes the same advert_int.',
    find: ({ routers }) =>
      differing(routers, 'advert_int', (a, b) => {
        const [first, second] = [a.instance.advertInterval, b.instance.advertInterval];
        if (!sameVrid(a, b) || first === second) return undefined;
        const words = [durationWords(second), durationWords(first)];
        return `${named(b)} sends every ${words[0]}, ${named(a)} every ${words[1]}`;
      }),
  },
  {
    code: 'check:version-mismatch',
    severity: 'error',
    title: 'VRRP versions differ',
    explanation: 'Adverts of the other version are refused, so both nodes become MASTER.',
    fix: 'Set vrrp_version to the same number in global_defs of all nodes.',
    find: ({ routers }) =>
      differing(routers, 'vrrp_version', (a, b) => {
        if (!sameVrid(a, b) || a.instance.version === b.instance.version) return undefined;
        return `${named(b)} speaks version ${b.instance.version}, ${named(a)} version ${a.instance.version}`;
      }),
  },
  {
    code: 'check:address-lists-differ',
    severity: 'error',
    title: 'Lists of virtual addresses differ',
    explanation:
      'A backup that lacks an address never takes it over, and keepalived refuses adverts whose ' +
      'addresses are not its own: while the lists differ there may be two MASTERs.',
    fix: 'Write the same virtual_ipaddress block on all nodes.',
    find: ({ routers }) =>
      differing(routers, 'virtual_ipaddress', (a, b) => {
        if (!sameVrid(a, b)) return undefined;
        const [first, second] = [addressesOf(a.instance), addressesOf(b.instance)];
        const lacks = first.filter((x) => !second.includes(x)).map(formatIp);
        const more = second.filter((x) => !first.includes(x)).map(formatIp);
        if (lacks.length + more.length === 0) return undefined;
        const parts = [
          ...(lacks.length > 0 ? [`lacks ${lacks.join(', ')}`] : []),
          ...(more.length > 0 ? [`has ${more.join(', ')} besides`] : []),
        ];
        return `compared with ${named(a)}, ${named(b)} ${parts.join(' and ')}`;
      }),
  },
  {
    code: 'check:vrid-twice',
    severity: 'error',
    title: 'One VRID for two virtual routers',
    explanation:
      'Two routers that share no address but a VRID on one LAN hear each other’s adverts: the ' +
      'lower priority gives way, and its addresses are held by nobody.',
    fix: 'Give every virtual router of a LAN a virtual_router_id of its own.',
    find: ({ nodes }) => {
      const told = new Set<NodeInstance>();
      const pairs = sharersOfVrid(nodes).flatMap((sharers) => pairsOf(sharers));
      return pairs.flatMap(([a, b]): readonly CheckFinding[] => {
        if (told.has(b) || a.node === b.node) return [];
        if (a.instance.unicastPeers.length > 0 || b.instance.unicastPeers.length > 0) return [];
        const own = addressesOf(b.instance);
        if (addressesOf(a.instance).some((address) => own.includes(address))) return [];
        if (groupOf(a) !== groupOf(b) || !shareSubnet(a, b)) return [];
        told.add(b);
        const message = `VRID ${b.instance.vrid} is used by ${named(a)} and ${named(b)}, which share no address`;
        return [{ node: b.node, instance: b.instance.name, keyword: 'virtual_router_id', message }];
      });
    },
  },
];

/** Instances of one VRID and family. */
function sharersOfVrid(nodes: readonly CheckedNode[]): readonly (readonly NodeInstance[])[] {
  const all = nodes.flatMap((node) =>
    node.config.vrrp.instances.map((instance): NodeInstance => ({ node, instance })),
  );
  const sharers = groupedBy(all, ({ instance }) => `${instance.family} ${instance.vrid}`);
  return [...sharers.values()];
}
