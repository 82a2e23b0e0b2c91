/** IPv4 packets in pieces: put together in any order, and what happens to those that never become whole. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seconds, type TimeUs } from '../../../daemon/base/time.ts';
import { internetChecksum } from '../../../daemon/wire/checksum.ts';
import { readUint16, writeUint16 } from '../../../daemon/wire/integers.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import type { Datagram } from '../../../sim/kernel/socket-api.ts';
import { startRun } from '../../../sim/scenario/run.ts';
import { loadText } from '../scenario/load-text.ts';
import { icmpPacket, ip4, makeSmallLan } from './small-lan.ts';

/** An echo request of that size in pieces of at most `most` octets of payload. */
function pieces(size: number, most: number): Uint8Array[] {
  const payload = Uint8Array.from({ length: size }, (_x, i) => (i * 7 + (i >> 8)) & 0xff);
  const whole = icmpPacket({
    to: ip4('10.0.0.2'),
    from: ip4('10.0.0.1'),
    message: { kind: 'echo-request', identifier: 7, sequence: 1, payload },
  });
  const body = whole.subarray(20);
  const cut: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += most) {
    const part = body.subarray(at, at + most);
    const packet = new Uint8Array(20 + part.length);
    packet.set(whole.subarray(0, 20));
    packet.set(part, 20);
    const more = at + most < body.length ? 0x2000 : 0;
    seal(packet, more | (at >> 3));
    cut.push(packet);
  }
  return cut;
}

function seal(packet: Uint8Array, flagsAndOffset: number): void {
  writeUint16(packet.length, packet, 2);
  writeUint16(flagsAndOffset, packet, 6);
  writeUint16(0, packet, 10);
  writeUint16(internetChecksum(packet, 0, 20), packet, 10);
}

/** Sends packets as they are from a to b and returns the echo replies' sizes. */
function exchange(packets: readonly Uint8Array[], runTo = 1, sysctl: Record<string, string> = {}) {
  const lan = makeSmallLan();
  const a = lan.addHost('a', { address: '10.0.0.1/24' });
  // A jumbo MTU lets b answer in one packet what came in several.
  const b = lan.addHost('b', { address: '10.0.0.2/24', mtu: 9000, sysctl });
  const heard: number[] = [];
  a.openRaw({
    family: 'inet',
    protocol: 1,
    onPacket: (bytes, at) => heard.push(bytes[at + 20] ?? -1),
  });
  const answers: number[] = [];
  lan.cable('b').tap(({ frame }) => {
    if (frame[23] === 1 && frame[34] === 0) answers.push(readUint16(frame, 16) - 28);
  });
  for (const packet of packets) sendWhole(a, packet);
  lan.runTo(runTo);
  return { b, answers, heard };
}

/** As sendIp, but the fragment fields survive. */
function sendWhole(kernel: Kernel, packet: Uint8Array): void {
  expect(kernel.sendIp(packet)).toBeUndefined();
}

describe('fragments', () => {
  test('are put together in any order, each piece once or twice', () => {
    const cut = pieces(3000, 800);
    expect(cut).toHaveLength(4);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        fc.integer({ min: 0, max: 3 }),
        (order, again) => {
          const packets = order.map((i) => cut[i] as Uint8Array);
          // A piece that comes again in front of the last missing one changes nothing.
          packets.splice(3, 0, packets[Math.min(again, 2)] as Uint8Array);
          expect(exchange(packets).answers).toEqual([3000]);
        },
      ),
      { numRuns: 30, seed: 4711 },
    );
  });

  test('that are not all there are given up after 30 s, and the sender hears of it', () => {
    const cut = pieces(3000, 800);
    const early = exchange(cut.slice(0, 3), 29);
    expect([early.answers, early.heard]).toEqual([[], []]);
    const late = exchange(cut.slice(0, 3), 35);
    expect(late.answers).toEqual([]);
    expect(late.heard).toEqual([11]);
    expect(late.b.dropCounters().get('ipv4:fragment-timeout')).toBe(1);
    const headless = exchange(cut.slice(1), 35);
    expect(headless.heard).toEqual([]);
  });

  test('ipfrag_time decides for how long, and with ipfrag_high_thresh 0 nothing is collected', () => {
    const cut = pieces(3000, 800);
    const short = { 'net.ipv4.ipfrag_time': '2' };
    expect(exchange(cut.slice(0, 3), 1.9, short).heard).toEqual([]);
    expect(exchange(cut.slice(0, 3), 4, short).heard).toEqual([11]);
    expect(exchange(cut).answers).toEqual([3000]);
    expect(exchange(cut, 1, { 'net.ipv4.ipfrag_high_thresh': '0' }).answers).toEqual([]);
  });

  test('that overlap take the packet with them', () => {
    const cut = pieces(3000, 800);
    const wrong = (cut[1] as Uint8Array).slice();
    seal(wrong, 0x2000 | (400 >> 3));
    const { b, answers } = exchange([cut[0] as Uint8Array, wrong, ...cut.slice(2)]);
    expect(answers).toEqual([]);
    expect(b.dropCounters().get('ipv4:fragment-overlap')).toBe(1);
  });

  test('of UDP reach the socket as one datagram', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24', mtu: 9000 });
    const b = lan.addHost('b', { address: '10.0.0.2/24' });
    const got: Datagram[] = [];
    const taken = b.openUdp({ family: 'inet', port: 9, onDatagram: (one) => got.push(one) });
    expect(typeof taken).toBe('object');
    const packet = new Uint8Array(20 + 8 + 2000).fill(5, 28);
    packet.set([0x45, 0, 0, 0, 0, 77, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.set([0, 7, 0, 9, 2008 >> 8, 2008 & 0xff, 0, 0], 20);
    for (const [from, to] of [
      [0, 1200],
      [1200, 2008],
    ] as const) {
      const part = new Uint8Array(20 + to - from);
      part.set(packet.subarray(0, 20));
      part.set(packet.subarray(20 + from, 20 + to), 20);
      seal(part, (to === 2008 ? 0 : 0x2000) | (from >> 3));
      sendWhole(a, part);
    }
    lan.runTo(1);
    expect(got.map((one) => one.payload.length)).toEqual([2000]);
    expect(got[0]?.payload.every((byte) => byte === 5)).toBe(true);
  });
});

describe('what is too big', () => {
  test('is cut by its sender, without DF; what fits has DF', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24' });
    const b = lan.addHost('b', { address: '10.0.0.2/24' });
    const got: number[] = [];
    b.openUdp({ family: 'inet', port: 9, onDatagram: ({ payload }) => got.push(payload.length) });
    const seen: string[] = [];
    lan.cable('a').tap(({ frame }) => noteUdp(frame, seen));
    const socket = a.openUdp({ family: 'inet', onDatagram: () => undefined });
    if (typeof socket === 'string') throw new Error(socket);
    for (const length of [1472, 1473, 4000])
      socket.send(new Uint8Array(length), ip4('10.0.0.2'), 9);
    lan.runTo(1);
    expect(seen).toEqual([
      '1500 at 0 DF',
      '1500 at 0 MF',
      '21 at 1480',
      '1500 at 0 MF',
      '1500 at 1480 MF',
      '1068 at 2960',
    ]);
    expect(got).toEqual([1472, 1473, 4000]);
  });

  test('is cut again by a router with a smaller MTU, and is whole at its end', () => {
    const { scenario } = loadText(`
jitter: none
lan:
  switches: { sw1: {}, sw2: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, routes: [{ to: default, via: 10.0.0.9 }] }
    router:
      nics: { eth0: 10.0.0.9/24, eth1: { address: 10.9.0.9/24, mtu: 600 } }
      sysctl: { net.ipv4.ip_forward: 1 }
    b: { nics: { eth0: { address: 10.9.0.2/24, mtu: 600 } }, routes: [{ to: default, via: 10.9.0.9 }] }
  cables:
    - [a:eth0, sw1:1]
    - [router:eth0, sw1:2]
    - [router:eth1, sw2:1]
    - [b:eth0, sw2:2]
`);
    if (scenario === undefined) throw new Error('no scenario');
    const run = startRun(scenario);
    const [a, b] = ['a', 'b'].map((name) => run.lan.hosts.get(name)?.kernel);
    const got: Datagram[] = [];
    const seen: string[] = [];
    b?.openPacket({
      link: 'eth0',
      promiscuous: false,
      onFrame: (frame) => noteUdp(frame, seen),
    });
    b?.openUdp({ family: 'inet', port: 9, onDatagram: (one) => got.push(one) });
    const socket = a?.openUdp({ family: 'inet', onDatagram: () => undefined });
    if (typeof socket !== 'object') throw new Error(socket);
    const payload = Uint8Array.from({ length: 2000 }, (_, i) => i & 0xff);
    socket.send(payload, ip4('10.9.0.2'), 9);
    run.advanceTo(seconds(1) as number as TimeUs);
    expect(seen).toEqual(['596 at 0 MF', '596 at 576 MF', '348 at 1152 MF', '548 at 1480']);
    expect(got.map((one) => one.payload)).toEqual([payload]);
  });
});

/** Length, offset, DF and MF of a piece of UDP. */
function noteUdp(frame: Uint8Array, seen: string[]): void {
  if (readUint16(frame, 12) !== 0x0800 || frame[23] !== 17) return;
  const field = readUint16(frame, 20);
  const flags = `${(field & 0x4000) === 0 ? '' : ' DF'}${(field & 0x2000) === 0 ? '' : ' MF'}`;
  seen.push(`${readUint16(frame, 16)} at ${(field & 0x1fff) * 8}${flags}`);
  expect(internetChecksum(frame, 14, 20)).toBe(0);
}
