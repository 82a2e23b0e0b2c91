/**
 * The short ways of packets (`input-path.ts`, `output-path.ts`, `arp-path.ts`) change nothing: the same life of
 * three hosts goes the same way with them and without. An AF_PACKET socket that is always open keeps every packet of
 * the second LAN on the long way.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { internetChecksum } from '../../../daemon/wire/checksum.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import type { UdpSocket } from '../../../sim/kernel/socket-api.ts';
import { echoRequest, ip, ip4, mac, makeSmallLan, prefix } from './small-lan.ts';

const GROUP = ip('224.0.0.18');
const VRRP = 112;
const HOSTS = ['a', 'b', 'c'] as const;

/** One thing that is done to a host, and how long the LAN is left alone afterwards, ms. */
interface Step {
  readonly host: number;
  readonly what: number;
  readonly value: number;
  readonly wait: number;
}

class Life {
  readonly #lan = makeSmallLan();
  readonly #kernels: Kernel[] = [];
  readonly #sockets: (UdpSocket | undefined)[] = [];
  readonly #heard: string[] = [];
  readonly #closers = new Map<string, () => void>();
  readonly #hears: boolean;
  #now = 0;

  constructor(hears: boolean) {
    this.#hears = hears;
    HOSTS.forEach((name, i) => {
      const kernel = this.#lan.addHost(name, { address: `10.0.0.${i + 1}/24` });
      if (hears) kernel.openPacket({ promiscuous: false, onFrame: () => undefined });
      this.#kernels.push(kernel);
      this.#sockets.push(this.#open(i));
    });
  }

  step({ host, what, value, wait }: Step): void {
    const kernel = this.#kernels[host] as Kernel;
    const actions: readonly (() => void)[] = [
      () => void kernel.sendIp(echoRequest(ip4(`10.0.0.${1 + (value % 4)}`), value & 0xff)),
      () => this.#send(host, value),
      () => this.#toggle(`raw${host}`, () => this.#openRaw(host)),
      () =>
        this.#toggle(`join${host}`, () => {
          kernel.joinGroup('eth0', GROUP);
          return () => kernel.leaveGroup('eth0', GROUP);
        }),
      () =>
        this.#toggle(`address${host}`, () => {
          kernel.addAddress('eth0', prefix('10.0.0.9/24'));
          return () => kernel.deleteAddress('eth0', prefix('10.0.0.9/24'));
        }),
      () =>
        this.#toggle(`rule${host}`, () => {
          const hook = value % 2 === 0 ? 'input' : 'output';
          const handle = kernel.addFirewallRule({ hook, verdict: 'drop', protocol: 17 });
          return () => kernel.deleteFirewallRule(handle);
        }),
      () =>
        this.#toggle(`frozen${host}`, () => {
          kernel.setFrozen(true);
          return () => kernel.setFrozen(false);
        }),
      () =>
        this.#toggle(`down${host}`, () => {
          kernel.setLinkUp('eth0', false);
          return () => kernel.setLinkUp('eth0', true);
        }),
      () =>
        this.#toggle(`socket${host}`, () => {
          this.#sockets[host]?.close();
          this.#sockets[host] = undefined;
          return () => {
            this.#sockets[host] = this.#open(host);
          };
        }),
      () => void kernel.flushNeighbours(),
      () =>
        kernel.setNeighbour(
          'eth0',
          ip(`10.0.0.${1 + (value % 3)}`),
          mac('02:00:00:00:00:77'),
          'STALE',
        ),
      () => kernel.setSysctl('net.ipv4.conf.all.arp_accept', String(value % 2)),
      () => kernel.setSysctl('net.ipv4.ip_default_ttl', String(40 + (value % 9))),
      () =>
        kernel.addVirtualLink({
          kind: 'macvlan',
          name: `v${value}`,
          base: 'eth0',
          mac: mac('02:00:00:00:01:01'),
          mode: 'private',
        }),
      () => void kernel.deleteLink(`v${value}`),
      () => kernel.setSysctl('net.ipv4.icmp_echo_ignore_all', String(value % 2)),
      () => kernel.setSysctl('net.ipv4.icmp_ratemask', value % 2 === 0 ? '6169' : '6168'),
      () => void kernel.sendIp(fromAnybody(echoRequest(ip4('10.0.0.9'), value, 1500))),
    ];
    (actions[what % actions.length] as () => void)();
    for (let round = 0; round < 3; round++) this.#round(value + round);
    this.#pass(wait);
  }

  /** Ordinary traffic, so that ways are learned and taken before the next thing happens. */
  #round(value: number): void {
    HOSTS.forEach((_, host) => {
      this.#send(host, host + 1);
      this.#kernels[host]?.sendIp(advert(value % 3), 'eth0');
      const from = value % 7 === 0 ? 9 : host + 1;
      this.#kernels[host]?.sendIp(
        advert(value % 3)
          .fill(10, 12, 13)
          .fill(from, 15, 16),
        'eth0',
      );
      this.#kernels[host]?.sendIp(this.#ping(host, value));
    });
    // Asked for by broadcast, answered by nobody.
    this.#sockets[value % 3]?.send(Uint8Array.of(1), ip('10.0.0.200'), 9);
    this.#pass(1);
  }

  /** To the next host, now and then to its second address, with an odd type, type of service or checksum. */
  #ping(host: number, value: number): Uint8Array {
    const target = value % 13 === 0 ? 9 : 1 + ((host + 1) % HOSTS.length);
    const packet = fromAnybody(echoRequest(ip4(`10.0.0.${target}`), value & 0xff, value % 90));
    if (value % 5 === 0) packet[1] = 0xb8;
    if (value % 17 === 0) packet[20 + (value % 2)] = 13;
    packet[22] = 0;
    packet[23] = 0;
    const checksum = internetChecksum(packet, 20, packet.length - 20);
    packet[22] = checksum >>> 8;
    packet[23] = value % 19 === 0 ? 0 : checksum & 0xff;
    return packet;
  }

  #pass(milliseconds: number): void {
    this.#now += milliseconds / 1000;
    this.#lan.runTo(this.#now);
  }

  /** Everything that an observer could tell apart. */
  outcome(): object {
    return {
      heard: this.#heard,
      frames: this.#lan.frames.map(({ at, from, frame }) => `${at} ${from} ${frame.join(',')}`),
      drops: this.#kernels.map((kernel) =>
        [...kernel.dropCounters()].sort(([x], [y]) => (x < y ? -1 : 1)),
      ),
      counters: this.#kernels.map((kernel) => ({ ...kernel.link('eth0')?.counters })),
      neighbours: this.#kernels.map((kernel) => kernel.neighbours()),
    };
  }

  /** Whether a short way was learned at all. */
  get short(): boolean {
    return !this.#hears && this.#kernels.some((kernel) => kernel.state.validPaths.length > 0);
  }

  #send(host: number, value: number): void {
    const target = [1, 2, 3, 3, 9][value % 5];
    const payload = new Uint8Array(value % 70).fill(value & 0xff);
    const error = this.#sockets[host]?.send(
      payload,
      ip(`10.0.0.${target}`),
      7 + (value % 11 === 0 ? 1 : 0),
    );
    if (error !== undefined) this.#heard.push(`${this.#now} ${HOSTS[host]} send: ${error}`);
  }

  #open(host: number): UdpSocket {
    const socket = this.#kernels[host]?.openUdp({
      family: 'inet',
      port: 7,
      onDatagram: ({ source, sourcePort, destination, payload, ttl, link }) => {
        const from = `${formatIp(source)}:${sourcePort} ${formatIp(destination)}`;
        this.#heard.push(
          `${this.#lan.engine.now} ${HOSTS[host]} ${from} ${ttl} ${link} ${payload}`,
        );
      },
      onError: (error) => this.#heard.push(`${this.#lan.engine.now} ${HOSTS[host]} ${error}`),
    });
    if (socket === undefined || typeof socket === 'string') throw new Error(`socket: ${socket}`);
    return socket;
  }

  #openRaw(host: number): () => void {
    const socket = this.#kernels[host]?.openRaw({
      family: 'inet',
      protocol: VRRP,
      onPacket: (bytes, at, link) =>
        this.#heard.push(
          `${this.#lan.engine.now} ${HOSTS[host]} raw ${link} ${bytes.subarray(at)}`,
        ),
    });
    if (socket === undefined || typeof socket === 'string') throw new Error(`socket: ${socket}`);
    return () => socket.close();
  }

  #toggle(name: string, open: () => () => unknown): void {
    const close = this.#closers.get(name);
    if (close === undefined) {
      this.#closers.set(name, open());
      return;
    }
    close();
    this.#closers.delete(name);
  }
}

/** A packet that leaves its source to the host. */
function fromAnybody(packet: Uint8Array): Uint8Array {
  return packet.fill(0, 12, 16);
}

/** Not a whole advert, but a packet of its protocol and group. */
function advert(vrid: number): Uint8Array {
  const packet = new Uint8Array(28);
  packet.set([0x45, 0xc0, 0, 28, 0, 0, 0, 0, 255, VRRP], 0);
  packet.set([224, 0, 0, 18], 16);
  packet.set([0x21, vrid, 100, 1], 20);
  return packet;
}

const step: fc.Arbitrary<Step> = fc.record({
  host: fc.integer({ min: 0, max: 2 }),
  what: fc.nat({ max: 199 }),
  value: fc.nat({ max: 199 }),
  wait: fc.constantFrom(0, 1, 1, 1, 20, 1500, 40_000),
});

describe('the short ways of packets', () => {
  test('whatever happens to three hosts, nothing tells that there are any', () => {
    let short = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        const [with_, without] = [new Life(false), new Life(true)];
        for (const one of steps) {
          with_.step(one);
          without.step(one);
          if (with_.short) short++;
        }
        expect(with_.outcome()).toEqual(without.outcome());
      }),
      { numRuns: 80, seed: 9 },
    );
    expect(short).toBeGreaterThan(500);
  }, 60_000);

  test('a steady conversation takes them, both ways, and an open AF_PACKET socket ends that', () => {
    const lan = makeSmallLan();
    const [a, b] = [
      lan.addHost('a', { address: '10.0.0.1/24' }),
      lan.addHost('b', { address: '10.0.0.2/24' }),
    ];
    let answers = 0;
    const server = b.openUdp({
      family: 'inet',
      port: 7,
      onDatagram: ({ payload, source, sourcePort }) =>
        typeof server !== 'string' && void server.send(payload, source, sourcePort),
    });
    const client = a.openUdp({ family: 'inet', onDatagram: () => answers++ });
    if (typeof client === 'string') throw new Error(client);
    for (let i = 1; i <= 5; i++) {
      client.send(Uint8Array.of(i), ip('10.0.0.2'), 7);
      lan.runTo(i / 100);
    }
    expect(answers).toBe(5);
    expect(a.state.linksByName.get('eth0')?.hostPath.valid).toBe(true);
    expect(b.state.linksByName.get('eth0')?.hostPath.valid).toBe(true);
    expect(a.state.validPaths.length).toBeGreaterThanOrEqual(2);
    const seen: string[] = [];
    a.openPacket({
      promiscuous: false,
      onFrame: (_frame, link, way) => seen.push(`${link} ${way}`),
    });
    expect(a.state.validPaths).toEqual([]);
    client.send(Uint8Array.of(6), ip('10.0.0.2'), 7);
    lan.runTo(0.06);
    expect(seen).toEqual(['eth0 out', 'eth0 in']);
  });

  test('a server that answers many in turn keeps a way to each, also while it asks for them again', () => {
    const lan = makeSmallLan();
    const server = lan.addHost('s', { address: '10.0.0.1/24' });
    const socket = server.openUdp({
      family: 'inet',
      port: 7,
      onDatagram: ({ payload, source, sourcePort }) =>
        typeof socket !== 'string' && void socket.send(payload, source, sourcePort),
    });
    const clients = [2, 3, 4].map((n) => {
      const kernel = lan.addHost(`c${n}`, { address: `10.0.0.${n}/24` });
      const client = kernel.openUdp({ family: 'inet', onDatagram: () => undefined });
      if (typeof client === 'string') throw new Error(client);
      return client;
    });
    const states = new Set<string>();
    for (let i = 1; i <= 800; i++) {
      for (const client of clients) client.send(Uint8Array.of(i), ip('10.0.0.1'), 7);
      lan.runTo(i / 10);
      if (i <= 5) continue;
      for (const { state } of server.neighbours()) states.add(state);
      // The way in, and one out to each client.
      expect(server.state.validPaths.length).toBeGreaterThanOrEqual(4);
    }
    expect([...states]).toEqual(expect.arrayContaining(['DELAY', 'REACHABLE']));
  });

  test('a ping that leaves its source to the host, and the answer, keep their ways', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24' });
    const b = lan.addHost('b', { address: '10.0.0.2/24' });
    for (let i = 1; i <= 5; i++) {
      a.sendIp(fromAnybody(echoRequest(ip4('10.0.0.2'), i)));
      lan.runTo(i / 100);
    }
    expect(a.state.rawPaths.lastPath?.valid).toBe(true);
    expect(b.state.echoPaths.lastPath?.valid).toBe(true);
    expect(a.state.validPaths.length + b.state.validPaths.length).toBeLessThan(6);
    expect(a.sendIp(fromAnybody(echoRequest(ip4('10.0.0.2'), 6, 1500)))).toBe('EMSGSIZE');
    b.setSysctl('net.ipv4.icmp_echo_ignore_all', '1');
    const before = lan.frames.length;
    a.sendIp(fromAnybody(echoRequest(ip4('10.0.0.2'), 6)));
    lan.runTo(0.06);
    expect(lan.frames.length).toBe(before + 1);
  });

  test('paths do not pile up while a socket changes its target', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24' });
    lan.addHost('b', { address: '10.0.0.2/24' });
    lan.addHost('c', { address: '10.0.0.3/24' });
    const socket = a.openUdp({ family: 'inet', onDatagram: () => undefined });
    if (typeof socket === 'string') throw new Error(socket);
    for (let i = 0; i < 100; i++) {
      for (const to of ['10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.3'])
        socket.send(Uint8Array.of(1), ip(to), 9);
      lan.runTo((i + 1) / 100);
    }
    expect(a.state.validPaths.length).toBeLessThan(6);
  });
});
