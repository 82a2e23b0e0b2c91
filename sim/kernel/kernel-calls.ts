/**
 * The calls of `KernelApi` over a kernel's state that set up its network: each finds the link or the table that is meant and
 * hands on to the file that knows what Linux does there. Sockets and the rest stand in `machine-calls.ts`; TCP and IPVS
 * bring their own.
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { isIpv4 } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Port } from '../lan/port.ts';
import { addIpv4Address, deleteIpv4Address } from './address-table.ts';
import { addFouPort, type FouPort, removeFouPort } from './fou-ports.ts';
import { joinGroupOn, leaveGroupOn } from './group-machine.ts';
import { IGMP } from './igmp-host.ts';
import { addIpv6Address, deleteIpv6Address } from './ipv6-addresses.ts';
import type {
  KernelApi,
  NeighbourState,
  NewAddress,
  PolicyRule,
  Route,
  VirtualLinkOptions,
} from './kernel-api.ts';
import type { KernelState } from './kernel-state.ts';
import {
  addDummyLink,
  addVirtualLink,
  deleteLink,
  makeLink,
  registerLink,
  setLinkUp,
} from './link-table.ts';
import { MachineCalls } from './machine-calls.ts';
import { MLD } from './mld-host.ts';
import {
  confirmNeighbour,
  failNeighbour,
  neighbourFor,
  updateNeighbour,
} from './neighbour-machine.ts';
import type { NeighbourTable } from './neighbour-state.ts';
import { entriesOf, findNeighbour, listNeighbours, removeNeighbour } from './neighbour-table.ts';
import { followCarrier, NetworkCard } from './network-card.ts';
import { insertRule, removeRule } from './policy-rules.ts';
import { routeError, routeTo, wayTo } from './route-choice.ts';
import { insertRoute, listRoutes, removeRoutes, routeMatches } from './route-table.ts';
import { addTunnelLink } from './tunnel-links.ts';

/** Everything of `KernelApi` but TCP and IPVS. One prototype for all hosts: a LAN of ten thousand makes no functions for each. */
export class KernelCalls
  extends MachineCalls
  implements Omit<KernelApi, 'listenTcp' | 'connectTcp' | 'tcpSockets' | 'ipvs'>
{
  // Links.

  addEthernet(options: { name: string; mac: MacAddress; mtu: number; port: Port }): void {
    const kernel = this.state;
    const link = makeLink(kernel, { ...options, kind: 'ethernet' }, () => kernel);
    registerLink(kernel, link);
    options.port.attach(new NetworkCard(kernel, link));
    followCarrier(kernel, link);
  }

  addVirtualLink(options: VirtualLinkOptions) {
    return addVirtualLink(this.state, options);
  }

  addTunnelLink(name: string) {
    return addTunnelLink(this.state, name);
  }

  addDummyLink(name: string) {
    return addDummyLink(this.state, name);
  }

  addFouPort(port: FouPort) {
    return addFouPort(this.state, port);
  }

  deleteFouPort(which: Omit<FouPort, 'protocol'>) {
    return removeFouPort(this.state, which);
  }

  fouPorts() {
    return this.state.fouPorts;
  }

  deleteLink(name: string) {
    return deleteLink(this.state, name);
  }

  setLinkUp(name: string, up: boolean): boolean {
    const link = this.linkNamed(name);
    if (link === undefined) return false;
    setLinkUp(this.state, link, up);
    return true;
  }

  links() {
    return this.state.links;
  }

  link(name: string) {
    return this.linkNamed(name);
  }

  // Addresses and groups.

  addAddress(name: string, address: NewAddress) {
    const link = this.linkNamed(name);
    if (link === undefined) return 'no-device';
    const add = isIpv4(address.address) ? addIpv4Address : addIpv6Address;
    return add(this.state, link, address);
  }

  deleteAddress(name: string, address: { address: IpAddress; length: number }): boolean {
    const link = this.linkNamed(name);
    if (link === undefined) return false;
    const remove = isIpv4(address.address) ? deleteIpv4Address : deleteIpv6Address;
    return remove(this.state, link, address);
  }

  isLocalAddress(address: IpAddress): boolean {
    return this.state.localAddresses.has(address);
  }

  joinGroup(name: string, group: IpAddress): void {
    const link = this.linkNamed(name);
    if (link === undefined || !isGroup(group)) return;
    joinGroupOn(this.state, isIpv4(group) ? IGMP : MLD, link, group);
  }

  leaveGroup(name: string, group: IpAddress): void {
    const link = this.linkNamed(name);
    if (link !== undefined) leaveGroupOn(this.state, isIpv4(group) ? IGMP : MLD, link, group);
  }

  // Routes and rules.

  routes(family: 'inet' | 'inet6', table?: string) {
    return listRoutes(this.state, family, table);
  }

  addRoute(route: Route, how: 'add' | 'append' | 'replace') {
    return addRoute(this.state, route, how);
  }

  deleteRoute(match: Partial<Route> & { readonly family: 'inet' | 'inet6' }): boolean {
    const { family } = match;
    return removeRoutes(this.state, family, ({ route }) => routeMatches(route, match), 1) > 0;
  }

  routeTo(destination: IpAddress, from?: IpAddress, oif?: string) {
    return routeTo(this.state, destination, from, oif);
  }

  routeError(destination: IpAddress, from?: IpAddress, oif?: string) {
    return routeError(this.state, destination, from, oif);
  }

  rules(family: 'inet' | 'inet6') {
    return this.state[family].rules;
  }

  addRule(rule: PolicyRule) {
    return insertRule(this.state, rule);
  }

  deleteRule(rule: PolicyRule) {
    return removeRule(this.state, rule);
  }

  // Neighbours.

  neighbours() {
    return listNeighbours(this.state);
  }

  confirmNeighbour(destination: IpAddress): void {
    const way = wayTo(this.state, destination);
    if (typeof way === 'string') return;
    const entry = findNeighbour(this.#tableOf(destination), way.link, way.nextHop);
    if (entry !== undefined) confirmNeighbour(this.state, entry);
  }

  setNeighbour(name: string, address: IpAddress, mac: MacAddress, state: NeighbourState): void {
    const link = this.linkNamed(name);
    if (link === undefined) return;
    const entry = neighbourFor(this.state, this.#tableOf(address), link, address);
    if (entry === undefined) return;
    updateNeighbour(this.state, entry, mac, state, { override: true, admin: true });
  }

  deleteNeighbour(name: string, address: IpAddress): boolean {
    const link = this.linkNamed(name);
    if (link === undefined) return false;
    const entry = findNeighbour(this.#tableOf(address), link, address);
    if (entry === undefined) return false;
    failNeighbour(this.state, entry);
    removeNeighbour(this.state, entry);
    return true;
  }

  flushNeighbours(which?: { readonly link?: string; readonly address?: IpAddress }): number {
    return flushNeighbours(this.state, which);
  }

  #tableOf(address: IpAddress): NeighbourTable {
    return isIpv4(address) ? this.state.arp : this.state.nd;
  }
}

/** A gateway must be on link, unless the caller says so; a down link takes no routes. */
function addRoute(
  kernel: KernelState,
  route: Route,
  how: 'add' | 'append' | 'replace',
): 'ok' | 'exists' | 'unreachable' {
  const link = route.link === undefined ? undefined : kernel.linksByName.get(route.link);
  if (link !== undefined && !link.up && route.type !== 'local') return 'unreachable';
  const { gateway } = route;
  if (gateway === undefined) return insertRoute(kernel, route, how);
  if (route.onLink === true && link !== undefined) return insertRoute(kernel, route, how);
  const way = wayTo(kernel, gateway, undefined, link);
  const reachable = typeof way !== 'string' && way.kind === 'unicast' && !way.gateway;
  if (!reachable) return 'unreachable';
  return insertRoute(kernel, { ...route, link: way.link.name }, how);
}

function flushNeighbours(
  kernel: KernelState,
  which: { readonly link?: string; readonly address?: IpAddress } | undefined,
): number {
  let count = 0;
  for (const table of [kernel.arp, kernel.nd]) {
    for (const link of kernel.links) {
      if (which?.link !== undefined && which.link !== link.name) continue;
      for (const entry of [...entriesOf(table, link).values()]) {
        if (which?.address !== undefined && which.address !== entry.address) continue;
        if (entry.state === 'PERMANENT' || entry.state === 'NOARP') continue;
        failNeighbour(kernel, entry);
        removeNeighbour(kernel, entry);
        count++;
      }
    }
  }
  return count;
}

function isGroup(address: IpAddress): boolean {
  return isIpv4(address) ? isMulticastIpv4(address) : isMulticastIpv6(address);
}
