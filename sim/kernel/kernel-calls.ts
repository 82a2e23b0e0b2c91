/**
 * The calls of `KernelApi` over a kernel's state: each finds the link or the table that is meant and hands on to the
 * file that knows what Linux does there. TCP and IPVS bring their own.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { isIpv4 } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Port } from '../lan/port.ts';
import { addIpv4Address, deleteIpv4Address } from './address-table.ts';
import { insertFirewallRule, removeFirewallRule, removeThisRule } from './firewall.ts';
import type { FirewallRule } from './firewall-state.ts';
import { addFouPort, type FouPort, removeFouPort } from './fou-ports.ts';
import { joinGroupOn, leaveGroupOn } from './group-machine.ts';
import { IGMP } from './igmp-host.ts';
import { sendRawIpv4 } from './ipv4-output.ts';
import { addIpv6Address, deleteIpv6Address } from './ipv6-addresses.ts';
import { sendRawIpv6 } from './ipv6-output.ts';
import type {
  KernelApi,
  NeighbourState,
  NetlinkEvent,
  NewAddress,
  PolicyRule,
  Route,
  VirtualLinkOptions,
} from './kernel-api.ts';
import { type KernelState, voidPaths } from './kernel-state.ts';
import { drainRing } from './link-input.ts';
import { transmit } from './link-output.ts';
import {
  addDummyLink,
  addVirtualLink,
  deleteLink,
  makeLink,
  registerLink,
  setLinkUp,
} from './link-table.ts';
import { MLD } from './mld-host.ts';
import {
  confirmNeighbour,
  failNeighbour,
  neighbourFor,
  updateNeighbour,
} from './neighbour-machine.ts';
import { entriesOf, findNeighbour, listNeighbours, removeNeighbour } from './neighbour-table.ts';
import { followCarrier, NetworkCard } from './network-card.ts';
import { openPacketSocket } from './packet-sockets.ts';
import { insertRule, removeRule } from './policy-rules.ts';
import { openRawSocket } from './raw-sockets.ts';
import { routeTo, wayTo } from './route-choice.ts';
import { insertRoute, listRoutes, removeRoutes, routeMatches } from './route-table.ts';
import type { PacketOptions, RawOptions, SocketError, UdpOptions } from './socket-api.ts';
import { listSysctls, readSysctl, writeSysctl } from './sysctl-registry.ts';
import { addTunnelLink } from './tunnel-links.ts';
import { openUdpSocket } from './udp-sockets.ts';

/** Everything of `KernelApi` but TCP and IPVS, which bring their own calls. */
export function kernelCalls(
  kernel: KernelState,
): Omit<KernelApi, 'node' | 'listenTcp' | 'connectTcp' | 'tcpSockets' | 'ipvs'> {
  return {
    ...linkCalls(kernel),
    ...addressCalls(kernel),
    ...routeCalls(kernel),
    ...neighbourCalls(kernel),
    ...socketCalls(kernel),
    ...machineCalls(kernel),
  };
}

function linkCalls(kernel: KernelState) {
  return {
    addEthernet(options: { name: string; mac: MacAddress; mtu: number; port: Port }) {
      const link = makeLink(kernel, { ...options, kind: 'ethernet' }, () => kernel);
      registerLink(kernel, link);
      options.port.attach(new NetworkCard(kernel, link));
      followCarrier(kernel, link);
    },
    addVirtualLink: (options: VirtualLinkOptions) => addVirtualLink(kernel, options),
    addTunnelLink: (name: string) => addTunnelLink(kernel, name),
    addDummyLink: (name: string) => addDummyLink(kernel, name),
    addFouPort: (port: FouPort) => addFouPort(kernel, port),
    deleteFouPort: (which: Omit<FouPort, 'protocol'>) => removeFouPort(kernel, which),
    fouPorts: () => kernel.fouPorts,
    deleteLink: (name: string) => deleteLink(kernel, name),
    setLinkUp(name: string, up: boolean) {
      const link = kernel.linksByName.get(name);
      if (link === undefined) return false;
      setLinkUp(kernel, link, up);
      return true;
    },
    links: () => kernel.links,
    link: (name: string) => kernel.linksByName.get(name),
  };
}

function addressCalls(kernel: KernelState) {
  return {
    addAddress(name: string, address: NewAddress) {
      const link = kernel.linksByName.get(name);
      if (link === undefined) return 'no-device';
      const add = isIpv4(address.address) ? addIpv4Address : addIpv6Address;
      return add(kernel, link, address);
    },
    deleteAddress(name: string, address: { address: IpAddress; length: number }) {
      const link = kernel.linksByName.get(name);
      if (link === undefined) return false;
      const remove = isIpv4(address.address) ? deleteIpv4Address : deleteIpv6Address;
      return remove(kernel, link, address);
    },
    isLocalAddress: (address: IpAddress) => kernel.localAddresses.has(address),
    joinGroup(name: string, group: IpAddress) {
      const link = kernel.linksByName.get(name);
      if (link === undefined || !isGroup(group)) return;
      joinGroupOn(kernel, isIpv4(group) ? IGMP : MLD, link, group);
    },
    leaveGroup(name: string, group: IpAddress) {
      const link = kernel.linksByName.get(name);
      if (link !== undefined) leaveGroupOn(kernel, isIpv4(group) ? IGMP : MLD, link, group);
    },
  } satisfies Partial<KernelApi>;
}

function routeCalls(kernel: KernelState) {
  return {
    routes: (family: 'inet' | 'inet6', table?: string) => listRoutes(kernel, family, table),
    addRoute: (route: Route, how: 'add' | 'append' | 'replace') => addRoute(kernel, route, how),
    deleteRoute(match: Partial<Route> & { readonly family: 'inet' | 'inet6' }) {
      return removeRoutes(kernel, match.family, ({ route }) => routeMatches(route, match), 1) > 0;
    },
    routeTo: (destination: IpAddress, from?: IpAddress, oif?: string) =>
      routeTo(kernel, destination, from, oif),
    rules: (family: 'inet' | 'inet6') =>
      family === 'inet' ? kernel.inet.rules : kernel.inet6.rules,
    addRule: (rule: PolicyRule) => insertRule(kernel, rule),
    deleteRule: (rule: PolicyRule) => removeRule(kernel, rule),
  };
}

function neighbourCalls(kernel: KernelState) {
  const entryOf = (name: string, address: IpAddress) => {
    const link = kernel.linksByName.get(name);
    const table = isIpv4(address) ? kernel.arp : kernel.nd;
    return link === undefined ? undefined : findNeighbour(table, link, address);
  };
  return {
    neighbours: () => listNeighbours(kernel),
    confirmNeighbour(destination: IpAddress) {
      const way = wayTo(kernel, destination);
      if (typeof way === 'string') return;
      const table = isIpv4(destination) ? kernel.arp : kernel.nd;
      const entry = findNeighbour(table, way.link, way.nextHop);
      if (entry !== undefined) confirmNeighbour(kernel, entry);
    },

    setNeighbour(name: string, address: IpAddress, mac: MacAddress, state: NeighbourState) {
      const link = kernel.linksByName.get(name);
      if (link === undefined) return;
      const table = isIpv4(address) ? kernel.arp : kernel.nd;
      const entry = neighbourFor(kernel, table, link, address);
      if (entry === undefined) return;
      updateNeighbour(kernel, entry, mac, state, { override: true, admin: true });
    },
    deleteNeighbour(name: string, address: IpAddress) {
      const entry = entryOf(name, address);
      if (entry === undefined) return false;
      failNeighbour(kernel, entry);
      removeNeighbour(kernel, entry);
      return true;
    },
    flushNeighbours: (which?: { readonly link?: string; readonly address?: IpAddress }) =>
      flushNeighbours(kernel, which),
  };
}

function socketCalls(kernel: KernelState) {
  return {
    openUdp: (options: UdpOptions) => openUdpSocket(kernel, options),
    openRaw: (options: RawOptions) => openRawSocket(kernel, options),
    openPacket: (options: PacketOptions) => openPacketSocket(kernel, options),
    sendIp(packet: Uint8Array, name?: string, mayBeCut = false): SocketError | undefined {
      const link = name === undefined ? undefined : kernel.linksByName.get(name);
      if (name !== undefined && link === undefined) return 'ENODEV';
      const version = (packet[0] ?? 0) >>> 4;
      if (version === 4) return sendRawIpv4(kernel, packet, link, mayBeCut);
      return version === 6 ? sendRawIpv6(kernel, packet, link, mayBeCut) : 'EINVAL';
    },
    sendFrame(name: string, frame: Uint8Array): SocketError | undefined {
      const link = kernel.linksByName.get(name);
      if (link === undefined) return 'ENODEV';
      if (!link.up) return 'ENETDOWN';
      if (frame.length < ETHERNET_HEADER_LENGTH) return 'EINVAL';
      if (frame.length > link.mtu + ETHERNET_HEADER_LENGTH) return 'EMSGSIZE';
      transmit(kernel, link, frame);
      return undefined;
    },
  };
}

function machineCalls(kernel: KernelState) {
  return {
    sysctl: (name: string) => readSysctl(kernel, name),
    setSysctl: (name: string, value: string) => writeSysctl(kernel, name, value),
    sysctlNames: () => listSysctls(kernel),
    addFirewallRule(rule: FirewallRule) {
      voidPaths(kernel);
      return insertFirewallRule(kernel.firewall, rule);
    },
    deleteFirewallRule(handle: number) {
      voidPaths(kernel);
      removeFirewallRule(kernel.firewall, handle);
    },
    removeFirewallRule(rule: FirewallRule) {
      voidPaths(kernel);
      removeThisRule(kernel.firewall, rule);
    },
    firewallRules: () => [...kernel.firewall.rules.values()],
    onNetlink(listener: (event: NetlinkEvent) => void) {
      kernel.netlinkListeners.push(listener);
      return () => {
        const at = kernel.netlinkListeners.indexOf(listener);
        if (at >= 0) kernel.netlinkListeners.splice(at, 1);
      };
    },
    dropCounters: () => kernel.drops,
    halt() {
      kernel.halted = true;
      voidPaths(kernel);
      kernel.clock.stop();
      kernel.netlinkListeners.length = 0;
      kernel.ring.length = 0;
    },
    setFrozen(frozen: boolean) {
      if (kernel.halted || kernel.frozen === frozen) return;
      kernel.frozen = frozen;
      voidPaths(kernel);
      kernel.clock.setFrozen(frozen);
      if (frozen) return;
      for (const link of kernel.links) if (link.port !== undefined) followCarrier(kernel, link);
      drainRing(kernel);
    },
  };
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
