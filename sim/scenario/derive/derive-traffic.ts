/** What the client of a derived LAN asks for: every virtual address, and every service behind it. */

import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import { formatIp, type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import type { Document } from './document-text.ts';
import { contains, subnetOf } from './subnets.ts';

/** Virtual addresses that get traffic of their own; more are left out. */
const PINGED_LIMIT = 16;

/** The name of the machine that asks. */
export const CLIENT = 'client';

/** The addresses that clients ask for, in the order of the files. */
export function virtualAddresses(configs: readonly DaemonConfig[]): readonly IpAddress[] {
  const all = configs.flatMap((config) =>
    config.vrrp.instances.flatMap((one) =>
      [...one.addresses, ...one.excludedAddresses].map((vip) => vip.address),
    ),
  );
  const isLinkLocal = (address: IpAddress) => formatIp(address).startsWith('fe80:');
  return [...new Set(all)].filter((address) => !isLinkLocal(address));
}

/** The traffic of the client: a ping to every virtual address, a page from every service. */
export function trafficOf(configs: readonly DaemonConfig[], every: string): Document {
  const traffic: Document = {};
  const addresses = virtualAddresses(configs);
  for (const address of addresses.slice(0, PINGED_LIMIT)) {
    const ping = formatIp(address);
    traffic[trafficName(address)] = { ping, from: CLIENT, every, timeout: '500ms' };
  }
  for (const service of services(configs).slice(0, PINGED_LIMIT)) {
    traffic[service.name] = { http: service.url, from: CLIENT, every: '100ms', timeout: '1s' };
  }
  return traffic;
}

/** The traffic that pings an address. */
export function trafficName(address: IpAddress): string {
  return `vip-${formatIp(address).replaceAll(':', '-')}`;
}

/** A virtual server that a client can ask for a page. */
export interface DerivedService {
  /** Of its traffic. */
  readonly name: string;
  readonly url: string;
  readonly address: IpAddress;
  readonly port: number;
}

/**
 * The client is put on every LAN with a virtual address. With NAT a real server beside it answers it directly
 * and past the director, which no client takes; that is the place of our client and not a fault of the files.
 */
function isBesideClient(address: IpAddress, configs: readonly DaemonConfig[]): boolean {
  const vips = configs.flatMap((config) => config.vrrp.instances.flatMap((one) => one.addresses));
  return vips.some((vip) => contains(subnetOf(vip), address));
}

/** TCP services with real servers, each once, on addresses that keepalived moves. */
export function services(configs: readonly DaemonConfig[]): readonly DerivedService[] {
  const moved = new Set(virtualAddresses(configs));
  const found = new Map<string, DerivedService>();
  for (const { lvs } of configs) {
    for (const { key, protocol, realServers: servers } of lvs.virtualServers) {
      if (key.kind !== 'address' || protocol !== 'TCP' || key.port === 0) continue;
      if (!moved.has(key.address) || servers.length === 0) continue;
      if (
        servers.some((one) => one.method.kind === 'NAT' && isBesideClient(one.address, configs))
      ) {
        continue;
      }
      const { address, port } = key;
      const name = `service-${formatIp(address).replaceAll(':', '-')}-${port}`;
      const host = isIpv4(address) ? formatIp(address) : `[${formatIp(address)}]`;
      found.set(name, { name, url: `http://${host}:${port}/`, address, port });
    }
  }
  return [...found.values()];
}
