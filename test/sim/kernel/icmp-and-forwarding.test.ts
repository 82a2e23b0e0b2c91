/** Ping, ICMP errors with their rate limit, forwarding, redirects, rp_filter and the firewall. */

import { describe, expect, test } from 'vitest';
import { decodeIcmp, type IcmpMessage } from '../../../daemon/wire/icmp.ts';
import {
  ipv4HeaderLength,
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../../daemon/wire/ipv4.ts';
import { formatIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import type { Route } from '../../../sim/kernel/kernel-api.ts';
import {
  echoRequest,
  icmpPacket,
  ip,
  ip4,
  makeSmallLan,
  prefix,
  type SmallLan,
} from './small-lan.ts';

interface Heard {
  readonly at: number;
  readonly from: string;
  readonly ttl: number;
  readonly message: IcmpMessage;
}

function listen(lan: SmallLan, kernel: Kernel): Heard[] {
  const heard: Heard[] = [];
  kernel.openRaw({
    family: 'inet',
    protocol: 1,
    onPacket(bytes, at) {
      const end = at + readIpv4TotalLength(bytes, at);
      const message = decodeIcmp(bytes, at + ipv4HeaderLength(bytes, at), end);
      if (typeof message === 'string') throw new Error(message);
      const from = formatIpv4(readIpv4Source(bytes, at));
      heard.push({ at: lan.engine.now / 1e6, from, ttl: readIpv4Ttl(bytes, at), message });
    },
  });
  return heard;
}

const summary = (heard: readonly Heard[]) =>
  heard.map(
    ({ from, message }) => `${from} ${message.kind}${'code' in message ? ` ${message.code}` : ''}`,
  );

const route = (to: string, gateway: string): Route => ({
  family: 'inet',
  destination: prefix(to),
  table: 'main',
  type: 'unicast',
  gateway: ip(gateway),
  scope: 'global',
  metric: 0,
  protocol: 'static',
});

/** A client and a server in two subnets of one wire, a router with an address in each. */
function routed() {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { address: '10.1.0.2/24' });
  const router = lan.addHost('router', {
    address: '10.1.0.1/24',
    sysctl: { 'net.ipv4.ip_forward': '1' },
  });
  const server = lan.addHost('server', { address: '10.2.0.2/24' });
  router.addAddress('eth0', prefix('10.2.0.1/24'));
  client.addRoute(route('0.0.0.0/0', '10.1.0.1'), 'add');
  server.addRoute(route('0.0.0.0/0', '10.2.0.1'), 'add');
  return { lan, client, router, server, heard: listen(lan, client) };
}

describe('echo', () => {
  test('is answered from the address that was asked, with the same bytes', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    const server = lan.addHost('server', { address: '10.0.0.2/24' });
    server.addAddress('lo', prefix('10.0.0.77/32'));
    const heard = listen(lan, client);
    client.sendIp(echoRequest(ip4('10.0.0.77'), 9));
    lan.runTo(1);
    expect(heard.length).toBe(1);
    expect(heard[0]).toMatchObject({ from: '10.0.0.77', ttl: 64 });
    expect(heard[0]?.message).toMatchObject({ kind: 'echo-reply', identifier: 7, sequence: 9 });
  });

  test('icmp_echo_ignore_all and pings to the broadcast address get no answer', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    const server = lan.addHost('server', { address: '10.0.0.2/24' });
    const heard = listen(lan, client);
    client.sendIp(echoRequest(ip4('10.0.0.255'), 1));
    server.setSysctl('net.ipv4.icmp_echo_ignore_all', '1');
    client.sendIp(echoRequest(ip4('10.0.0.2'), 1));
    lan.runTo(1);
    expect(heard).toEqual([]);
    expect(server.dropCounters().get('icmp:ignored')).toBe(2);
  });

  test('to oneself is answered as a later event', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    const heard = listen(lan, client);
    client.sendIp(echoRequest(ip4('10.0.0.1'), 1));
    expect(heard).toEqual([]);
    lan.runTo(0.1);
    expect(summary(heard)).toEqual(['10.0.0.1 echo-request', '10.0.0.1 echo-reply']);
  });
});

describe('errors', () => {
  test('a silent neighbour: host unreachable from oneself after three requests', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24', tickPhaseUs: 0 });
    const heard = listen(lan, client);
    client.sendIp(echoRequest(ip4('10.0.0.9'), 1));
    client.sendIp(echoRequest(ip4('10.0.0.9'), 2));
    lan.runTo(5);
    expect(summary(heard)).toEqual([
      '10.0.0.1 destination-unreachable 1',
      '10.0.0.1 destination-unreachable 1',
    ]);
    expect(heard[0]?.at).toBeGreaterThan(3);
    expect(heard[0]?.at).toBeLessThan(3.15);
    expect(client.neighbours().map((entry) => entry.state)).toEqual(['FAILED']);
  });

  test('closed port: six at once, then one per second for each destination', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    lan.addHost('server', { address: '10.0.0.2/24' });
    const heard = listen(lan, client);
    const errors: string[] = [];
    const socket = client.openUdp({
      family: 'inet',
      onDatagram: () => undefined,
      onError: (error) => errors.push(error),
    });
    if (typeof socket === 'string') throw new Error(socket);
    for (let i = 0; i < 40; i++) {
      lan.at(1 + i * 0.05, () => void socket.send(new Uint8Array(4), ip('10.0.0.2'), 9999));
    }
    lan.runTo(4);
    // 2 s of sending: the six saved up, and what one second each gives back until 2.95 s.
    expect(summary(heard)).toEqual(new Array(7).fill('10.0.0.2 destination-unreachable 3'));
    expect(errors).toEqual(new Array(7).fill('ECONNREFUSED'));
    expect(heard[6]?.at).toBeGreaterThanOrEqual(2);
    expect(heard[6]?.at).toBeLessThan(2.1);
  });

  test('icmp_ratemask decides which errors the limit holds back', () => {
    const errors = (mask: string): number => {
      const lan = makeSmallLan();
      const client = lan.addHost('client', { address: '10.0.0.1/24' });
      const sysctl = { 'net.ipv4.icmp_ratemask': mask };
      lan.addHost('server', { address: '10.0.0.2/24', sysctl });
      const heard = listen(lan, client);
      const socket = client.openUdp({ family: 'inet', onDatagram: () => undefined });
      if (typeof socket === 'string') throw new Error(socket);
      for (let i = 0; i < 20; i++) {
        lan.at(1 + i * 0.01, () => void socket.send(new Uint8Array(4), ip('10.0.0.2'), 9999));
      }
      lan.runTo(1.5);
      return summary(heard).length;
    };
    // 6168 has the bit of "unreachable", type 3; without it every datagram is answered.
    expect([errors('6168'), errors('6160')]).toEqual([6, 20]);
  });

  describe('the limit of the whole host, which many destinations share', () => {
    /** How many errors twenty clients hear, each asking once. */
    const heardBy = (
      sysctl: Record<string, string>,
      ask: 'udp' | 'ping',
      times: number,
    ): number => {
      const lan = makeSmallLan();
      lan.addHost('server', { address: '10.0.0.100/24', sysctl });
      let heard = 0;
      for (let i = 1; i <= 20; i++) {
        const client = lan.addHost(`client-${i}`, { address: `10.0.0.${i}/24` });
        const all = listen(lan, client);
        const socket = client.openUdp({ family: 'inet', onDatagram: () => undefined });
        if (typeof socket === 'string') throw new Error(socket);
        for (let round = 0; round < times; round++) {
          lan.at(1 + round * 2, () => {
            if (ask === 'ping') client.sendIp(echoRequest(ip4('10.0.0.100'), round + 1));
            else socket.send(new Uint8Array(4), ip('10.0.0.100'), 9999);
          });
        }
        lan.at(8, () => {
          heard += all.length;
        });
      }
      lan.runTo(8);
      return heard;
    };

    test('icmp_msgs_burst: so many at once, more or less by chance, and again after a pause', () => {
      expect(heardBy({}, 'udp', 1)).toBe(20);
      // Each takes 0, 1 or 2 of the ten.
      const once = heardBy({ 'net.ipv4.icmp_msgs_burst': '10' }, 'udp', 1);
      expect(once).toBeGreaterThanOrEqual(5);
      expect(once).toBeLessThan(20);
      expect(heardBy({ 'net.ipv4.icmp_msgs_burst': '10' }, 'udp', 2)).toBeGreaterThan(once + 4);
    });

    test('icmp_msgs_per_sec: what a pause gives back', () => {
      const slow = { 'net.ipv4.icmp_msgs_burst': '10', 'net.ipv4.icmp_msgs_per_sec': '1' };
      const [once, twice] = [heardBy(slow, 'udp', 1), heardBy(slow, 'udp', 2)];
      // Not even the first message finds more than one second's worth.
      expect(once).toBeGreaterThanOrEqual(1);
      expect(once).toBeLessThan(8);
      expect(twice).toBeLessThan(2 * 8);
      expect(heardBy({ ...slow, 'net.ipv4.icmp_msgs_per_sec': '0' }, 'udp', 2)).toBe(0);
    });

    test('answers to pings count only when icmp_ratemask names them', () => {
      const none = { 'net.ipv4.icmp_msgs_burst': '0' };
      expect(heardBy(none, 'ping', 1)).toBe(20);
      expect(heardBy({ ...none, 'net.ipv4.icmp_ratemask': '6169' }, 'ping', 1)).toBe(0);
    });
  });

  test('protocol nobody speaks: protocol unreachable', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    lan.addHost('server', { address: '10.0.0.2/24' });
    const heard = listen(lan, client);
    const packet = echoRequest(ip4('10.0.0.2'), 1);
    packet[9] = 99;
    client.sendIp(packet);
    lan.runTo(1);
    expect(summary(heard)).toEqual(['10.0.0.2 destination-unreachable 2']);
  });
});

describe('forwarding', () => {
  test('takes one off the TTL each way', () => {
    const { lan, client, heard } = routed();
    client.sendIp(echoRequest(ip4('10.2.0.2'), 1));
    lan.runTo(1);
    expect(heard.filter((each) => each.message.kind === 'echo-reply')).toMatchObject([
      { from: '10.2.0.2', ttl: 63 },
    ]);
  });

  test('TTL 1 ends in time exceeded from the router', () => {
    const { lan, client, heard } = routed();
    const message = {
      kind: 'echo-request',
      identifier: 1,
      sequence: 1,
      payload: new Uint8Array(0),
    } as const;
    client.sendIp(icmpPacket({ to: ip4('10.2.0.2'), message, ttl: 1 }));
    lan.runTo(1);
    expect(summary(heard)).toEqual(['10.1.0.1 time-exceeded 0']);
  });

  test('no route: net unreachable; absent host: host unreachable after three requests', () => {
    const { lan, client, heard } = routed();
    client.sendIp(echoRequest(ip4('172.16.0.1'), 1));
    client.sendIp(echoRequest(ip4('10.2.0.99'), 1));
    lan.runTo(5);
    expect(summary(heard.filter((each) => each.message.kind !== 'redirect'))).toEqual([
      '10.1.0.1 destination-unreachable 0',
      '10.1.0.1 destination-unreachable 1',
    ]);
  });

  test('in and out by one link: a redirect, and none when send_redirects is off', () => {
    for (const redirects of ['1', '0']) {
      const { lan, client, router, heard } = routed();
      for (const name of ['all', 'eth0']) {
        router.setSysctl(`net.ipv4.conf.${name}.send_redirects`, redirects);
      }
      client.sendIp(echoRequest(ip4('10.2.0.2'), 1));
      lan.runTo(1);
      const got = heard.filter((each) => each.message.kind === 'redirect');
      expect(summary(got)).toEqual(redirects === '1' ? ['10.1.0.1 redirect 1'] : []);
      if (redirects === '1') expect(got[0]?.message).toMatchObject({ gateway: ip('10.2.0.2') });
    }
  });

  test('ip_forward 0: the packet is lost in silence', () => {
    const { lan, client, router, heard } = routed();
    router.setSysctl('net.ipv4.ip_forward', '0');
    client.sendIp(echoRequest(ip4('10.2.0.2'), 1));
    lan.runTo(1);
    expect(heard).toEqual([]);
    expect(router.dropCounters().get('ipv4:not-forwarding')).toBe(1);
  });

  test('rp_filter 1 drops what comes from where its source does not live', () => {
    const { lan, router, client, heard } = routed();
    router.setSysctl('net.ipv4.conf.all.rp_filter', '1');
    const message = {
      kind: 'echo-request',
      identifier: 1,
      sequence: 1,
      payload: new Uint8Array(0),
    } as const;
    client.sendIp(icmpPacket({ to: ip4('10.1.0.1'), from: ip4('172.31.0.1'), message }));
    lan.runTo(1);
    expect(heard).toEqual([]);
    expect(router.dropCounters().get('ipv4:reverse-path')).toBe(1);
  });

  test('somebody else using my address is a martian', () => {
    const { lan, router, client } = routed();
    const message = {
      kind: 'echo-request',
      identifier: 1,
      sequence: 1,
      payload: new Uint8Array(0),
    } as const;
    client.sendIp(icmpPacket({ to: ip4('10.1.0.1'), from: ip4('10.2.0.1'), message }));
    lan.runTo(1);
    expect(router.dropCounters().get('ipv4:martian-source')).toBe(1);
  });
});

describe('firewall', () => {
  test('a drop rule for an address stops ping but not ARP, until it is deleted', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    const server = lan.addHost('server', { address: '10.0.0.2/24' });
    const heard = listen(lan, client);
    const handle = server.addFirewallRule({
      hook: 'input',
      verdict: 'drop',
      destination: prefix('10.0.0.2/32'),
    });
    client.sendIp(echoRequest(ip4('10.0.0.2'), 1));
    lan.runTo(1);
    expect(heard).toEqual([]);
    expect(lan.frames.some((frame) => frame.text.includes('reply 10.0.0.2'))).toBe(true);
    server.deleteFirewallRule(handle);
    client.sendIp(echoRequest(ip4('10.0.0.2'), 2));
    lan.runTo(2);
    expect(summary(heard)).toEqual(['10.0.0.2 echo-reply']);
  });

  test('an output rule answers EPERM', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.0.0.1/24' });
    client.addFirewallRule({ hook: 'output', verdict: 'drop', protocol: 1 });
    expect(client.sendIp(echoRequest(ip4('10.0.0.2'), 1))).toBe('EPERM');
  });
});
