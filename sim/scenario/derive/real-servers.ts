/** The real servers of virtual_server blocks as hosts: a web server each, set up for its method. */

import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import { formatIp, type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { contains, subnetOf } from './subnets.ts';

/** One real server. */
export interface DerivedServer {
  readonly name: string;
  readonly address: IpAddress;
  /** Its entry under `hosts` of the scenario. */
  readonly host: Record<string, unknown>;
}

/** Port of the web server where the service has none. */
const ANY_PORT = 80;

/** Every address once, with a web server on every port it is asked on. */
export function realServers(configs: readonly DaemonConfig[]): readonly DerivedServer[] {
  const vips = configs.flatMap((config) =>
    config.vrrp.instances.flatMap((one) => [...one.addresses, ...one.excludedAddresses]),
  );
  const found = new Map<IpAddress, Found>();
  for (const config of configs) {
    for (const server of config.lvs.virtualServers) {
      for (const real of server.realServers) {
        const entry = found.get(real.address) ?? newFound();
        found.set(real.address, entry);
        if (real.method.kind === 'NAT') {
          const near = vips.find((vip) => contains(subnetOf(vip), real.address));
          if (near !== undefined) entry.gateway = near.address;
        }
        entry.ports.add(real.port === 0 ? ANY_PORT : real.port);
        if (real.method.kind === 'DR' && server.key.kind === 'address') {
          entry.direct.add(server.key.address);
        }
      }
    }
  }
  return [...found].map(([address, { ports, direct, gateway }], index) => {
    const name = `web-${index + 1}`;
    const length = isIpv4(address) ? 24 : 64;
    const programs = [...ports].map((port) => ({ http: { port, body: name } }));
    const whole = (vip: IpAddress) => `${formatIp(vip)}/${isIpv4(vip) ? 32 : 128}`;
    const silent =
      direct.size === 0
        ? {}
        : {
            addresses: { lo: [...direct].map(whole) },
            sysctl: { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 },
          };
    const nics = { eth0: `${formatIp(address)}/${length}` };
    const way = gateway === undefined ? undefined : formatIp(gateway);
    const to = isIpv4(address) ? '0.0.0.0/0' : '::/0';
    const routes = way === undefined ? {} : { routes: [{ to, via: way }] };
    return { name, address, host: { nics, programs, ...silent, ...routes } };
  });
}

/** What is known of one real server so far. */
interface Found {
  readonly ports: Set<number>;
  /** Services that reach it by direct routing: it must have their addresses. */
  readonly direct: Set<IpAddress>;
  /** With NAT answers go back through the director: a virtual address of the server's subnet. */
  gateway?: IpAddress;
}

function newFound(): Found {
  return { ports: new Set(), direct: new Set() };
}
