/**
 * The routes that Linux makes of addresses: `local` for the address itself, the connected network,
 * and the broadcast addresses. Down links keep their local routes only, which is why a host answers
 * for an address of an interface that is switched off. Source: net/ipv4/fib_frontend.c
 * (fib_add_ifaddr, fib_disable_ip).
 */

import { type Ipv4Address, ipv4Mask } from '../../daemon/wire/ipv4-address.ts';
import { broadcastOf } from './address-selection.ts';
import type { Route } from './kernel-api.ts';
import type { AddressState, KernelState, LinkState } from './kernel-state.ts';
import type { RouteEntry } from './route-state.ts';
import { insertRoute, networkOf, removeRoutes } from './route-table.ts';

const LIMITED_BROADCAST = 0xffff_ffff;

/** Adds the routes of an IPv4 address that stands on the link's list already. */
export function addIpv4AddressRoutes(
  kernel: KernelState,
  link: LinkState,
  own: AddressState,
): void {
  for (const route of routesOfAddress(link, own)) insertRoute(kernel, route, 'append');
}

/** Makes the routes of a link's addresses what its remaining addresses ask for. */
export function refreshIpv4AddressRoutes(kernel: KernelState, link: LinkState): void {
  const wanted = new Set<string>();
  for (const own of link.addresses) {
    for (const route of routesOfAddress(link, own)) wanted.add(keyOf(route));
  }
  removeRoutes(
    kernel,
    'inet',
    (entry) => isKernelRouteOf(entry, link) && !wanted.has(keyOf(entry.route)),
  );
  for (const own of link.addresses) addIpv4AddressRoutes(kernel, link, own);
}

/** A link went down: all its routes go but the local ones. */
export function removeRoutesOfDownLink(kernel: KernelState, link: LinkState): void {
  for (const family of ['inet', 'inet6'] as const) {
    removeRoutes(
      kernel,
      family,
      (entry) => entry.link === link && !(family === 'inet' && entry.route.type === 'local'),
    );
  }
}

/** The prefix of an address as routes name it. */
export function prefixOf(own: AddressState): Ipv4Address {
  return networkOf(own.peer ?? own.address, own.length) as Ipv4Address;
}

function routesOfAddress(link: LinkState, own: AddressState): readonly Route[] {
  if (typeof own.address !== 'number') return [];
  const address = own.address as Ipv4Address;
  const source = own.secondary ? primaryOf(link, own) : address;
  const routes = [kernelRoute(link, source, { to: address, length: 32 }, 'local')];
  if (!link.up) return routes;
  if (typeof own.broadcast === 'number' && own.broadcast !== LIMITED_BROADCAST) {
    const to = own.broadcast as Ipv4Address;
    routes.push(kernelRoute(link, source, { to, length: 32 }, 'broadcast'));
  }
  const prefix = prefixOf(own);
  const isNetwork = prefix >>> 24 !== 0 && !own.secondary;
  if (!isNetwork || (prefix === address && own.length === 32)) return routes;
  if (!own.noPrefixRoute) {
    const type = link.kind === 'loopback' ? 'local' : 'unicast';
    routes.push(kernelRoute(link, source, { to: prefix, length: own.length }, type));
  }
  if (own.length < 31) {
    const to = broadcastOf(prefix, own.length);
    routes.push(kernelRoute(link, source, { to, length: 32 }, 'broadcast'));
  }
  return routes;
}

function kernelRoute(
  link: LinkState,
  source: Ipv4Address,
  destination: { readonly to: Ipv4Address; readonly length: number },
  type: 'local' | 'broadcast' | 'unicast',
): Route {
  return {
    family: 'inet',
    link: link.name,
    source,
    metric: 0,
    protocol: 'kernel',
    destination: { address: destination.to, length: destination.length },
    table: type === 'unicast' ? 'main' : 'local',
    type,
    scope: type === 'local' ? 'host' : 'link',
  };
}

function primaryOf(link: LinkState, secondary: AddressState): Ipv4Address {
  const prefix = prefixOf(secondary);
  const primary = link.addresses.find(
    (own) =>
      typeof own.address === 'number' &&
      !own.secondary &&
      own.length === secondary.length &&
      ((own.address as number) & ipv4Mask(own.length)) >>> 0 === prefix,
  );
  return (primary ?? secondary).address as Ipv4Address;
}

function isKernelRouteOf(entry: RouteEntry, link: LinkState): boolean {
  return entry.link === link && entry.route.protocol === 'kernel';
}

function keyOf(route: Route): string {
  const { destination } = route;
  return `${route.type} ${destination.address}/${destination.length} ${route.source}`;
}
