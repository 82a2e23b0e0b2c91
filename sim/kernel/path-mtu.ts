/**
 * The largest packet that fits the whole way to a destination, as routers have told ("fragmentation needed", "packet too
 * big"). Every protocol of the host keeps to it for ten minutes: datagrams and echoes are cut to it, new TCP connections
 * begin with it; those that are there hear of it in `tcp-errors.ts`.
 * Source: net/ipv4/route.c (__ip_rt_update_pmtu), net/ipv6/route.c (__ip6_rt_update_pmtu); RFC 1191, RFC 8201.
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { type KernelState, type LinkState, voidPaths } from './kernel-state.ts';

/** How long a learned path MTU is believed, µs. Source: net.ipv4.route.mtu_expires, net.ipv6.route.mtu_expires. */
const LIFE_US = 600_000_000;
/** A smaller one is taken for this. Source: net.ipv4.route.min_pmtu. */
const IPV4_MIN = 552;
/** A smaller one is not believed. Source: RFC 8200 section 5. */
const IPV6_MIN = 1280;
const MTU_MAX = 65_535;
/** Destinations kept; with one more the oldest goes. Far above any LAN. */
const DESTINATIONS_MAX = 4096;

/** Notes what a router said of the way to a destination; the MTU from now on, `undefined` when nothing changes. */
export function learnPathMtu(
  kernel: KernelState,
  destination: IpAddress,
  said: number,
  current = pathMtuTo(kernel, destination, undefined),
): number | undefined {
  const isIpv4 = typeof destination === 'number';
  if (!isIpv4 && said < IPV6_MIN) return undefined;
  const mtu = isIpv4 ? Math.min(current, Math.max(IPV4_MIN, said)) : said;
  if (mtu >= current) return undefined;
  const { pathMtus } = kernel;
  pathMtus.delete(destination);
  const [oldest] = pathMtus.keys();
  if (oldest !== undefined && pathMtus.size >= DESTINATIONS_MAX) pathMtus.delete(oldest);
  pathMtus.set(destination, { mtu, until: kernel.clock.now + LIFE_US });
  voidPaths(kernel);
  return mtu;
}

/** Octets of the largest packet to a destination that leaves through a link (any, without one). */
export function pathMtuTo(
  kernel: KernelState,
  destination: IpAddress,
  link: LinkState | undefined,
): number {
  const most = link?.mtu ?? MTU_MAX;
  const { pathMtus } = kernel;
  const known = pathMtus.size === 0 ? undefined : pathMtus.get(destination);
  if (known === undefined || known.until <= kernel.clock.now) return most;
  return Math.min(known.mtu, most);
}
