/**
 * The LAN that configurations are meant for, as a scenario document: one host per file, one switch
 * per LAN, a client that pings every virtual address, the real servers. What no configuration says
 * (the machines' own addresses) is made up from the subnets of the virtual addresses.
 */

import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import {
  formatIp,
  type IpAddress,
  type IpPrefix,
  isIpv4,
} from '../../../daemon/wire/ip-address.ts';
import { knowsCommand } from '../../programs/shell/command-table.ts';
import { CLIENT, trafficOf } from './derive-traffic.ts';
import type { Document } from './document-text.ts';
import { realServers } from './real-servers.ts';
import { AddressPool, contains, subnetOf } from './subnets.ts';

/** One node: its name, and its file as the scenario will name it. */
export interface DerivedNode {
  readonly name: string;
  /** Relative to the scenario. */
  readonly path: string;
  readonly config: DaemonConfig;
}

/** One LAN: the cards on it, and the subnets that are in use there. */
interface Segment {
  readonly name: string;
  readonly cards: { readonly node: DerivedNode; readonly nic: string }[];
  readonly subnets: IpPrefix[];
}

/** The whole document: lan and traffic, no steps yet. */
export function deriveDocument(
  name: string,
  nodes: readonly DerivedNode[],
  /** Time between two requests of the client. */
  every = '10ms',
): Document {
  const segments = segmentsOf(nodes);
  const pool = new AddressPool();
  for (const node of nodes) pool.take(mentioned(node.config));
  const hosts: Document = {};
  const cables: (readonly [string, string])[] = [];
  const ports = new Map<Segment, number>();
  const plug = (segment: Segment, end: string) => {
    const port = (ports.get(segment) ?? 0) + 1;
    ports.set(segment, port);
    cables.push([end, `${segment.name}:${port}`]);
  };
  for (const [index, node] of nodes.entries()) {
    const nics: Document = {};
    for (const segment of segments) {
      for (const { nic } of segment.cards.filter((card) => card.node === node)) {
        nics[nic] = addressesEntry(ownAddresses(node, nic, { segment, nodes, pool, index }));
        plug(segment, `${node.name}:${nic}`);
      }
    }
    hosts[node.name] = { nics, keepalived: node.path, ...programsOf(node.config) };
  }
  const clientNics: Document = {};
  for (const segment of segments.filter((one) => one.subnets.length > 0)) {
    const nic = `eth${Object.keys(clientNics).length}`;
    clientNics[nic] = addressesEntry(segment.subnets.map((subnet) => pool.free(subnet, 200)));
    plug(segment, `${CLIENT}:${nic}`);
  }
  hosts[CLIENT] = { nics: clientNics };
  for (const server of realServers(nodes.map((node) => node.config))) {
    const home = segments.find((one) => one.subnets.some((net) => contains(net, server.address)));
    const segment = home ?? segments[0];
    if (segment === undefined) continue;
    hosts[server.name] = server.host;
    plug(segment, `${server.name}:eth0`);
  }
  const switches: Document = {};
  for (const segment of segments) switches[segment.name] = {};
  return {
    name,
    lan: { switches, hosts, cables },
    traffic: trafficOf(
      nodes.map((node) => node.config),
      every,
    ),
  };
}

/** The short form where there is one address. */
function addressesEntry(
  addresses: readonly string[],
): string | { readonly address: readonly string[] } {
  const [first] = addresses;
  return addresses.length === 1 && first !== undefined ? first : { address: addresses };
}

/** Cards of nodes joined by the virtual routers they share; the others by their name. */
function segmentsOf(nodes: readonly DerivedNode[]): readonly Segment[] {
  const byKey = new Map<string, Segment>();
  const find = (node: DerivedNode, nic: string) =>
    [...byKey.values()].find((one) => one.cards.some((c) => c.node === node && c.nic === nic));
  const add = (key: string, node: DerivedNode, nic: string): Segment => {
    const segment =
      find(node, nic) ?? byKey.get(key) ?? newSegment(new Set(byKey.values()).size + 1);
    if (!byKey.has(key)) byKey.set(key, segment);
    const isKnown = segment.cards.some((card) => card.node === node && card.nic === nic);
    if (!isKnown) segment.cards.push({ node, nic });
    return segment;
  };
  for (const node of nodes) {
    for (const instance of node.config.vrrp.instances) {
      const nic = cardOf(instance);
      const first = [...instance.addresses, ...instance.excludedAddresses][0];
      const key = `${instance.family} ${first === undefined ? nic : formatIp(first.address)}`;
      const segment = add(key, node, nic);
      if (instance.sourceAddress !== undefined) {
        addSubnet(segment, sourcePrefix(instance, instance.sourceAddress));
      }
      for (const vip of [...instance.addresses, ...instance.excludedAddresses]) {
        const isOwn = vip.vmacBase !== undefined || vip.interface === instance.interface;
        const other = isOwn ? segment : add(`dev ${vip.interface}`, node, vip.interface);
        addSubnet(other, subnetOf(vip));
      }
      for (const one of instance.trackedInterfaces)
        add(`dev ${one.interface}`, node, one.interface);
    }
  }
  return [...new Set(byKey.values())];
}

/** A source address has no length; that of a virtual address around it is taken. */
function sourcePrefix(instance: VrrpInstanceConfig, address: IpAddress): IpPrefix {
  const around = instance.addresses.map(subnetOf).find((subnet) => contains(subnet, address));
  return around ?? subnetOf({ address, length: isIpv4(address) ? 32 : 128 });
}

function newSegment(number: number): Segment {
  return { name: `sw${number}`, cards: [], subnets: [] };
}

function addSubnet(segment: Segment, subnet: IpPrefix): void {
  if (formatIp(subnet.address).startsWith('fe80:')) return;
  if (segment.subnets.some((one) => contains(one, subnet.address))) return;
  segment.subnets.push(subnet);
}

/** The card below VMACs and ipvlans. */
function cardOf(instance: VrrpInstanceConfig): string {
  const { vmac, ipvlan, configuredInterface } = instance;
  return vmac?.base ?? ipvlan?.base ?? configuredInterface ?? instance.interface ?? 'eth0';
}

function ownAddresses(
  node: DerivedNode,
  nic: string,
  given: {
    readonly segment: Segment;
    readonly nodes: readonly DerivedNode[];
    readonly pool: AddressPool;
    readonly index: number;
  },
): readonly string[] {
  const { segment, nodes, pool, index } = given;
  const known = knownAddresses(node, nic, nodes);
  return segment.subnets.map((subnet) => {
    const own = known.find((address) => contains(subnet, address));
    return own === undefined ? pool.free(subnet, 11 + index) : `${formatIp(own)}/${subnet.length}`;
  });
}

/** Source addresses; and with unicast the peer that all others list and the node itself does not. */
function knownAddresses(
  node: DerivedNode,
  nic: string,
  nodes: readonly DerivedNode[],
): readonly IpAddress[] {
  const instances = node.config.vrrp.instances.filter((one) => cardOf(one) === nic);
  return instances.flatMap((instance): readonly IpAddress[] => {
    if (instance.sourceAddress !== undefined) return [instance.sourceAddress];
    const own = new Set(instance.unicastPeers.map((peer) => peer.address));
    const others = nodes.filter((one) => one !== node);
    const listed = others.flatMap((one) =>
      one.config.vrrp.instances
        .filter((other) => other.vrid === instance.vrid)
        .flatMap((other) => other.unicastPeers.map((peer) => peer.address)),
    );
    const candidates = [...new Set(listed)].filter((address) => !own.has(address));
    return candidates.length === 1 ? candidates : [];
  });
}

function mentioned(config: DaemonConfig): readonly IpAddress[] {
  return [
    ...config.vrrp.instances.flatMap((one) => [
      ...one.addresses.map((vip) => vip.address),
      ...one.excludedAddresses.map((vip) => vip.address),
      ...one.unicastPeers.map((peer) => peer.address),
      ...(one.sourceAddress === undefined ? [] : [one.sourceAddress]),
    ]),
    ...config.lvs.virtualServers.flatMap((one) => one.realServers.map((real) => real.address)),
  ];
}

/** Processes that checks look for run; other scripts answer 0. */
function programsOf(config: DaemonConfig): Document {
  const processes = new Set(config.vrrp.processes.map((one) => baseOf(one.command)));
  const scripts: Document = {};
  for (const script of config.vrrp.scripts) {
    const command = baseOf(script.arguments[0] ?? '');
    const asked = script.arguments.at(-1) ?? '';
    if (['pidof', 'killall', 'pgrep'].includes(command)) processes.add(baseOf(asked));
    else if (!knowsCommand(script.arguments[0] ?? '')) scripts[script.name] = { exit: 0 };
  }
  const programs = [...processes].map((name) => ({ process: { name } }));
  return {
    ...(programs.length === 0 ? {} : { programs }),
    ...(Object.keys(scripts).length === 0 ? {} : { scripts }),
  };
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
