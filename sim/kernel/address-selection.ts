/**
 * Which of a host's IPv4 addresses speaks for it, and which count as its own: the small questions
 * that routing and ARP ask of the address lists. Source: net/ipv4/devinet.c (inet_select_addr,
 * confirm_addr_indev).
 */

import type { AddressScope } from '../../daemon/wire/address-scope.ts';
import {
  ANY_IPV4,
  type Ipv4Address,
  ipv4FromNumber,
  ipv4Mask,
} from '../../daemon/wire/ipv4-address.ts';
import type { AddressState, KernelState, LinkState } from './kernel-state.ts';

/** Numbers of the scopes: the greater, the narrower. Source: rtnetlink(7). */
const SCOPE_GLOBAL = 0;
export const SCOPE_LINK = 253;
export const SCOPE_HOST = 254;
const SCOPE_NOWHERE = 255;

/** The number of a scope. */
export function scopeNumber(scope: AddressScope): number {
  switch (scope) {
    case 'global':
      return SCOPE_GLOBAL;
    case 'site':
      return 200;
    case 'link':
      return SCOPE_LINK;
    case 'host':
      return SCOPE_HOST;
    case 'nowhere':
      return SCOPE_NOWHERE;
    default:
      return Number(scope);
  }
}

/**
 * Whether `address` lies in the subnet of an IPv4 address of a link (of its peer, where it has
 * one).
 */
export function matchesSubnet(address: Ipv4Address, own: AddressState): boolean {
  const base = own.peer ?? own.address;
  if (typeof base !== 'number') return false;
  return ((address ^ base) & ipv4Mask(own.length)) === 0;
}

/**
 * The address of a link that suits a destination: the first primary one of that subnet, else the
 * first primary one of that scope, else one of another link. 0.0.0.0 when there is none.
 */
export function selectSource(
  kernel: KernelState,
  link: LinkState,
  destination: Ipv4Address,
  scope: number,
): Ipv4Address {
  let fallback: Ipv4Address | undefined;
  for (const own of link.addresses) {
    if (typeof own.address !== 'number' || own.secondary || scopeNumber(own.scope) > scope)
      continue;
    if (destination === ANY_IPV4 || matchesSubnet(destination, own))
      return own.address as Ipv4Address;
    fallback ??= own.address as Ipv4Address;
  }
  return fallback ?? selectFromAnyLink(kernel, scope);
}

/**
 * Whether `local` is an address that a link (or, without one, the host) would confirm to
 * `destination`. 0.0.0.0 as `destination` means any. What arp_ignore asks.
 */
export function confirmAddress(
  kernel: KernelState,
  link: LinkState | undefined,
  question: {
    readonly destination: Ipv4Address;
    readonly local: Ipv4Address;
    readonly scope: number;
  },
): boolean {
  if (link !== undefined) return confirmOnLink(link, question);
  return kernel.links.some((each) => confirmOnLink(each, question));
}

/**
 * Whether target and source are in one subnet of the link. Source: inet_addr_onlink, for
 * arp_announce 1.
 */
export function areInOneSubnet(link: LinkState, a: Ipv4Address, b: Ipv4Address): boolean {
  return link.addresses.some((own) => matchesSubnet(a, own) && matchesSubnet(b, own));
}

/** Directed broadcast of a subnet. */
export function broadcastOf(address: Ipv4Address, length: number): Ipv4Address {
  return ipv4FromNumber((address | ~ipv4Mask(length)) >>> 0);
}

function confirmOnLink(
  link: LinkState,
  question: {
    readonly destination: Ipv4Address;
    readonly local: Ipv4Address;
    readonly scope: number;
  },
): boolean {
  let found = false;
  let same = false;
  for (const own of link.addresses) {
    if (typeof own.address !== 'number') continue;
    // Linux caps the scope at `host`, so that 127.0.0.1 counts unless the caller asks for link
    // scope.
    const scope = Math.min(scopeNumber(own.scope), SCOPE_HOST);
    if (!found && question.local === own.address && scope <= question.scope) found = true;
    if (!same) {
      same =
        matchesSubnet(question.local, own) &&
        (question.destination === ANY_IPV4 || matchesSubnet(question.destination, own));
    }
    if (found && same) return true;
  }
  return false;
}

function selectFromAnyLink(kernel: KernelState, scope: number): Ipv4Address {
  for (const link of kernel.links) {
    for (const own of link.addresses) {
      const number = scopeNumber(own.scope);
      if (typeof own.address !== 'number' || own.secondary) continue;
      if (number !== SCOPE_LINK && number <= scope) return own.address as Ipv4Address;
    }
  }
  return ANY_IPV4;
}
