/** Links on links, carrier, counters, frozen and halted machines. */

import { describe, expect, test } from 'vitest';
import type { NetlinkEvent } from '../../../sim/kernel/kernel-api.ts';
import {
  echoRequest,
  garp,
  ip,
  ip4,
  mac,
  makeSmallLan,
  prefix,
  watchNeighbours,
} from './small-lan.ts';

const VMAC = mac('00:00:5e:00:01:33');

function pair() {
  const lan = makeSmallLan();
  const a = lan.addHost('a', { address: '10.0.0.1/24' });
  const b = lan.addHost('b', { address: '10.0.0.2/24' });
  return { lan, a, b };
}

describe('virtual links', () => {
  test('a macvlan answers with its own MAC for addresses it bears', () => {
    const { lan, a, b } = pair();
    b.addVirtualLink({
      kind: 'macvlan',
      name: 'vrrp.51',
      base: 'eth0',
      mac: VMAC,
      mode: 'private',
    });
    b.setSysctl('net.ipv4.conf.eth0.arp_ignore', '1');
    b.setLinkUp('vrrp.51', true);
    b.addAddress('vrrp.51', prefix('10.0.0.100/32'));
    a.sendIp(echoRequest(ip4('10.0.0.100'), 1));
    lan.runTo(1);
    const replies = lan.frames.filter((frame) => frame.text.includes('reply 10.0.0.100'));
    expect(replies.map((frame) => frame.text)).toEqual([
      '00:00:5e:00:01:33>02:00:00:00:00:01 reply 10.0.0.100 is-at 00:00:5e:00:01:33',
    ]);
    expect(b.link('vrrp.51')?.counters.rxPackets).toBeGreaterThan(1);
  });

  test('two private macvlans of one MAC hear each other on the macvlan alone', () => {
    const { lan, a, b } = pair();
    for (const host of [a, b]) {
      host.addVirtualLink({ kind: 'macvlan', name: 'v', base: 'eth0', mac: VMAC, mode: 'private' });
      host.setLinkUp('v', true);
    }
    const seen: string[] = [];
    b.openPacket({ promiscuous: false, onFrame: (_f, link) => seen.push(link) });
    const arps = b.link('eth0')?.counters.rxPackets;
    garp(a, 'v', ip4('10.0.0.100'));
    lan.runTo(1);
    expect(seen).toEqual(['eth0', 'v']);
    expect(b.link('eth0')?.counters.rxPackets).toBe((arps ?? 0) + 1);
  });

  test('vlans are tagged on the wire and hear only their own tag', () => {
    const { lan, a, b } = pair();
    for (const [host, last] of [
      [a, 1],
      [b, 2],
    ] as const) {
      host.addVirtualLink({ kind: 'vlan', name: 'eth0.5', base: 'eth0', vlanId: 5 });
      host.setLinkUp('eth0.5', true);
      host.addAddress('eth0.5', prefix(`10.5.0.${last}/24`));
    }
    a.sendIp(echoRequest(ip4('10.5.0.2'), 1));
    lan.runTo(1);
    expect(lan.frames.every((frame) => frame.text.includes('type 8100'))).toBe(true);
    expect(b.neighbours()).toMatchObject([{ link: 'eth0.5', address: ip('10.5.0.1') }]);
    b.deleteLink('eth0.5');
    a.sendIp(echoRequest(ip4('10.5.0.2'), 2));
    lan.runTo(2);
    expect(b.dropCounters().get('link:unknown-vlan')).toBe(1);
  });

  test('ipvlans share the MAC and are told apart by address', () => {
    const { lan, a, b } = pair();
    b.addVirtualLink({ kind: 'ipvlan', name: 'ipvl0', base: 'eth0', mode: 'bridge' });
    b.setLinkUp('ipvl0', true);
    b.addAddress('ipvl0', prefix('10.0.0.50/24'));
    a.sendIp(echoRequest(ip4('10.0.0.50'), 1));
    lan.runTo(1);
    expect(b.link('ipvl0')?.mac).toBe(b.link('eth0')?.mac);
    expect(b.link('ipvl0')?.counters.rxPackets).toBeGreaterThan(0);
    expect(lan.frames.some((frame) => frame.text.includes('ip 10.0.0.50>10.0.0.1'))).toBe(true);
  });

  test('names are taken once, bases must exist, and children go with their base down', () => {
    const { b } = pair();
    const options = {
      kind: 'macvlan',
      name: 'v',
      base: 'eth0',
      mac: VMAC,
      mode: 'private',
    } as const;
    expect(b.addVirtualLink(options)).toBe(true);
    expect(b.addVirtualLink(options)).toBe(false);
    expect(b.addVirtualLink({ ...options, name: 'w', base: 'eth9' })).toBe(false);
    expect(b.link('v')?.carrier).toBe(true);
    b.setLinkUp('eth0', false);
    expect(b.link('v')?.carrier).toBe(false);
    expect(b.deleteLink('eth0')).toBe(false);
    expect(b.deleteLink('v')).toBe(true);
    expect(b.link('v')).toBeUndefined();
  });
});

describe('carrier', () => {
  test('its loss drops the neighbours, keeps addresses and routes, and is announced', () => {
    const { lan, a } = pair();
    a.sendIp(echoRequest(ip4('10.0.0.2'), 1));
    lan.runTo(1);
    const events: NetlinkEvent['kind'][] = [];
    a.onNetlink((event) => events.push(event.kind));
    const neighbours = watchNeighbours(a, lan.engine);
    lan.cable('a').unplug();
    lan.runTo(2);
    expect(a.neighbours()).toEqual([]);
    expect(neighbours.map((each) => each.text)).toEqual([
      'Deleted 10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE',
    ]);
    expect(events).toEqual(['link-changed', 'neighbour-removed']);
    expect(a.routeTo(ip('10.0.0.2'))?.link).toBe('eth0');
    lan.cable('a').replug();
    lan.runTo(3);
    expect(a.link('eth0')?.carrier).toBe(true);
  });
});

describe('a machine that is paused or off', () => {
  test('frozen: nothing is heard, timers stand still, and the ring is heard on resume', () => {
    const { lan, a, b } = pair();
    a.sendIp(echoRequest(ip4('10.0.0.2'), 1));
    lan.runTo(1);
    b.setFrozen(true);
    for (let i = 0; i < 300; i++)
      lan.at(2 + i * 0.001, () => void a.sendIp(echoRequest(ip4('10.0.0.2'), i)));
    lan.runTo(9);
    const answers = () => lan.frames.filter((frame) => frame.text.includes('ip 10.0.0.2>')).length;
    expect(answers()).toBe(1);
    b.setFrozen(false);
    lan.runTo(9.5);
    expect(answers()).toBe(1 + 256);
    expect(b.dropCounters().get('link:ring-full')).toBeGreaterThan(0);
  });

  test('frozen: a request that was waiting is repeated as much later as the pause was long', () => {
    const { lan, a } = pair();
    a.sendIp(echoRequest(ip4('10.0.0.9'), 1));
    lan.at(0.5, () => a.setFrozen(true));
    lan.at(10.5, () => a.setFrozen(false));
    lan.runTo(20);
    const asks = lan.frames.filter((frame) => frame.text.includes('who-has 10.0.0.9'));
    expect(asks.map((frame) => Math.floor(frame.at / 1e6))).toEqual([0, 11, 12]);
  });

  test('halted: it neither sends nor hears', () => {
    const { lan, a, b } = pair();
    b.halt();
    a.sendIp(echoRequest(ip4('10.0.0.2'), 1));
    lan.runTo(5);
    expect(lan.frames.every((frame) => frame.from === 'a')).toBe(true);
  });
});

describe('neighbour timers', () => {
  test('REACHABLE lasts 15 to 45 s, the same for the whole table, and then is STALE', () => {
    const ends: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const lan = makeSmallLan(seed);
      const a = lan.addHost('a', { address: '10.0.0.1/24' });
      lan.addHost('b', { address: '10.0.0.2/24' });
      const lines = watchNeighbours(a, lan.engine);
      a.sendIp(echoRequest(ip4('10.0.0.2'), 1));
      lan.runTo(60);
      expect(lines.map((each) => each.text.split(' ').at(-1))).toEqual(['REACHABLE', 'STALE']);
      ends.push(lines[1]?.at ?? 0);
    }
    // The wheel adds up to 2.05 s at that distance.
    expect(Math.min(...ends)).toBeGreaterThan(15);
    expect(Math.max(...ends)).toBeLessThan(45 + 2.1);
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(10);
  });

  test('confirmed in time, DELAY becomes REACHABLE without a probe', () => {
    const { lan, a, b } = pair();
    b.sendIp(echoRequest(ip4('10.0.0.1'), 1));
    lan.runTo(0.5);
    expect(a.neighbours()).toMatchObject([{ state: 'DELAY' }]);
    lan.at(3, () => a.confirmNeighbour(ip('10.0.0.2')));
    const before = lan.frames.length;
    lan.runTo(6);
    expect(a.neighbours()).toMatchObject([{ state: 'REACHABLE' }]);
    const probes = lan.frames
      .slice(before)
      .filter((frame) => frame.from === 'a' && frame.text.includes('who-has'));
    expect(probes).toEqual([]);
  });

  test('an idle LAN costs no events', () => {
    const { lan } = pair();
    lan.runTo(10);
    const before = lan.engine.eventCount;
    lan.runTo(3600);
    expect(lan.engine.eventCount - before).toBe(0);
  });

  test('two runs of one seed draw the same, and another host changes nothing', () => {
    const run = (extra: boolean) => {
      const lan = makeSmallLan(7);
      const a = lan.addHost('a', { address: '10.0.0.1/24' });
      lan.addHost('b', { address: '10.0.0.2/24' });
      if (extra) lan.addHost('c', { address: '10.0.0.3/24' });
      const lines = watchNeighbours(a, lan.engine);
      a.sendIp(echoRequest(ip4('10.0.0.2'), 1));
      lan.runTo(60);
      return lines;
    };
    expect(run(false)).toEqual(run(false));
    expect(run(true)).toEqual(run(false));
  });
});
