/**
 * Who answers ARP for a shared address, and which sender addresses requests bear: the
 * configurations measured in `lvs-dr-arp/arp-matrix` (a director and a real server with the VIP, a
 * client that asks).
 */

import { describe, expect, test } from 'vitest';
import { echoRequest, ip4, makeSmallLan, prefix } from './small-lan.ts';

const VIP = ip4('10.10.0.100');

interface Row {
  readonly vip: 'lo/32' | 'eth0/32' | 'lo/24' | 'lo/32 scope host' | 'none';
  readonly sysctl: Readonly<Record<string, string>>;
  /** Whether the real server answers the client's request for the VIP. */
  readonly answers: boolean;
  /** Whether the real server's own request, made for an answer from the VIP, bears the VIP. */
  readonly requestBearsVip?: boolean;
}

const all = (ignore: number, announce: number) => ({
  'net.ipv4.conf.all.arp_ignore': String(ignore),
  'net.ipv4.conf.all.arp_announce': String(announce),
});

/** One row per configuration of the matrix (its three UML rows repeat others). */
const MATRIX: readonly Row[] = [
  { vip: 'lo/32', sysctl: all(0, 0), answers: true, requestBearsVip: true },
  { vip: 'lo/32', sysctl: all(0, 1), answers: true },
  { vip: 'lo/32', sysctl: all(0, 2), answers: true, requestBearsVip: false },
  { vip: 'lo/32', sysctl: all(1, 0), answers: false, requestBearsVip: true },
  { vip: 'lo/32', sysctl: all(1, 1), answers: false },
  { vip: 'lo/32', sysctl: all(1, 2), answers: false, requestBearsVip: false },
  { vip: 'lo/32', sysctl: all(2, 0), answers: false, requestBearsVip: true },
  { vip: 'lo/32', sysctl: all(2, 1), answers: false },
  { vip: 'lo/32', sysctl: all(2, 2), answers: false, requestBearsVip: false },
  { vip: 'eth0/32', sysctl: all(0, 0), answers: true, requestBearsVip: true },
  { vip: 'eth0/32', sysctl: all(0, 2), answers: true, requestBearsVip: false },
  { vip: 'eth0/32', sysctl: all(1, 0), answers: true },
  { vip: 'eth0/32', sysctl: all(1, 2), answers: true },
  { vip: 'eth0/32', sysctl: all(2, 0), answers: true },
  { vip: 'eth0/32', sysctl: all(2, 2), answers: true },
  {
    vip: 'lo/32',
    sysctl: { 'net.ipv4.conf.lo.arp_ignore': '1', 'net.ipv4.conf.lo.arp_announce': '2' },
    answers: true,
    requestBearsVip: true,
  },
  {
    vip: 'lo/32',
    sysctl: { 'net.ipv4.conf.eth0.arp_ignore': '1', 'net.ipv4.conf.eth0.arp_announce': '2' },
    answers: false,
    requestBearsVip: false,
  },
  { vip: 'lo/32 scope host', sysctl: all(3, 2), answers: false, requestBearsVip: false },
  { vip: 'lo/32', sysctl: all(8, 2), answers: false, requestBearsVip: false },
  { vip: 'lo/24', sysctl: all(1, 2), answers: false },
  { vip: 'none', sysctl: all(0, 0), answers: false },
];

function setUp(row: Row) {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { address: '10.10.0.1/24' });
  const server = lan.addHost('rs1', { address: '10.10.0.11/24', sysctl: row.sysctl });
  if (row.vip !== 'none') {
    const [place = '', scope] = row.vip.split(' scope ');
    const [link = '', length = ''] = place.split('/');
    server.addAddress(link, {
      ...prefix(`10.10.0.100/${length}`),
      ...(scope === 'host' ? { scope: 'host' as const } : {}),
    });
  }
  lan.runTo(0.1);
  return { lan, client, server };
}

describe('the measured configurations', () => {
  for (const row of MATRIX) {
    const sysctl = Object.entries(row.sysctl).map(([key, value]) => `${key}=${value}`);
    const verb = row.answers ? 'answers' : 'does not answer';
    test(`VIP on ${row.vip}, ${sysctl.join(' ')}: the real server ${verb}`, () => {
      const { lan, client } = setUp(row);
      client.sendIp(echoRequest(VIP, 1));
      lan.runTo(0.5);
      const replies = lan.frames.filter((frame) => frame.text.includes('reply 10.10.0.100'));
      expect(replies.length).toBe(row.answers ? 1 : 0);
    });
  }

  for (const row of MATRIX) {
    const { requestBearsVip } = row;
    if (requestBearsVip === undefined) continue;
    const sysctl = Object.entries(row.sysctl).map(([key, value]) => `${key}=${value}`);
    const verb = requestBearsVip ? 'bears' : 'does not bear';
    test(`VIP on ${row.vip}, ${sysctl.join(' ')}: a request of the server ${verb} the VIP`, () => {
      const { lan, client, server } = setUp(row);
      // The client knows the server's MAC (as behind a director), so the server must ask for the
      // client.
      const mac = server.link('eth0')?.mac;
      if (mac !== undefined) client.setNeighbour('eth0', VIP, mac, 'PERMANENT');
      client.sendIp(echoRequest(VIP, 1));
      lan.runTo(0.5);
      const asks = lan.frames.filter(
        (frame) => frame.from === 'rs1' && frame.text.includes('who-has'),
      );
      expect(asks.length).toBe(1);
      const sender = requestBearsVip ? '10.10.0.100' : '10.10.0.11';
      expect(asks[0]?.text).toContain(`who-has 10.10.0.1 tell ${sender}`);
    });
  }
});

describe('other switches of ARP', () => {
  test('arp_filter answers only through the link that leads back to the asker', () => {
    for (const [filter, answers] of [
      ['0', 1],
      ['1', 0],
    ] as const) {
      const lan = makeSmallLan();
      const client = lan.addHost('client', { address: '10.10.0.1/24' });
      const server = lan.addHost('rs1', {
        address: '10.20.0.11/24',
        sysctl: { 'net.ipv4.conf.all.arp_filter': filter },
      });
      client.addRoute(
        {
          family: 'inet',
          destination: prefix('10.20.0.0/24'),
          table: 'main',
          type: 'unicast',
          link: 'eth0',
          scope: 'link',
          metric: 0,
          protocol: 'boot',
        },
        'add',
      );
      server.addAddress('lo', prefix('10.10.0.77/24'));
      lan.runTo(0.1);
      client.sendIp(echoRequest(ip4('10.20.0.11'), 1));
      lan.runTo(0.2);
      const replies = lan.frames.filter((frame) => frame.text.includes('reply 10.20.0.11'));
      expect(replies.length, `arp_filter=${filter}`).toBe(answers);
    }
  });

  test('arp_accept=1 makes an entry of a gratuitous request, arp_accept=0 does not', async () => {
    const { garp } = await import('./small-lan.ts');
    for (const [accept, count] of [
      ['0', 0],
      ['1', 1],
    ] as const) {
      const lan = makeSmallLan();
      const sysctl = { 'net.ipv4.conf.all.arp_accept': accept };
      const client = lan.addHost('client', { address: '10.10.0.1/24', sysctl });
      const other = lan.addHost('n1', { address: '10.10.0.11/24' });
      garp(other, 'eth0', VIP);
      lan.runTo(0.1);
      expect(client.neighbours().length).toBe(count);
    }
  });

  test('arp_notify announces an address that is added and those of a link that comes up', () => {
    const lan = makeSmallLan();
    const host = lan.addHost('n1', {
      address: '10.10.0.1/24',
      sysctl: { 'net.ipv4.conf.all.arp_notify': '1' },
    });
    host.addAddress('eth0', prefix('10.10.0.2/24'));
    lan.runTo(0.1);
    expect(lan.frames.map((frame) => frame.text.split(' ').slice(1).join(' '))).toEqual([
      'who-has 10.10.0.1 tell 10.10.0.1',
      'who-has 10.10.0.2 tell 10.10.0.2',
    ]);
  });

  test('a full neighbour table leaves a request without an answer', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.10.0.1/24' });
    const server = lan.addHost('n1', {
      address: '10.10.0.11/24',
      sysctl: {
        'net.ipv4.neigh.default.gc_thresh1': '1',
        'net.ipv4.neigh.default.gc_thresh2': '1',
        'net.ipv4.neigh.default.gc_thresh3': '2',
      },
    });
    for (const last of [201, 202]) {
      const mac = client.link('eth0')?.mac;
      if (mac !== undefined) server.setNeighbour('eth0', ip4(`10.10.0.${last}`), mac, 'PERMANENT');
    }
    client.sendIp(echoRequest(ip4('10.10.0.11'), 1));
    lan.runTo(0.5);
    expect(lan.frames.some((frame) => frame.text.includes('reply'))).toBe(false);
    expect(server.dropCounters().get('neighbour:table-full')).toBe(1);
  });
});
