/**
 * IPv6 addresses of links: link-local ones made of the MAC, duplicate address detection, their
 * routes and solicited-node groups. Newer addresses stand before older ones of their scope, as
 * Linux lists them.
 * Source: net/ipv6/addrconf.c; RFC 4291 appendix A, RFC 4862 section 5.4. Router solicitation is
 * left out.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import { ALL_NODES_IPV6, solicitedNodeGroup } from '../../daemon/wire/icmpv6.ts';
import type { IpPrefix } from '../../daemon/wire/ip-address.ts';
import {
  ANY_IPV6,
  type Ipv6Address,
  ipv6FromBigint,
  isLinkLocalIpv6,
  linkLocalOfMac,
} from '../../daemon/wire/ipv6-address.ts';
import { countLocalAddress } from './address-table.ts';
import { announceGroupsOf, joinGroupOn, leaveGroupOn } from './group-machine.ts';
import { isDisabled } from './ipv6-output.ts';
import type { NewAddress } from './kernel-api.ts';
import { HZ, makeTimer, ticksOf } from './kernel-clock.ts';
import {
  type AddressState,
  drop,
  isWithoutNeighbours,
  type KernelState,
  type LinkState,
} from './kernel-state.ts';
import { MLD } from './mld-host.ts';
import { announceByNd, sendSolicitation } from './nd-output.ts';
import { announce } from './netlink.ts';
import { flushRouteCache, insertRoute, networkOf, removeRoutes } from './route-table.ts';

/** Metric of the kernel's own routes. Source: IP6_RT_PRIO_ADDRCONF. */
const ADDRCONF_METRIC = 256;
/**
 * Detection begins within this many ticks. Source: RFC 4862 section 5.4.2,
 * MAX_RTR_SOLICITATION_DELAY.
 */
const DAD_DELAY_TICKS = HZ;
/**
 * How long the worker takes that tells of an address without detection, µs. It runs when the process that has set the
 * address sleeps. Source: recordings, 100..700 µs after keepalived's line.
 */
const WORKER_US = 700;
const MULTICAST_PREFIX = ipv6FromBigint(0xffn << 120n);

/** Adds an address; tentative until nobody else claims it. 'invalid' where IPv6 is switched off. */
export function addIpv6Address(
  kernel: KernelState,
  link: LinkState,
  wanted: NewAddress,
): 'ok' | 'exists' | 'invalid' {
  const address = wanted.address as Ipv6Address;
  if (isDisabled(kernel, link)) return 'invalid';
  if (link.addresses.some((own) => own.address === address)) return 'exists';
  const checks = wanted.noDad !== true && !isWithoutNeighbours(link) && link.ipv6.accept_dad > 0;
  const own: AddressState = {
    address,
    length: wanted.length,
    // Linux does not ask for a wish here: the scope is the address's own.
    scope: isLinkLocalIpv6(address) ? 'link' : address === 1n ? 'host' : 'global',
    label: wanted.label ?? link.name,
    secondary: false,
    tentative: checks,
    deprecated: wanted.deprecated ?? false,
    noPrefixRoute: wanted.noPrefixRoute ?? false,
    ...(wanted.peer === undefined ? {} : { peer: wanted.peer }),
  };
  placeAddress(link, own);
  if (wanted.noDad === true) announceLater(kernel, link, own);
  else announce(kernel, { kind: 'address-added', link: link.name, address: { ...own } });
  if (link.up) startUsing(kernel, link, own);
  return 'ok';
}

/** Deletes an address with its routes and group. */
export function deleteIpv6Address(kernel: KernelState, link: LinkState, prefix: IpPrefix): boolean {
  const at = link.addresses.findIndex(
    (own) => own.address === prefix.address && own.length === prefix.length,
  );
  const own = link.addresses[at];
  if (own === undefined) return false;
  link.addresses.splice(at, 1);
  if (own.dadTimer !== undefined) kernel.clock.cancel(own.dadTimer);
  if (own.newsTimer !== undefined) kernel.clock.cancel(own.newsTimer);
  if (link.up && !isWithoutNeighbours(link)) {
    leaveGroupOn(kernel, MLD, link, solicitedNodeGroup(own.address as Ipv6Address));
  }
  if (own.isInUse === true) countLocalAddress(kernel, own.address, -1);
  removeAddressRoutes(kernel, link, own);
  flushRouteCache(kernel);
  announce(kernel, { kind: 'address-removed', link: link.name, address: { ...own } });
  return true;
}

/**
 * The link is up and has a signal: all-nodes group, link-local address, detection of what waits.
 */
export function startIpv6(kernel: KernelState, link: LinkState): void {
  if (isDisabled(kernel, link) || !link.up) return;
  if (link.kind === 'loopback') {
    addIpv6Address(kernel, link, { address: ipv6FromBigint(1n), length: 128 });
    return;
  }
  if (isWithoutNeighbours(link)) {
    for (const own of link.addresses) {
      if (typeof own.address === 'bigint') startUsing(kernel, link, own);
    }
    return;
  }
  if (!hasIpv6(link)) joinGroupOn(kernel, MLD, link, ALL_NODES_IPV6);
  insertRoute(
    kernel,
    {
      family: 'inet6',
      destination: { address: MULTICAST_PREFIX, length: 8 },
      table: 'local',
      type: 'unicast',
      link: link.name,
      scope: 'global',
      metric: ADDRCONF_METRIC,
      protocol: 'kernel',
    },
    'append',
  );
  for (const own of link.addresses) {
    if (typeof own.address === 'bigint' && own.dadTimer === undefined)
      startUsing(kernel, link, own);
  }
  const hasLinkLocal = link.addresses.some(
    (own) => typeof own.address === 'bigint' && isLinkLocalIpv6(own.address as Ipv6Address),
  );
  if (link.ipv6.addr_gen_mode === 0 && !hasLinkLocal) {
    addIpv6Address(kernel, link, { address: linkLocalOfMac(link.mac), length: 64 });
  }
}

/** Whether IPv6 speaks on the link; groups that a program has joined are there even when it does not. */
export function hasIpv6(link: LinkState): boolean {
  return link.mld.joined.some((each) => each.group === ALL_NODES_IPV6);
}

/** The link goes down or IPv6 is switched off on it: all IPv6 addresses go. */
export function stopIpv6(kernel: KernelState, link: LinkState): void {
  for (const own of [...link.addresses]) {
    if (typeof own.address === 'bigint') deleteIpv6Address(kernel, link, own);
  }
  leaveGroupOn(kernel, MLD, link, ALL_NODES_IPV6);
  removeRoutes(kernel, 'inet6', (entry) => entry.link === link);
}

/**
 * Somebody else uses, or checks for, an address that this host is checking: it stays tentative for
 * good.
 */
export function failDuplicate(kernel: KernelState, own: AddressState): void {
  if (own.dadTimer !== undefined) kernel.clock.cancel(own.dadTimer);
  own.dadProbesLeft = -1;
  drop(kernel, 'nd:tentative');
}

function startUsing(kernel: KernelState, link: LinkState, own: AddressState): void {
  const address = own.address as Ipv6Address;
  if (!isWithoutNeighbours(link)) joinGroupOn(kernel, MLD, link, solicitedNodeGroup(address));
  addPrefixRoute(kernel, link, own);
  if (!own.tentative) {
    becomeValid(kernel, link, own);
    return;
  }
  own.dadProbesLeft = link.ipv6.dad_transmits;
  own.dadTimer = makeTimer(() => onDadTimer(kernel, link, own));
  kernel.clock.armTicks(own.dadTimer, randomBelow(kernel.random, DAD_DELAY_TICKS));
}

/**
 * An address with `nodad` works at once, but a worker tells of it: when it is deleted before, netlink tells of the deletion
 * only. Source: inet6_addr_add (tells at once of addresses with detection alone), addrconf_dad_completed.
 */
function announceLater(kernel: KernelState, link: LinkState, own: AddressState): void {
  own.newsTimer = makeTimer(() =>
    announce(kernel, { kind: 'address-added', link: link.name, address: { ...own } }),
  );
  kernel.clock.arm(own.newsTimer, kernel.clock.now + WORKER_US);
}

function onDadTimer(kernel: KernelState, link: LinkState, own: AddressState): void {
  const left = own.dadProbesLeft ?? 0;
  if (left < 0 || own.dadTimer === undefined) return;
  const address = own.address as Ipv6Address;
  if (left === 0) {
    own.tentative = false;
    becomeValid(kernel, link, own);
    announce(kernel, { kind: 'address-added', link: link.name, address: { ...own } });
    if (isLinkLocalIpv6(address)) announceGroupsOf(kernel, MLD, link);
    return;
  }
  own.dadProbesLeft = left - 1;
  kernel.clock.armTicks(own.dadTimer, ticksOf(link.ndSettings.retrans_time_ms * 1000));
  sendSolicitation(kernel, link, {
    target: address,
    source: ANY_IPV6,
    destination: solicitedNodeGroup(address),
  });
}

function becomeValid(kernel: KernelState, link: LinkState, own: AddressState): void {
  if (own.isInUse !== true) countLocalAddress(kernel, own.address, 1);
  own.isInUse = true;
  insertRoute(kernel, localRoute(link, own), 'append');
  flushRouteCache(kernel);
  if (!isWithoutNeighbours(link)) announceByNd(kernel, link, own.address as Ipv6Address);
}

function localRoute(link: LinkState, own: AddressState) {
  return {
    family: 'inet6',
    destination: { address: own.address, length: 128 },
    table: 'local',
    type: 'local',
    link: link.name,
    scope: 'global',
    metric: 0,
    protocol: 'kernel',
  } as const;
}

function addPrefixRoute(kernel: KernelState, link: LinkState, own: AddressState): void {
  if (own.noPrefixRoute || link.kind === 'loopback') return;
  insertRoute(
    kernel,
    {
      family: 'inet6',
      destination: { address: networkOf(own.peer ?? own.address, own.length), length: own.length },
      table: 'main',
      type: 'unicast',
      link: link.name,
      scope: 'global',
      metric: ADDRCONF_METRIC,
      protocol: 'kernel',
    },
    'append',
  );
}

/** The prefix route stays while another address of the link is in it. */
function removeAddressRoutes(kernel: KernelState, link: LinkState, own: AddressState): void {
  const network = networkOf(own.peer ?? own.address, own.length);
  const shared = link.addresses.some(
    (other) =>
      typeof other.address === 'bigint' &&
      other.length === own.length &&
      networkOf(other.address, own.length) === network,
  );
  removeRoutes(kernel, 'inet6', ({ link: of, prefix, length, route }) => {
    if (of !== link || route.protocol !== 'kernel') return false;
    if (route.type === 'local') return prefix === own.address;
    return !shared && route.table === 'main' && prefix === network && length === own.length;
  });
}

/** Global before link-local; the newest of a scope first; IPv4 before all. */
function placeAddress(link: LinkState, own: AddressState): void {
  const rank = (each: AddressState) => (each.scope === 'link' ? 1 : each.scope === 'host' ? 2 : 0);
  const at = link.addresses.findIndex(
    (other) => typeof other.address === 'bigint' && rank(other) >= rank(own),
  );
  link.addresses.splice(at < 0 ? link.addresses.length : at, 0, own);
}
