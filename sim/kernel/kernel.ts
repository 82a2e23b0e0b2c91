/**
 * One host's Linux kernel, put together. This file wires the parts and answers `KernelApi`; what
 * Linux does stands in the files named after its parts. Read `kernel-api.ts` first, then
 * `kernel-state.ts`.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { UNREACHABLE_HOST } from '../../daemon/wire/icmp.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { isIpv4 } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { type MacAddress, ZERO_MAC } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { RandomStreams } from '../engine/random-streams.ts';
import type { Port } from '../lan/port.ts';
import { addIpv4Address, deleteIpv4Address } from './address-table.ts';
import { solicitByArp } from './arp-output.ts';
import {
  insertFirewallRule,
  makeFirewall,
  removeFirewallRule,
  removeThisRule,
} from './firewall.ts';
import type { FirewallRule } from './firewall-state.ts';
import { addFouPort, type FouPort, removeFouPort } from './fou-ports.ts';
import { defaultGlobalSettings } from './global-settings.ts';
import { joinGroupOn, leaveGroupOn } from './group-machine.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { IGMP } from './igmp-host.ts';
import {
  defaultNdSettings,
  defaultSettings,
  IPV4_SETTINGS,
  IPV6_SETTINGS,
  NEIGHBOUR_SETTINGS,
} from './interface-settings.ts';
import { sendRawIpv4 } from './ipv4-output.ts';
import { addIpv6Address, deleteIpv6Address } from './ipv6-addresses.ts';
import { reportUnreachable } from './ipv6-input.ts';
import { sendRawIpv6 } from './ipv6-output.ts';
import { attachIpvs } from './ipvs/ipvs-hooks.ts';
import type {
  KernelApi,
  NeighbourState,
  NetlinkEvent,
  NewAddress,
  PacketOptions,
  PolicyRule,
  RawOptions,
  Route,
  SocketError,
  UdpOptions,
  VirtualLinkOptions,
} from './kernel-api.ts';
import { JIFFY_US, KernelClock } from './kernel-clock.ts';
import {
  type IcmpErrorHandler,
  type KernelState,
  type LocalInputHook,
  type ProtocolHandler,
  voidPaths,
} from './kernel-state.ts';
import { drainRing, receiveFromLoopback, receiveOn } from './link-input.ts';
import { transmit } from './link-output.ts';
import { addVirtualLink, deleteLink, makeLink, registerLink, setLinkUp } from './link-table.ts';
import { MLD } from './mld-host.ts';
import { solicitByNd } from './nd-output.ts';
import {
  confirmNeighbour,
  failNeighbour,
  neighbourFor,
  updateNeighbour,
} from './neighbour-machine.ts';
import {
  collectPeriodically,
  entriesOf,
  findNeighbour,
  listNeighbours,
  makeNeighbourTable,
  removeNeighbour,
} from './neighbour-table.ts';
import { followCarrier, NetworkCard } from './network-card.ts';
import { openPacketSocket } from './packet-sockets.ts';
import { insertRule, removeRule } from './policy-rules.ts';
import { openRawSocket } from './raw-sockets.ts';
import { routeTo, wayTo } from './route-choice.ts';
import { insertRoute, listRoutes, makeRouting, removeRoutes, routeMatches } from './route-table.ts';
import { listSysctls, readSysctl, writeSysctl } from './sysctl-registry.ts';
import { attachTcp } from './tcp/tcp-sockets.ts';
import { addTunnelLink } from './tunnel-links.ts';
import { openUdpSocket } from './udp-sockets.ts';

/**
 * Jiffies repeat their phase against the coarsest wheel level that matters after this many ticks.
 */
const PHASE_TICKS = 32_768;
const LOOPBACK_MTU = 65_536;

/** What a kernel needs to come to life. */
export interface KernelOptions {
  readonly engine: Engine;
  /** Name of the host, for events and random streams. */
  readonly node: string;
  /** Where the kernel's streams come from; by default the engine's. */
  readonly streams?: RandomStreams;
  /**
   * Phase of the ticks against engine time, µs; by default drawn. A replay of a recording sets it.
   */
  readonly tickPhaseUs?: number;
}

/** A kernel with the doors that later parts of this machine use: TCP, IPVS, programs. */
export interface Kernel extends KernelApi {
  readonly state: KernelState;
  /** Plugs a transport protocol in; packets without one are answered "protocol unreachable". */
  setProtocolHandler(protocol: number, handler: ProtocolHandler): void;
  setIcmpErrorHandler(protocol: number, handler: IcmpErrorHandler): void;
  /** Adds a hook before local input, behind the firewall. */
  addLocalInputHook(hook: LocalInputHook): void;
}

/** Makes a kernel with `lo` up and nothing else. */
export function createKernel(options: KernelOptions): Kernel {
  const kernel = makeState(options);
  registerLink(kernel, kernel.loopback);
  setLinkUp(kernel, kernel.loopback, true);
  const streams = options.streams ?? options.engine.streams;
  const tcp = attachTcp(kernel, () => streams.named(`${options.node}/kernel/tcp`));
  const random = () => streams.named(`${options.node}/kernel/ipvs`).uint32();
  const ipvs = attachIpvs(kernel, random);
  return { ...facade(kernel), ...tcp, ipvs, ...doors(kernel), node: options.node };
}

function makeState(options: KernelOptions): KernelState {
  const { engine, node } = options;
  const streams = options.streams ?? engine.streams;
  const random = streams.named(`${node}/kernel`);
  const drawn = randomBelow(random, PHASE_TICKS * JIFFY_US);
  const clock = new KernelClock(engine, options.tickPhaseUs ?? drawn);
  const startedAt = clock.jiffies;
  const self = (): KernelState => state;
  const settings = {
    ipv4Default: defaultSettings(IPV4_SETTINGS),
    ipv6Default: defaultSettings(IPV6_SETTINGS),
    arpDefault: defaultSettings(NEIGHBOUR_SETTINGS),
    ndDefault: defaultNdSettings(),
    nextIndex: 1,
  };
  const lo = { name: 'lo', kind: 'loopback', mac: ZERO_MAC, mtu: LOOPBACK_MTU } as const;
  const loopback = makeLink(settings, lo, self);
  const state: KernelState = {
    node,
    clock,
    random,
    reachableRandom: {
      inet: streams.named(`${node}/kernel/arp`),
      inet6: streams.named(`${node}/kernel/nd`),
    },
    links: [],
    linksByName: new Map(),
    loopback,
    settings: defaultGlobalSettings(),
    ...settings,
    ipv4All: defaultSettings(IPV4_SETTINGS),
    ipv6All: defaultSettings(IPV6_SETTINGS),
    localAddresses: new Map(),
    inet: makeRouting('inet'),
    inet6: makeRouting('inet6'),
    arp: makeNeighbourTable('inet', startedAt, (table) => collectPeriodically(self(), table)),
    nd: makeNeighbourTable('inet6', startedAt, (table) => collectPeriodically(self(), table)),
    sockets: { udp: new Map(), raw: new Map(), packet: [], nextEphemeral: 0 },
    firewall: makeFirewall(),
    drops: new Map(),
    netlinkListeners: [],
    netlinkQueue: [],
    loopbackQueue: [],
    protocolHandlers: new Map(),
    localInputHooks: [],
    forwardHooks: [],
    outputHooks: [],
    ipvs: undefined,
    fragments: { inet: new Map(), inet6: new Map() },
    gathered: undefined,
    fouPorts: [],
    pathMtus: new Map(),
    icmpErrorHandlers: new Map(),
    ops: makeOps(self),
    nextIdentification: randomBelow(random, 0xffff) + 1,
    icmpBuckets: new Map(),
    redirects: new Map(),
    frozen: false,
    halted: false,
    validPaths: [],
    ring: [],
  };
  return state;
}

function makeOps(self: () => KernelState): KernelState['ops'] {
  return {
    receive: (link, frame, type) => receiveOn(self(), link, frame, type),
    receiveLoopback: (frame) => receiveFromLoopback(self(), frame),
    neighbourUnreachable(entry, frame) {
      if (entry.table.family === 'inet6') {
        reportUnreachable(self(), entry.link, frame);
        return;
      }
      const error = { kind: 'destination-unreachable', code: UNREACHABLE_HOST } as const;
      sendIcmpError(self(), frame, ETHERNET_HEADER_LENGTH, error, 'routed');
    },
    solicit(entry, waiting) {
      if (entry.table.family === 'inet') solicitByArp(self(), entry, waiting);
      else solicitByNd(self(), entry, waiting);
    },
  };
}

function doors(kernel: KernelState): Omit<Kernel, keyof KernelApi> {
  return {
    state: kernel,
    setProtocolHandler(protocol, handler) {
      kernel.protocolHandlers.set(protocol, handler);
      voidPaths(kernel);
    },
    setIcmpErrorHandler: (protocol, handler) =>
      void kernel.icmpErrorHandlers.set(protocol, handler),
    addLocalInputHook(hook) {
      kernel.localInputHooks.push(hook);
      voidPaths(kernel);
    },
  };
}

function facade(
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
