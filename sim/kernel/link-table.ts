/**
 * Links: making and deleting them, switching them on and off, and what the carrier's coming and
 * going means.
 * Source: net/core/dev.c, net/ipv4/devinet.c (inetdev_event), drivers/net/macvlan.c.
 */

import { ALL_SYSTEMS_GROUP } from '../../daemon/wire/igmp.ts';
import { ipv4FromNumber, multicastMacOfIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { type MacAddress, macFromNumber } from '../../daemon/wire/mac-address.ts';
import type { Port } from '../lan/port.ts';
import { addIpv4AddressRoutes, removeRoutesOfDownLink } from './address-routes.ts';
import { addIpv4Address, deleteIpv4Address } from './address-table.ts';
import { sendAnnouncementsOfLink } from './arp-output.ts';
import { announceGroupsOf, listenTo, silenceGroupsOf } from './group-machine.ts';
import { Memberships } from './group-memberships.ts';
import { IGMP } from './igmp-host.ts';
import { copySettings } from './interface-settings.ts';
import { deleteIpv6Address, hasIpv6, startIpv6, stopIpv6 } from './ipv6-addresses.ts';
import type { Link, VirtualLinkOptions } from './kernel-api.ts';
import {
  isWithoutNeighbours,
  type KernelState,
  type LinkState,
  voidPaths,
} from './kernel-state.ts';
import { MLD } from './mld-host.ts';
import { flushNeighboursOf } from './neighbour-table.ts';
import { announce } from './netlink.ts';
import { makeArpPath, makeInputMemo, makeInputPath } from './route-memo.ts';
import { flushRouteCache, removeRoutes } from './route-table.ts';

/** 02:64:75:6d:6d:00, "dumm": the index of the link is added. */
const DUMMY_MAC = 0x02_64_75_6d_6d_00;
const ETHERNET_MTU = 1500;

/** What every link is made of. */
export interface LinkSpec {
  readonly name: string;
  readonly kind: Link['kind'];
  readonly mac: MacAddress;
  readonly mtu: number;
  readonly port?: Port;
  readonly baseLink?: LinkState;
  readonly vlanId?: number;
  readonly mode?: 'private' | 'bridge' | 'vepa';
}

/** Part of a kernel that making a link needs. */
type LinkHome = Pick<
  KernelState,
  'ipv4Default' | 'ipv6Default' | 'arpDefault' | 'ndDefault' | 'nextIndex'
>;

/** Makes the object of a link; `kernel()` is asked when its timers fire. */
export function makeLink(home: LinkHome, spec: LinkSpec, kernel: () => KernelState): LinkState {
  const link: LinkState = {
    name: spec.name,
    index: home.nextIndex,
    kind: spec.kind,
    mac: spec.mac,
    mtu: spec.mtu,
    up: false,
    carrier: carrierOf(spec),
    addresses: [],
    counters: { rxPackets: 0, rxBytes: 0, rxDropped: 0, txPackets: 0, txBytes: 0, txDropped: 0 },
    port: spec.port,
    baseLink: spec.baseLink,
    vlanId: spec.vlanId,
    mode: spec.mode,
    children: [],
    multicastFilter: new Map(),
    promiscuity: 0,
    ipv4: copySettings(home.ipv4Default),
    ipv6: copySettings(home.ipv6Default),
    arpEntries: new Map(),
    ndEntries: new Map(),
    arpSettings: copySettings(home.arpDefault),
    ndSettings: copySettings(home.ndDefault),
    arpReachable: { period: -1, ticks: 0 },
    ndReachable: { period: -1, ticks: 0 },
    hostInput: makeInputMemo(),
    groupInput: makeInputMemo(),
    hostPath: makeInputPath(),
    groupPath: makeInputPath(),
    arpPath: makeArpPath(),
    rawPaths: { lastPath: undefined, paths: undefined },
    igmp: new Memberships((expire) => expire(kernel(), IGMP, link)),
    mld: new Memberships((expire) => expire(kernel(), MLD, link)),
  };
  if (spec.baseLink !== undefined) Object.assign(link, { base: spec.baseLink.name });
  home.nextIndex++;
  return link;
}

/** Puts a link on the list. */
export function registerLink(kernel: KernelState, link: LinkState): void {
  kernel.links.push(link);
  kernel.linksByName.set(link.name, link);
  link.baseLink?.children.push(link);
  voidPaths(kernel);
  announce(kernel, { kind: 'link-changed', link: link.name });
}

/** `ip link add`; `false` when the name is taken or the base is missing or unfit. */
export function addVirtualLink(kernel: KernelState, options: VirtualLinkOptions): boolean {
  const baseLink = kernel.linksByName.get(options.base);
  if (baseLink === undefined || kernel.linksByName.has(options.name)) return false;
  if (isWithoutNeighbours(baseLink)) return false;
  const common = { name: options.name, kind: options.kind, mtu: baseLink.mtu, baseLink } as const;
  const spec: LinkSpec =
    options.kind === 'macvlan'
      ? { ...common, mac: options.mac, mode: options.mode }
      : options.kind === 'ipvlan'
        ? { ...common, mac: baseLink.mac, mode: options.mode }
        : { ...common, mac: baseLink.mac, vlanId: options.vlanId };
  registerLink(
    kernel,
    makeLink(kernel, spec, () => kernel),
  );
  return true;
}

/** `ip link add NAME type dummy`; what is sent through it is gone. `false` when the name is taken. */
export function addDummyLink(kernel: KernelState, name: string): boolean {
  if (kernel.linksByName.has(name)) return false;
  // Linux draws a random address; this one is local, too, and the same in every run.
  const mac = macFromNumber(DUMMY_MAC + kernel.nextIndex);
  const spec = { name, kind: 'dummy', mac, mtu: ETHERNET_MTU } as const;
  registerLink(
    kernel,
    makeLink(kernel, spec, () => kernel),
  );
  return true;
}

/** `ip link del`: virtual links only, with those that stand on them. */
export function deleteLink(kernel: KernelState, name: string): boolean {
  const link = kernel.linksByName.get(name);
  if (link === undefined) return false;
  if (link.baseLink === undefined && link.kind !== 'dummy') return false;
  for (const child of [...link.children]) deleteLink(kernel, child.name);
  setLinkUp(kernel, link, false);
  for (const own of [...link.addresses]) {
    if (!link.addresses.includes(own)) continue;
    if (typeof own.address === 'number') deleteIpv4Address(kernel, link, own);
    else deleteIpv6Address(kernel, link, own);
  }
  removeRoutes(kernel, 'inet', (entry) => entry.link === link);
  removeRoutes(kernel, 'inet6', (entry) => entry.link === link);
  flushNeighboursOf(kernel, link, false);
  for (const mac of [...link.multicastFilter.keys()]) {
    while (link.multicastFilter.has(mac)) listenTo(link, mac, -1);
  }
  kernel.links.splice(kernel.links.indexOf(link), 1);
  kernel.linksByName.delete(name);
  const siblings = link.baseLink?.children;
  siblings?.splice(siblings.indexOf(link), 1);
  voidPaths(kernel);
  announce(kernel, { kind: 'link-removed', link: name });
  return true;
}

/** `ip link set up|down`. */
export function setLinkUp(kernel: KernelState, link: LinkState, up: boolean): void {
  if (link.up === up) return;
  if (up) link.port?.setEnabled?.(true);
  if (up) bringUp(kernel, link);
  else takeDown(kernel, link);
  // The transmitter goes off behind the last frames (leaving groups), and on before the first.
  if (!up) link.port?.setEnabled?.(false);
  flushRouteCache(kernel);
  for (const child of [...link.children]) {
    if (child.kind === 'vlan' && !up) setLinkUp(kernel, child, false);
    setCarrier(kernel, child, carrierOf(child));
  }
}

/** The signal of a link came or went. */
export function setCarrier(kernel: KernelState, link: LinkState, carrier: boolean): void {
  if (link.carrier === carrier) return;
  link.carrier = carrier;
  flushRouteCache(kernel);
  announce(kernel, { kind: 'link-changed', link: link.name });
  if (link.up) {
    if (!carrier) {
      if (link.ipv4.arp_evict_nocarrier !== 0) flushNeighboursOf(kernel, link, true);
    } else if (hasIpv6(link)) {
      // The cable may lead to another switch now: members introduce themselves again.
      announceGroupsOf(kernel, MLD, link);
    } else {
      startIpv6(kernel, link);
    }
  }
  for (const child of [...link.children]) setCarrier(kernel, child, carrierOf(child));
}

function bringUp(kernel: KernelState, link: LinkState): void {
  link.up = true;
  announce(kernel, { kind: 'link-changed', link: link.name });
  listenTo(link, multicastMacOfIpv4(ALL_SYSTEMS_GROUP), 1);
  if (link.kind === 'loopback') {
    addIpv4Address(kernel, link, { address: LOOPBACK_ADDRESS, length: 8, scope: 'host' });
  }
  for (const own of link.addresses) addIpv4AddressRoutes(kernel, link, own);
  announceGroupsOf(kernel, IGMP, link);
  sendAnnouncementsOfLink(kernel, link);
  if (link.carrier) startIpv6(kernel, link);
}

function takeDown(kernel: KernelState, link: LinkState): void {
  silenceGroupsOf(kernel, IGMP, link);
  silenceGroupsOf(kernel, MLD, link);
  link.up = false;
  // Netlink tells of the link first, then of the addresses that go with it (test/reference/traces-own/v6-admin-down).
  announce(kernel, { kind: 'link-changed', link: link.name });
  stopIpv6(kernel, link);
  listenTo(link, multicastMacOfIpv4(ALL_SYSTEMS_GROUP), -1);
  removeRoutesOfDownLink(kernel, link);
  flushNeighboursOf(kernel, link, false);
}

const LOOPBACK_ADDRESS = ipv4FromNumber(0x7f00_0001);

/** A link on another has a signal when that one is up and has one. */
function carrierOf(
  spec: Pick<LinkSpec, 'kind'> & { port?: Port | undefined; baseLink?: LinkState | undefined },
) {
  if (spec.kind === 'loopback' || spec.kind === 'tunnel' || spec.kind === 'dummy') return true;
  if (spec.baseLink !== undefined) return spec.baseLink.up && spec.baseLink.carrier;
  return spec.port?.carrier ?? false;
}

/** All IPv6 addresses of a link stop or start being there, when disable_ipv6 is written. */
export function applyIpv6Switch(kernel: KernelState, link: LinkState): void {
  const off = kernel.ipv6All.disable_ipv6 !== 0 || link.ipv6.disable_ipv6 !== 0;
  if (off) stopIpv6(kernel, link);
  else if (link.up && link.carrier) startIpv6(kernel, link);
}
