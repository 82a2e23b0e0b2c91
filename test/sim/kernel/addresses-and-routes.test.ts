/** Addresses of links and the routes made of them: the tables of `ip addr` and `ip route show`. */

import { describe, expect, test } from 'vitest';
import { formatIp, formatPrefix } from '../../../daemon/wire/ip-address.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import type { Route } from '../../../sim/kernel/kernel-api.ts';
import { ip, makeSmallLan, prefix } from './small-lan.ts';

const host = () => makeSmallLan().addHost('n1', { address: '192.168.100.11/24' });

const addresses = (kernel: Kernel, link = 'eth0') =>
  (kernel.link(link)?.addresses ?? []).map(
    (own) => `${formatPrefix(own)}${own.secondary ? ' secondary' : ''}`,
  );

/** A route as `ip route show table …` prints it. */
function line(route: Route): string {
  const { destination, gateway, source } = route;
  const isHost = destination.length === 32;
  const to = isHost ? formatIp(destination.address) : formatPrefix(destination);
  const type = route.type === 'unicast' ? '' : `${route.type} `;
  const via = gateway === undefined ? '' : ` via ${formatIp(gateway)}`;
  const src = source === undefined ? '' : ` src ${formatIp(source)}`;
  return `${type}${to}${via} dev ${route.link} proto ${route.protocol} scope ${route.scope}${src}`;
}

const table = (kernel: Kernel, name: string) => kernel.routes('inet', name).map(line);

describe('addresses', () => {
  test('a second address of the same subnet is secondary, a /32 and another subnet are not', () => {
    const kernel = host();
    kernel.addAddress('eth0', prefix('192.168.100.100/24'));
    kernel.addAddress('eth0', prefix('192.168.100.101/32'));
    kernel.addAddress('eth0', prefix('10.0.0.1/8'));
    expect(addresses(kernel)).toEqual([
      '192.168.100.11/24',
      '192.168.100.101/32',
      '10.0.0.1/8',
      '192.168.100.100/24 secondary',
    ]);
  });

  test('the same address twice is refused, and so is another scope in the same subnet', () => {
    const kernel = host();
    expect(kernel.addAddress('eth0', prefix('192.168.100.11/24'))).toBe('exists');
    expect(kernel.addAddress('eth0', { ...prefix('192.168.100.12/24'), scope: 'link' })).toBe(
      'invalid',
    );
    expect(kernel.addAddress('eth7', prefix('192.168.100.12/24'))).toBe('no-device');
  });

  test('the primary takes its secondaries along, and promote_secondaries keeps them', () => {
    for (const promote of ['0', '1']) {
      const kernel = host();
      kernel.setSysctl('net.ipv4.conf.all.promote_secondaries', promote);
      kernel.addAddress('eth0', prefix('192.168.100.100/24'));
      kernel.addAddress('eth0', prefix('192.168.100.101/24'));
      expect(kernel.deleteAddress('eth0', prefix('192.168.100.11/24'))).toBe(true);
      expect(addresses(kernel)).toEqual(
        promote === '0' ? [] : ['192.168.100.100/24', '192.168.100.101/24 secondary'],
      );
      expect(kernel.isLocalAddress(ip('192.168.100.101'))).toBe(promote === '1');
    }
  });

  test('an address of a link that is down is still answered for', () => {
    const kernel = host();
    kernel.setLinkUp('eth0', false);
    expect(kernel.isLocalAddress(ip('192.168.100.11'))).toBe(true);
    expect(table(kernel, 'local')).toContain(
      'local 192.168.100.11 dev eth0 proto kernel scope host src 192.168.100.11',
    );
    expect(table(kernel, 'main')).toEqual([]);
  });
});

describe('routes', () => {
  test('the local table has what Linux 6 puts there, in its order', () => {
    const kernel = host();
    kernel.addAddress('eth0', prefix('192.168.100.100/24'));
    expect(table(kernel, 'local')).toEqual([
      'local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1',
      'local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1',
      'broadcast 127.255.255.255 dev lo proto kernel scope link src 127.0.0.1',
      'local 192.168.100.11 dev eth0 proto kernel scope host src 192.168.100.11',
      'local 192.168.100.100 dev eth0 proto kernel scope host src 192.168.100.11',
      'broadcast 192.168.100.255 dev eth0 proto kernel scope link src 192.168.100.11',
    ]);
    expect(table(kernel, 'main')).toEqual([
      '192.168.100.0/24 dev eth0 proto kernel scope link src 192.168.100.11',
    ]);
  });

  const viaGateway = (gateway: string, metric = 0): Route => ({
    family: 'inet',
    destination: prefix('0.0.0.0/0'),
    table: 'main',
    type: 'unicast',
    gateway: ip(gateway),
    scope: 'global',
    metric,
    protocol: 'static',
  });

  test('a gateway must be on link', () => {
    const kernel = host();
    expect(kernel.addRoute(viaGateway('10.1.1.1'), 'add')).toBe('unreachable');
    expect(kernel.addRoute(viaGateway('192.168.100.1'), 'add')).toBe('ok');
    expect(kernel.addRoute(viaGateway('192.168.100.2'), 'add')).toBe('exists');
    expect(kernel.routeTo(ip('8.8.8.8'))).toEqual({
      link: 'eth0',
      source: ip('192.168.100.11'),
      nextHop: ip('192.168.100.1'),
      local: false,
      mtu: 1500,
    });
  });

  test('the longest prefix wins, then the least metric', () => {
    const kernel = host();
    kernel.addRoute(viaGateway('192.168.100.1', 200), 'add');
    kernel.addRoute(viaGateway('192.168.100.2', 100), 'add');
    kernel.addRoute({ ...viaGateway('192.168.100.3'), destination: prefix('8.8.0.0/16') }, 'add');
    expect(kernel.routeTo(ip('8.8.8.8'))?.nextHop).toBe(ip('192.168.100.3'));
    expect(kernel.routeTo(ip('9.9.9.9'))?.nextHop).toBe(ip('192.168.100.2'));
    kernel.deleteRoute({ family: 'inet', destination: prefix('0.0.0.0/0'), metric: 100 });
    expect(kernel.routeTo(ip('9.9.9.9'))?.nextHop).toBe(ip('192.168.100.1'));
  });

  test('a rule with its own table goes before main, and blackhole goes nowhere', () => {
    const kernel = host();
    kernel.addRoute({ ...viaGateway('192.168.100.9'), table: '100' }, 'add');
    kernel.addRule({ family: 'inet', priority: 100, from: prefix('10.9.9.9/32'), table: '100' });
    expect(kernel.routeTo(ip('8.8.8.8'), ip('10.9.9.9'))?.nextHop).toBe(ip('192.168.100.9'));
    expect(kernel.routeTo(ip('8.8.8.8'))).toBeUndefined();
    const { gateway: _, ...rest } = viaGateway('192.168.100.9');
    kernel.addRoute({ ...rest, destination: prefix('7.0.0.0/8'), type: 'blackhole' }, 'add');
    expect(kernel.sendIp(new Uint8Array(20).fill(7).fill(0x45, 0, 1))).toBe('EINVAL');
  });

  test('routes of a link go with it and only those of its addresses come back', () => {
    const kernel = host();
    kernel.addRoute(viaGateway('192.168.100.1'), 'add');
    kernel.setLinkUp('eth0', false);
    kernel.setLinkUp('eth0', true);
    expect(table(kernel, 'main')).toEqual([
      '192.168.100.0/24 dev eth0 proto kernel scope link src 192.168.100.11',
    ]);
  });
});

describe('sysctls', () => {
  test('names, ranges and what belongs together', () => {
    const kernel = host();
    expect(kernel.sysctl('net.ipv4.ip_forward')).toBe('0');
    expect(kernel.setSysctl('net.ipv4.ip_forward', '2')).toBe(false);
    expect(kernel.setSysctl('net.ipv4.ip_forward', '1')).toBe(true);
    expect(kernel.sysctl('net.ipv4.conf.all.forwarding')).toBe('1');
    expect(kernel.sysctl('net.ipv4.conf.eth0.forwarding')).toBe('1');
    expect(kernel.setSysctl('net.ipv4.conf.eth9.forwarding', '1')).toBe(false);
    expect(kernel.setSysctl('net.ipv4.conf.eth0.arp_ignore', 'x')).toBe(false);
    expect(kernel.sysctl('net.ipv4.neigh.eth0.base_reachable_time')).toBe('30');
    expect(kernel.sysctl('net.ipv4.neigh.eth0.unres_qlen')).toBe('101');
    kernel.addVirtualLink({ kind: 'vlan', name: 'eth0.5', base: 'eth0', vlanId: 5 });
    expect(kernel.setSysctl('net.ipv4.conf.eth0/5.rp_filter', '2')).toBe(true);
    expect(kernel.sysctl('net.ipv4.conf.eth0/5.rp_filter')).toBe('2');
    expect(kernel.sysctlNames()).toContain('net.ipv4.conf.eth0/5.rp_filter');
  });
});
