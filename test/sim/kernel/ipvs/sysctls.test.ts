/** Sysctls of net.ipv4.vs by their effect, with a NAT director between two networks. */

import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { ip, prefix } from '../small-lan.ts';
import { gateway, lab, TCP_SERVICE, VIP, WITH } from './nat-lab.ts';

const connect = (client: Kernel, port: number, heard: string[]) =>
  client.connectTcp({
    address: VIP,
    port: 80,
    from: { port },
    handlers: {
      onConnected: () => heard.push(`${port}`),
      onError: (error) => heard.push(`${port} ${error}`),
    },
  });

describe('drop_packet', () => {
  test.each([
    ['0', '10', ['40000', '40001', '40002', '40003', '40004', '40005']],
    ['1', '3', ['40000', '40001', '40002', '40003', '40004', '40005']],
    ['3', '3', ['40001', '40002', '40004', '40005']],
    ['3', '1', []],
  ])('%s with am_droprate %s: who comes in at once', (mode, rate, wanted) => {
    const { lan, client, server } = lab({ drop_packet: mode, am_droprate: rate });
    server.listenTcp({ family: 'inet', port: 80, onAccept: () => ({}) });
    const heard: string[] = [];
    for (let port = 40_000; port < 40_006; port++) connect(client, port, heard);
    lan.runTo(2);
    expect(heard).toEqual(wanted);
  });
});

test('modes that wait for want of memory go back to waiting at once', () => {
  const { director } = lab();
  const names = ['drop_entry', 'drop_packet', 'secure_tcp'].map((name) => `net.ipv4.vs.${name}`);
  const values = () => names.map((name) => director.sysctl(name));
  for (const name of names) director.setSysctl(name, '2');
  expect(values()).toEqual(['1', '1', '1']);
  expect(director.setSysctl('net.ipv4.vs.drop_entry', '4')).toBe(false);
});

describe('drop_entry', () => {
  /** Entries left of sixty whose handshake the server does not answer, and of established ones. */
  const left = (mode: string, seconds: number): readonly number[] => {
    const { lan, client, director, server } = lab({ drop_entry: mode });
    server.listenTcp({ family: 'inet', port: 80, onAccept: () => ({}) });
    const deaf = { hook: 'input', verdict: 'drop', protocol: 6 } as const;
    for (let port = 40_000; port < 40_060; port++) connect(client, port, []);
    lan.runTo(2);
    server.addFirewallRule(deaf);
    for (let port = 50_000; port < 50_060; port++) connect(client, port, []);
    // The SYNs are not sent again.
    lan.runTo(2.5);
    client.addFirewallRule({ ...deaf, hook: 'output' });
    lan.runTo(2 + seconds);
    const states = director.ipvs.connections().map(({ state }) => state);
    const count = (wanted: string) => states.filter((state) => state === wanted).length;
    return [count('SYN_RECV'), count('ESTABLISHED')];
  };

  test('3: handshakes without an answer, a thirty-second part of the table each second', () => {
    expect(left('0', 40)).toEqual([60, 60]);
    const [syns, established] = left('3', 40);
    // (31/32)^40 of sixty is seventeen.
    expect(syns).toBeGreaterThan(5);
    expect(syns).toBeLessThan(35);
    expect(established).toBe(60);
  });

  test('3: of established ones those that have been idle for a minute', () => {
    const [, established = 0] = left('3', 100);
    // Every second of those with two packets is spared: (63/64)^38 of sixty is thirty-three.
    expect(established).toBeGreaterThan(20);
    expect(established).toBeLessThan(50);
  });
});

test.each([
  ['0', 'ESTABLISHED'],
  ['3', 'SYN_RECV'],
])('secure_tcp %s: an acknowledgement without an answer of the server makes %s', (mode, state) => {
  const { lan, client, director } = lab({ secure_tcp: mode });
  const packet = (flags: number) => {
    const segment = new Uint8Array(20);
    segment.set([0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags]);
    const header = [0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 10, 0, 1, 10, 10, 0, 100];
    return Uint8Array.from([...header, ...segment]);
  };
  client.sendIp(packet(0x02));
  client.sendIp(packet(0x10));
  lan.runTo(2);
  expect(director.ipvs.connections().map((each) => each.state)).toEqual([state]);
});

test.each([
  ['0', '10.20.0.11', []],
  ['1', undefined, ['ECONNREFUSED']],
])('nat_icmp_send %s: a server speaks of a connection nobody knows', (value, source, heard) => {
  const { lan, client, server } = lab({ nat_icmp_send: value });
  const [atClient, errors]: [string[], string[]] = [[], []];
  const socket = server.openUdp({
    family: 'inet',
    port: 53,
    onDatagram: () => undefined,
    onError: (error) => errors.push(error),
  });
  client.openUdp({
    family: 'inet',
    port: 7000,
    onDatagram: (datagram) => atClient.push(`${datagram.source}`),
  });
  if (typeof socket === 'string') throw new Error(socket);
  socket.send(new Uint8Array(4), ip('10.10.0.1'), 7000);
  lan.runTo(2);
  expect(atClient).toEqual(source === undefined ? [] : [`${ip(source)}`]);
  expect(errors).toEqual(heard);
});

test.each([
  ['1', true],
  ['0', false],
])('run_estimation %s: whether `ipvsadm --stats` goes on', (value, moves) => {
  const { lan, client, director } = lab({ run_estimation: value });
  for (let port = 40_000; port < 40_003; port++) connect(client, port, []);
  lan.runTo(5);
  expect(director.ipvs.totals().connections).toBe(3);
  expect(director.ipvs.totals().seen.connections > 0).toBe(moves);
});

test.each([
  ['1', [8848]],
  ['4', [8848, 8849, 8850, 8851]],
])('sync_ports %s: each connection is announced on one of as many ports', (value, ports) => {
  const { lan, client, director, server } = lab({ sync_ports: value });
  server.listenTcp({ family: 'inet', port: 80, onAccept: () => ({}) });
  const backup = lan.addHost('backup', {
    address: '10.10.0.253/24',
    sysctl: { 'net.ipv4.vs.sync_ports': value },
  });
  backup.ipvs.addService(TCP_SERVICE, WITH);
  director.ipvs.startDaemon({ role: 'master', link: 'eth0', syncId: 0 });
  backup.ipvs.startDaemon({ role: 'backup', link: 'eth0', syncId: 0 });
  const sockets = Array.from({ length: 24 }, (_, nth) => connect(client, 40_000 + nth, []));
  for (let round = 0; round < 4; round++) {
    lan.runTo(2 + round / 10);
    for (const socket of sockets) if (typeof socket !== 'string') socket.send(new Uint8Array(5));
  }
  lan.runTo(8);
  const seen = new Set<number>();
  for (const { from, frame } of lan.frames) {
    const isUdp = from === 'director' && frame[12] === 8 && frame[23] === 17;
    if (isUdp) seen.add(((frame[36] as number) << 8) | (frame[37] as number));
  }
  expect([...seen].sort((a, b) => a - b)).toEqual(ports);
  expect(backup.ipvs.connections()).toHaveLength(24);
});

test('sync_ports is a power of two', () => {
  const { director } = lab();
  const taken = ['0', '3', '5', '2', '64'].map((value) =>
    director.setSysctl('net.ipv4.vs.sync_ports', value),
  );
  expect(taken).toEqual([false, false, false, true, true]);
});

test.each([
  ['1', true],
  ['0', false],
])('snat_reroute %s: whether an answer goes the way of its new source', (value, isRerouted) => {
  const { lan, client, director, server } = lab({ snat_reroute: value });
  server.listenTcp({ family: 'inet', port: 80, onAccept: () => ({}) });
  const sysctl = { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.send_redirects': '0' };
  lan.addHost('other', { address: '10.10.0.77/24', sysctl });
  gateway(director, '100', '10.10.0.77');
  const from = prefix('10.10.0.100/32');
  director.addRule({ family: 'inet', priority: 100, from, table: '100' });
  const heard: string[] = [];
  connect(client, 40_000, heard);
  lan.runTo(2);
  expect(heard).toEqual(['40000']);
  const passed = lan.frames.filter(({ from: host, frame }) => host === 'other' && frame[23] === 6);
  expect(passed.length > 0).toBe(isRerouted);
});
