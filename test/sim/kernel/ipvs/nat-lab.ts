/** A NAT director between a client and a server, for tests of what it does to connections. */

import { expect } from 'vitest';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { ip, makeSmallLan, prefix, type SmallLan } from '../small-lan.ts';

export const VIP = ip('10.10.0.100');
const UDP_SERVICE = { kind: 'address', protocol: 17, address: VIP, port: 53 } as const;
export const TCP_SERVICE = { ...UDP_SERVICE, protocol: 6, port: 80 } as const;
export const WITH = { scheduler: 'rr', schedulerFlags: 0, onePacket: false };

export interface Lab {
  readonly lan: SmallLan;
  readonly client: Kernel;
  readonly director: Kernel;
  readonly server: Kernel;
}

/** client 10.10.0.1 - director 10.10.0.254 / 10.20.0.254 - server 10.20.0.11, all on one wire. */
export function lab(sysctl: Record<string, string> = {}): Lab {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { address: '10.10.0.1/24' });
  const director = lan.addHost('director', {
    address: '10.10.0.254/24',
    sysctl: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.send_redirects': '0' },
  });
  for (const [name, value] of Object.entries(sysctl)) {
    expect(director.setSysctl(`net.ipv4.vs.${name}`, value), name).toBe(true);
  }
  director.addAddress('eth0', prefix('10.10.0.100/32'));
  director.addAddress('eth0', prefix('10.20.0.254/24'));
  const server = lan.addHost('server', { address: '10.20.0.11/24' });
  gateway(server, 'main', '10.20.0.254');
  for (const service of [UDP_SERVICE, TCP_SERVICE]) {
    director.ipvs.addService(service, WITH);
    const place = { address: ip('10.20.0.11'), port: service.port };
    director.ipvs.addServer(service, place, { method: 'nat', weight: 1 });
  }
  lan.runTo(1.5);
  return { lan, client, director, server };
}

/** A default route in a table. */
export function gateway(kernel: Kernel, table: string, address: string): void {
  const [destination, to] = [prefix('0.0.0.0/0'), ip(address)];
  const common = { family: 'inet', type: 'unicast', scope: 'global', protocol: 'boot' } as const;
  const route = { ...common, destination, table, gateway: to, link: 'eth0', metric: 0 };
  expect(kernel.addRoute(route, 'add')).toBe('ok');
}
