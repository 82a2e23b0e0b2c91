/** `ip route get` for both families: which way a packet of this host goes, and from which source address. */

import { type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import { errorOf } from './ipv4-output.ts';
import { routeIpv6 } from './ipv6-lookup.ts';
import type { RouteChoice } from './kernel-api.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import { pathMtuTo } from './path-mtu.ts';
import { routeOutput } from './route-lookup.ts';
import type { SocketError } from './socket-api.ts';

/** The answer of `ip route get`; `oif` is the device that the packet is bound to. */
export function routeTo(
  kernel: KernelState,
  destination: IpAddress,
  from?: IpAddress,
  oif?: string,
): RouteChoice | undefined {
  const link = oif === undefined ? undefined : kernel.linksByName.get(oif);
  const way = wayTo(kernel, destination, from, link);
  if (typeof way === 'string') return undefined;
  return {
    link: way.link.name,
    source: from ?? way.source,
    nextHop: way.nextHop,
    local: way.kind === 'local',
    mtu: pathMtuTo(kernel, destination, way.link),
  };
}

/** The errno for a packet that has no way. */
export function routeError(
  kernel: KernelState,
  destination: IpAddress,
  from?: IpAddress,
  oif?: string,
): SocketError | undefined {
  const link = oif === undefined ? undefined : kernel.linksByName.get(oif);
  const way = wayTo(kernel, destination, from, link);
  return typeof way === 'string' ? errorOf(way) : undefined;
}

/** The way of a packet of either family. */
export function wayTo(
  kernel: KernelState,
  destination: IpAddress,
  from?: IpAddress,
  link?: LinkState,
) {
  if (isIpv4(destination)) {
    return routeOutput(
      kernel,
      destination,
      from !== undefined && isIpv4(from) ? from : undefined,
      link,
    );
  }
  return routeIpv6(
    kernel,
    destination,
    from === undefined || isIpv4(from) ? undefined : from,
    link,
  );
}
