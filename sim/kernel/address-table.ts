/**
 * IPv4 addresses of links: their order, primaries and secondaries, and what a deletion takes with
 * it.
 * Source: net/ipv4/devinet.c (__inet_insert_ifa, __inet_del_ifa). IPv6 addresses:
 * `ipv6-addresses.ts`.
 */

import type { IpAddress, IpPrefix } from '../../daemon/wire/ip-address.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { addIpv4AddressRoutes, prefixOf, refreshIpv4AddressRoutes } from './address-routes.ts';
import { scopeNumber } from './address-selection.ts';
import { sendAnnouncementOfAddress } from './arp-output.ts';
import type { NewAddress } from './kernel-api.ts';
import type { AddressState, KernelState, LinkState } from './kernel-state.ts';
import { announce } from './netlink.ts';
import { flushRouteCache, networkOf } from './route-table.ts';

/** Adds an IPv4 address; 'invalid' when one of the same subnet has another scope (EINVAL). */
export function addIpv4Address(
  kernel: KernelState,
  link: LinkState,
  wanted: NewAddress,
): 'ok' | 'exists' | 'invalid' {
  const own: AddressState = {
    address: wanted.address,
    length: wanted.length,
    scope: wanted.scope ?? defaultScope(wanted.address as Ipv4Address),
    label: wanted.label ?? link.name,
    secondary: false,
    tentative: false,
    deprecated: wanted.deprecated ?? false,
    noPrefixRoute: wanted.noPrefixRoute ?? false,
    ...(wanted.broadcast === undefined ? {} : { broadcast: wanted.broadcast }),
    ...(wanted.peer === undefined || wanted.peer === wanted.address ? {} : { peer: wanted.peer }),
  };
  const conflict = placeAddress(link, own);
  if (conflict !== undefined) return conflict;
  countLocalAddress(kernel, own.address, 1);
  announce(kernel, { kind: 'address-added', link: link.name, address: { ...own } });
  addIpv4AddressRoutes(kernel, link, own);
  flushRouteCache(kernel);
  if (link.up) sendAnnouncementOfAddress(kernel, link, own.address as Ipv4Address);
  return 'ok';
}

/** Deletes an IPv4 address; its secondaries go too, or the first of them is promoted. */
export function deleteIpv4Address(kernel: KernelState, link: LinkState, prefix: IpPrefix): boolean {
  const own = link.addresses.find(
    (each) => each.address === prefix.address && each.length === prefix.length,
  );
  if (own === undefined) return false;
  const promote = kernel.ipv4All.promote_secondaries !== 0 || link.ipv4.promote_secondaries !== 0;
  const followers = own.secondary ? [] : secondariesOf(link, own);
  if (!promote) for (const each of followers) forget(kernel, link, each);
  forget(kernel, link, own);
  const heir = promote ? followers[0] : undefined;
  if (heir !== undefined) {
    heir.secondary = false;
    moveBehindPrimaries(link, heir);
    announce(kernel, { kind: 'address-added', link: link.name, address: { ...heir } });
  }
  refreshIpv4AddressRoutes(kernel, link);
  flushRouteCache(kernel);
  return true;
}

/** Counts how many links hold an address, so that one look-up says whether it is this host's. */
export function countLocalAddress(kernel: KernelState, address: IpAddress, by: 1 | -1): void {
  const count = (kernel.localAddresses.get(address) ?? 0) + by;
  if (count > 0) kernel.localAddresses.set(address, count);
  else kernel.localAddresses.delete(address);
}

/** Finds the place of a new address among the others, and whether it is secondary. */
function placeAddress(link: LinkState, own: AddressState): 'exists' | 'invalid' | undefined {
  const list = link.addresses;
  let behindPrimaries = 0;
  for (const [index, other] of list.entries()) {
    if (typeof other.address !== 'number') continue;
    if (!other.secondary && scopeNumber(own.scope) <= scopeNumber(other.scope)) {
      behindPrimaries = index + 1;
    }
    if (other.length !== own.length || prefixOf(other) !== prefixOf(own)) continue;
    if (other.address === own.address) return 'exists';
    if (other.scope !== own.scope) return 'invalid';
    own.secondary = true;
  }
  const firstIpv6 = list.findIndex((other) => typeof other.address === 'bigint');
  const end = firstIpv6 < 0 ? list.length : firstIpv6;
  list.splice(own.secondary ? end : Math.min(behindPrimaries, end), 0, own);
  return undefined;
}

function secondariesOf(link: LinkState, primary: AddressState): AddressState[] {
  const prefix = prefixOf(primary);
  return link.addresses.filter(
    (own) =>
      typeof own.address === 'number' &&
      own.secondary &&
      own.length === primary.length &&
      networkOf(own.peer ?? own.address, own.length) === prefix,
  );
}

function moveBehindPrimaries(link: LinkState, heir: AddressState): void {
  const list = link.addresses;
  list.splice(list.indexOf(heir), 1);
  let at = 0;
  for (const [index, other] of list.entries()) {
    if (typeof other.address !== 'number' || other.secondary) continue;
    if (scopeNumber(heir.scope) <= scopeNumber(other.scope)) at = index + 1;
  }
  list.splice(at, 0, heir);
}

function forget(kernel: KernelState, link: LinkState, own: AddressState): void {
  link.addresses.splice(link.addresses.indexOf(own), 1);
  countLocalAddress(kernel, own.address, -1);
  announce(kernel, { kind: 'address-removed', link: link.name, address: { ...own } });
}

/** Loopback addresses have host scope by default, as iproute2 gives them. */
function defaultScope(address: Ipv4Address): AddressState['scope'] {
  return address >>> 24 === 127 ? 'host' : 'global';
}
