/**
 * Routing decisions and source addresses of IPv6. Link-local destinations need a link, as
 * everywhere.
 * Source: net/ipv6/route.c, addrconf.c (ipv6_dev_get_saddr); RFC 6724 section 5, rules 1, 2, 3, 5
 * and 8.
 */

import {
  ANY_IPV6,
  type Ipv6Address,
  isLinkLocalIpv6,
  isMulticastIpv6,
} from '../../daemon/wire/ipv6-address.ts';
import type { AddressState, KernelState, LinkState } from './kernel-state.ts';
import { failureOf, isRouteUsable, lookupRoute } from './route-lookup.ts';
import type { RouteDecision, RouteFailure } from './route-state.ts';

/**
 * The way of a packet of this host; `link` is the device or zone, needed for link-local
 * destinations. `marked` tells policy rules its firewall mark, and of a forwarded one where it came in.
 */
export function routeIpv6(
  kernel: KernelState,
  destination: Ipv6Address,
  source?: Ipv6Address,
  link?: LinkState,
  marked: { readonly mark?: number; readonly inputLink?: string } = {},
): RouteDecision | RouteFailure {
  const cacheable = link === undefined && !kernel.inet6.hasSelectiveRules;
  const cached = cacheable ? kernel.inet6.outputCache.get(destination) : undefined;
  if (cached !== undefined) return cached;
  const decision = decide(kernel, destination, source, link, marked);
  // The source is chosen for the destination alone, so it is only kept when the caller had none.
  if (cacheable && source === undefined) kernel.inet6.outputCache.set(destination, decision);
  return decision;
}

/**
 * The way of an answer to what came in through `link`: of routes that are equally good, that link's.
 * Source: net/ipv6/icmp.c (icmpv6_echo_reply sets the output interface), route.c (rt6_score_route).
 */
export function routeIpv6Back(
  kernel: KernelState,
  destination: Ipv6Address,
  source: Ipv6Address,
  link: LinkState,
): RouteDecision | RouteFailure {
  const way = routeIpv6(kernel, destination, source);
  if (typeof way === 'string' || way.kind !== 'unicast' || way.link === link) return way;
  const best = (through: LinkState | undefined) =>
    lookupRoute(
      kernel.inet6,
      { destination, source, outputLink: through?.name },
      (each) => isRouteUsable(kernel, each) && (through === undefined || each.link === through),
    );
  const [usual, own] = [best(undefined)?.route, best(link)?.route];
  const isAsGood =
    own?.destination.length === usual?.destination.length && own?.metric === usual?.metric;
  return isAsGood ? routeIpv6(kernel, destination, source, link) : way;
}

/** The own address that speaks to a destination through a link; `::` when there is none. */
export function selectIpv6Source(
  kernel: KernelState,
  link: LinkState,
  destination: Ipv6Address,
): Ipv6Address {
  let best: Candidate | undefined;
  for (const each of kernel.links) {
    for (const own of each.addresses) {
      if (typeof own.address !== 'bigint' || own.tentative) continue;
      // Groups and link-local destinations want an address of the very link.
      const strict = isLinkLocalIpv6(destination) || isMulticastIpv6(destination);
      if (strict && each !== link) continue;
      const candidate = { own, address: own.address as Ipv6Address, link: each };
      if (best === undefined || isBetter(candidate, best, destination, link)) best = candidate;
    }
  }
  return best?.address ?? ANY_IPV6;
}

/** The oldest link-local address of a link that may be used: Linux looks from the list's end, where it stands. */
export function linkLocalOf(link: LinkState): Ipv6Address | undefined {
  const own = link.addresses.findLast(
    (each) =>
      typeof each.address === 'bigint' &&
      !each.tentative &&
      isLinkLocalIpv6(each.address as Ipv6Address),
  );
  return own?.address as Ipv6Address | undefined;
}

interface Candidate {
  readonly own: AddressState;
  readonly address: Ipv6Address;
  readonly link: LinkState;
}

function decide(
  kernel: KernelState,
  destination: Ipv6Address,
  source: Ipv6Address | undefined,
  link: LinkState | undefined,
  marked: { readonly mark?: number; readonly inputLink?: string },
): RouteDecision | RouteFailure {
  if (isMulticastIpv6(destination)) {
    const through = link ?? firstUsableLink(kernel);
    if (through === undefined) return 'no-route';
    return {
      neighbour: undefined,
      kind: 'multicast',
      link: through,
      nextHop: destination,
      source: source ?? selectIpv6Source(kernel, through, destination),
      gateway: false,
    };
  }
  if (kernel.localAddresses.has(destination)) {
    const from = source ?? destination;
    return {
      neighbour: undefined,
      kind: 'local',
      link: kernel.loopback,
      nextHop: destination,
      source: from,
      gateway: false,
    };
  }
  // Every link has fe80::/64; which one is meant only a zone can tell (rt6_need_strict).
  if (link === undefined && isLinkLocalIpv6(destination)) return 'no-route';
  const entry = lookupRoute(
    kernel.inet6,
    { destination, source, outputLink: link?.name, ...marked },
    (each) => isRouteUsable(kernel, each) && (link === undefined || each.link === link),
  );
  if (entry === undefined) return 'no-route';
  const failure = failureOf(entry);
  if (failure !== undefined) return failure;
  if (entry.link === undefined) return 'no-route';
  const gateway = entry.route.gateway as Ipv6Address | undefined;
  const chosen =
    source ??
    (entry.route.source as Ipv6Address | undefined) ??
    selectIpv6Source(kernel, entry.link, destination);
  return {
    neighbour: undefined,
    kind: 'unicast',
    link: entry.link,
    nextHop: gateway ?? destination,
    source: chosen,
    gateway: gateway !== undefined,
  };
}

function firstUsableLink(kernel: KernelState): LinkState | undefined {
  return kernel.links.find((each) => each.up && each.kind !== 'loopback');
}

/**
 * Whether `a` beats `b` strictly; of equals the earlier stays, and newer addresses stand earlier.
 */
function isBetter(a: Candidate, b: Candidate, destination: Ipv6Address, link: LinkState): boolean {
  const order =
    compare(a.address === destination, b.address === destination) ||
    compareScopes(scopeOf(a.address), scopeOf(b.address), scopeOf(destination)) ||
    compare(!a.own.deprecated, !b.own.deprecated) ||
    compare(a.link === link, b.link === link) ||
    matchLength(a, destination) - matchLength(b, destination);
  return order > 0;
}

function compare(a: boolean, b: boolean): number {
  return a === b ? 0 : a ? 1 : -1;
}

/** Rule 2: the smaller scope that still reaches the destination, else the greater one. */
function compareScopes(a: number, b: number, destination: number): number {
  if (a === b) return 0;
  return a < b ? (a < destination ? -1 : 1) : b < destination ? 1 : -1;
}

function scopeOf(address: Ipv6Address): number {
  if (isMulticastIpv6(address)) return Number((address >> 112n) & 0xfn);
  if (isLinkLocalIpv6(address)) return 2;
  return address === 1n ? 1 : 14;
}

/** Rule 8: no further than the address' own prefix. */
function matchLength({ address, own }: Candidate, destination: Ipv6Address): number {
  return Math.min(commonBits(address, destination), own.length);
}

function commonBits(a: Ipv6Address, b: Ipv6Address): number {
  let difference: bigint = a ^ b;
  let bits = 128;
  while (difference > 0n) {
    difference >>= 1n;
    bits--;
  }
  return bits;
}
