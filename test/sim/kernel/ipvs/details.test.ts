import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../../../../daemon/wire/ip-address.ts';
import type { ServiceKey } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import { decodeSync, encodeSync } from '../../../../sim/kernel/ipvs/sync-wire.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { ip, makeSmallLan, prefix } from '../small-lan.ts';

const PACKETS = fileURLToPath(
  new URL('../../../reference/ipvs/forwarding/sync-daemon/sync-on.packets.txt', import.meta.url),
);

describe('sync datagrams', () => {
  const recorded = readFileSync(PACKETS, 'utf8')
    .split('\n')
    .flatMap((line) => /224\.0\.0\.81\t1\t([0-9a-f]+)$/.exec(line)?.[1] ?? []);

  it('are read and written as the kernel wrote them', () => {
    expect(recorded.length).toBeGreaterThan(0);
    for (const hex of recorded) {
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      const entries = decodeSync(bytes, 7);
      expect(entries).toBeDefined();
      expect(Buffer.from(encodeSync(7, entries ?? [])).toString('hex')).toBe(hex);
      expect(decodeSync(bytes, 8)).toBeUndefined();
      expect(decodeSync(bytes.subarray(0, bytes.length - 1), 7)).toBeUndefined();
    }
    const last = decodeSync(Uint8Array.from(Buffer.from(recorded.at(-1) ?? '', 'hex')), 0);
    expect(last?.map((each) => [each.clientPort, each.state, each.timeoutSeconds])).toEqual([
      [50003, 1, 900],
      [50003, 4, 120],
    ]);
    expect(formatIp(last?.[0]?.serverAddress ?? ip('0.0.0.0'))).toBe('10.10.0.12');
  });
});

describe('IPv6', () => {
  const service: ServiceKey = {
    kind: 'address',
    protocol: 6,
    address: ip('2001:db8::100'),
    port: 80,
  };

  it.each(['dr', 'nat'] as const)('%s carries a connection to a server', (method) => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { ipv6: true });
    const director = lan.addHost('director', { ipv6: true });
    const server = lan.addHost('server', { ipv6: true });
    const address = (kernel: Kernel, nic: string, text: string) =>
      kernel.addAddress(nic, { ...prefix(text), noDad: true });
    address(client, 'eth0', '2001:db8::1/64');
    address(director, 'eth0', '2001:db8::fe/64');
    address(director, 'eth0', '2001:db8::100/128');
    address(server, 'eth0', method === 'dr' ? '2001:db8::11/64' : '2001:db8:1::11/64');
    if (method === 'dr') address(server, 'lo', '2001:db8::100/128');
    else {
      address(director, 'eth0', '2001:db8:1::fe/64');
      director.setSysctl('net.ipv6.conf.all.forwarding', '1');
      server.addRoute(
        {
          family: 'inet6',
          destination: prefix('::/0'),
          table: 'main',
          type: 'unicast',
          link: 'eth0',
          gateway: ip('2001:db8:1::fe'),
          scope: 'global',
          metric: 1024,
          protocol: 'static',
        },
        'add',
      );
    }
    const port = method === 'dr' ? 80 : 8080;
    server.listenTcp({ family: 'inet6', port, onAccept: () => ({}) });
    director.ipvs.addService(service, { scheduler: 'wlc', schedulerFlags: 0, onePacket: false });
    const which = { address: ip(method === 'dr' ? '2001:db8::11' : '2001:db8:1::11'), port };
    director.ipvs.addServer(service, which, { method, weight: 1 });
    lan.runTo(3);
    const heard: string[] = [];
    client.connectTcp({
      address: service.kind === 'address' ? service.address : ip('::'),
      port: 80,
      handlers: {
        onConnected: () => heard.push('connected'),
        onError: (error) => heard.push(error),
      },
    });
    lan.runTo(6);
    expect(heard).toEqual(['connected']);
    expect(director.ipvs.connections().map((each) => each.state)).toEqual(['ESTABLISHED']);
  });
});
