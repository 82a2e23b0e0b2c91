/**
 * IPv6 packets in pieces: cut by their sender, put together by their receiver, and what happens to those that never become
 * whole. What is expected of wrong ones was seen on Linux, whose kernel got the same pieces from a raw socket.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seconds, type TimeUs } from '../../../daemon/base/time.ts';
import { addressSum } from '../../../daemon/wire/checksum.ts';
import { encodeIcmpv6, icmpv6Length } from '../../../daemon/wire/icmpv6.ts';
import { readUint16, readUint32 } from '../../../daemon/wire/integers.ts';
import {
  encodeFragmentHeader,
  encodeIpv6Header,
  findIpv6Payload,
  readIpv6PayloadLength,
} from '../../../daemon/wire/ipv6.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';
import type { Datagram } from '../../../sim/kernel/socket-api.ts';
import { startRun } from '../../../sim/scenario/run.ts';
import { loadText } from '../scenario/load-text.ts';
import { ip, ip6, makeSmallLan } from './small-lan.ts';

const SENDER_PORT = 4000;
const A = '2001:db8::1';
const B = '2001:db8::2';
const AT = 54;

/** A piece of a packet: octets `from` to `to` of `data`. */
interface Piece {
  readonly data: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly more: boolean;
  readonly protocol?: number;
  /** What the header says instead of `from`. */
  readonly offset?: number;
}

function pair() {
  const lan = makeSmallLan();
  const a = lan.addHost('a', { address: `${A}/64`, ipv6: true });
  const b = lan.addHost('b', { address: `${B}/64`, ipv6: true });
  lan.runTo(5);
  return { lan, a, b };
}

/** An echo request of that many octets. */
function echo(size: number): Uint8Array {
  const payload = Uint8Array.from({ length: size - 8 }, (_, i) => i & 0xff);
  const message = { kind: 'echo-request', code: 0, identifier: 7, sequence: 1, payload } as const;
  const bytes = new Uint8Array(icmpv6Length(message));
  encodeIcmpv6(message, bytes, 0, addressSum(ip6(A), ip6(B)));
  return bytes;
}

function sendPiece(kernel: Kernel, piece: Piece, identification: number): void {
  const part = piece.data.subarray(piece.from, piece.to);
  const packet = new Uint8Array(48 + part.length);
  const header = { trafficClass: 0, flowLabel: 0, nextHeader: 44, hopLimit: 64 };
  const ends = { source: ip6(A), destination: ip6(B) };
  encodeIpv6Header({ ...header, ...ends, payloadLength: 8 + part.length }, packet, 0);
  const { more, offset = piece.from, protocol = 58 } = piece;
  encodeFragmentHeader({ nextHeader: protocol, offset, more, identification }, packet, 40);
  packet.set(part, 48);
  expect(kernel.sendIp(packet)).toBeUndefined();
}

/** What b says to pieces that a sends: `type/code at second`, with the parameter of errors. */
function answers(pieces: readonly Piece[], runTo = 10) {
  const { lan, a, b } = pair();
  const said: string[] = [];
  a.openRaw({
    family: 'inet6',
    protocol: 58,
    onPacket: (bytes, at) => {
      const type = bytes[at + 40] ?? 0;
      if (type >= 130 && type <= 143) return;
      const parameter = type < 128 ? ` ${readUint32(bytes, at + 44)}` : '';
      said.push(`${type}/${bytes[at + 41]}${parameter} at ${Math.floor(lan.engine.now / 1e6)}`);
    },
  });
  for (const piece of pieces) sendPiece(a, piece, 77);
  lan.runTo(runTo);
  const drops = [...b.dropCounters().keys()].filter((reason) => reason.startsWith('ipv6:frag'));
  return { said, drops };
}

const WHOLE = echo(1208);
const part = (from: number, to: number): Piece => ({
  data: WHOLE,
  from,
  to,
  more: to < WHOLE.length,
});
const [FIRST, MIDDLE, LAST] = [part(0, 400), part(400, 800), part(800, 1208)];
const ANSWERED = { said: ['129/0 at 5'], drops: [] };
const OVERLAP = { said: [], drops: ['ipv6:fragment-overlap'] };

describe('pieces', () => {
  test('are put together in any order, each once or twice', () => {
    const pieces = [FIRST, MIDDLE, LAST];
    const orders = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    fc.assert(
      fc.property(orders, fc.integer({ min: 0, max: 1 }), (order, again) => {
        const sent = order.map((i) => pieces[i] as Piece);
        sent.splice(2, 0, sent[again] as Piece);
        expect(answers(sent)).toEqual(ANSWERED);
      }),
      { numRuns: 12, seed: 4711 },
    );
  });

  test('that overlap take the packet with them', () => {
    expect(answers([FIRST, part(200, 600), MIDDLE, LAST])).toEqual(OVERLAP);
    // Neither is it whole when it repeats parts of two that did not come one behind the other.
    expect(answers([MIDDLE, FIRST, part(200, 600), LAST])).toEqual(OVERLAP);
  });

  test('that lie within what came one behind the other are repetitions', () => {
    expect(answers([FIRST, MIDDLE, part(200, 600), LAST])).toEqual(ANSWERED);
  });

  test('behind the end, a second end, and empty ones take the packet with them', () => {
    const behind: Piece = { data: new Uint8Array(1600), from: 1208, to: 1600, more: true };
    expect(answers([FIRST, LAST, behind, MIDDLE])).toEqual(OVERLAP);
    const nearer: Piece = { data: WHOLE, from: 400, to: 600, more: false };
    expect(answers([FIRST, LAST, nearer, MIDDLE])).toEqual(OVERLAP);
    const empty: Piece = { ...MIDDLE, to: 400 };
    expect(answers([FIRST, empty, LAST])).toEqual(OVERLAP);
  });

  test('that are not all there are given up after 60 s; of a first piece the sender hears', () => {
    const late = { said: [], drops: ['ipv6:fragment-timeout'] };
    expect(answers([FIRST, MIDDLE], 64)).toEqual({ said: [], drops: [] });
    // 60 s and what the kernel's timer wheel is coarser by at that distance.
    expect(answers([FIRST, MIDDLE], 70)).toEqual({ ...late, said: ['3/1 0 at 66'] });
    expect(answers([MIDDLE, LAST], 70)).toEqual(late);
  });

  test('with a length that no piece but the last may have: parameter problem at the length', () => {
    const odd: Piece = { ...FIRST, to: 404 };
    expect(answers([odd])).toEqual({ said: ['4/0 4 at 5'], drops: ['ipv6:fragment-too-long'] });
  });

  test('beyond 65,535 octets: parameter problem at the offset', () => {
    const far: Piece = { ...FIRST, to: 800, offset: 65_520 };
    expect(answers([far])).toEqual({ said: ['4/0 42 at 5'], drops: ['ipv6:fragment-too-long'] });
  });

  test.each([
    ['TCP', 6, 8],
    ['UDP', 17, 0],
    ['ICMPv6', 58, 0],
  ])('a first one without the whole header of %s: parameter problem 3', (_, protocol, to) => {
    const short: Piece = { ...FIRST, to, protocol };
    const { said, drops } = answers([short]);
    expect([said, drops]).toEqual([['4/3 0 at 5'], ['ipv6:fragment-incomplete-chain']]);
  });

  test('one that is the whole packet is no piece', () => {
    expect(answers([{ ...FIRST, to: WHOLE.length, more: false }])).toEqual(ANSWERED);
  });

  test('with ip6frag_time 5 wait 5 s, with ip6frag_high_thresh 0 not at all', () => {
    const { lan, a, b } = pair();
    b.setSysctl('net.ipv6.ip6frag_time', '5');
    sendPiece(a, FIRST, 1);
    lan.runTo(11);
    expect(b.dropCounters().get('ipv6:fragment-timeout')).toBe(1);
    b.setSysctl('net.ipv6.ip6frag_high_thresh', '0');
    for (const piece of [FIRST, MIDDLE, LAST]) sendPiece(a, piece, 2);
    lan.runTo(12);
    expect(b.dropCounters().get('ipv6:fragment-too-many')).toBe(3);
  });
});

/** Length, offset and flag of a piece of IPv6, or its protocol. */
function note(frame: Uint8Array, seen: string[]): void {
  if (readUint16(frame, 12) !== 0x86dd) return;
  const payload = findIpv6Payload(frame, 14);
  if (typeof payload === 'string' || payload.protocol === 58) return;
  const length = 40 + readIpv6PayloadLength(frame, 14);
  const field = readUint16(frame, AT + 2);
  seen.push(
    frame[20] === 44
      ? `${length} at ${field & 0xfff8}${(field & 1) === 0 ? '' : ' M'}`
      : `${length} of ${payload.protocol}`,
  );
}

describe('what is too big', () => {
  test('is cut by its sender: 1500, 1500, the rest; each packet has an identification of its own', () => {
    const { lan, a, b } = pair();
    const got: number[] = [];
    b.openUdp({ family: 'inet6', port: 9, onDatagram: ({ payload }) => got.push(payload.length) });
    const seen: string[] = [];
    const identifications = new Set<number>();
    lan.cable('a').tap(({ frame }) => {
      note(frame, seen);
      if (frame[20] === 44) identifications.add(readUint32(frame, AT + 4));
    });
    const socket = a.openUdp({ family: 'inet6', onDatagram: () => undefined });
    if (typeof socket === 'string') throw new Error(socket);
    for (const length of [1452, 1453, 4000]) socket.send(new Uint8Array(length), ip(B), 9);
    expect(socket.send(new Uint8Array(65_528), ip(B), 9)).toBe('EMSGSIZE');
    lan.runTo(6);
    expect(seen).toEqual([
      '1500 of 17',
      '1496 at 0 M',
      '61 at 1448',
      '1496 at 0 M',
      '1496 at 1448 M',
      '1160 at 2896',
    ]);
    expect(identifications.size).toBe(2);
    expect(got).toEqual([1452, 1453, 4000]);
  });

  test('a raw packet with a header of its own is not cut', () => {
    const { a } = pair();
    const packet = new Uint8Array(1501);
    const header = { trafficClass: 0, flowLabel: 0, nextHeader: 59, hopLimit: 64 };
    const ends = { source: ip6(A), destination: ip6(B), payloadLength: 1461 };
    encodeIpv6Header({ ...header, ...ends }, packet, 0);
    expect(a.sendIp(packet)).toBe('EMSGSIZE');
  });
});

const ROUTED = (family: 'inet' | 'inet6', mtu: number) => {
  const [a, ra, rb, b, router] =
    family === 'inet'
      ? ['10.0.0.1/24', '10.0.0.9/24', '10.9.0.9/24', '10.9.0.2/24', '10.0.0.9 10.9.0.9']
      : ['2001:db8::1/64', '2001:db8::9/64', '2001:db8:9::9/64', '2001:db8:9::2/64', ''];
  const [viaA, viaB] = router === '' ? ['2001:db8::9', '2001:db8:9::9'] : router.split(' ');
  const to = family === 'inet' ? '0.0.0.0/0' : '::/0';
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { sw1: {}, sw2: {} }
  hosts:
    a: { nics: { eth0: '${a}' }, routes: [{ to: '${to}', via: '${viaA}' }] }
    router:
      nics: { eth0: '${ra}', eth1: { address: '${rb}', mtu: ${mtu} } }
      sysctl: { net.ipv4.ip_forward: 1, net.ipv6.conf.all.forwarding: 1 }
    b: { nics: { eth0: { address: '${b}', mtu: ${mtu} } }, routes: [{ to: '${to}', via: '${viaB}' }] }
  cables:
    - [a:eth0, sw1:1]
    - [router:eth0, sw1:2]
    - [router:eth1, sw2:1]
    - [b:eth0, sw2:2]
`);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const run = startRun(scenario);
  const kernelOf = (name: string) => run.lan.hosts.get(name)?.kernel as Kernel;
  return {
    a: kernelOf('a'),
    b: kernelOf('b'),
    router: kernelOf('router'),
    target: ip((b ?? '').split('/')[0] ?? ''),
    runTo: (at: number) => run.advanceTo(seconds(at) as number as TimeUs),
  };
};

describe.each(['inet', 'inet6'] as const)('what a router said of the way, %s', (family) => {
  test('the socket hears of it, the next datagram is cut to it, and after ten minutes it is forgotten', () => {
    const { a, b, target, runTo } = ROUTED(family, 1300);
    runTo(5);
    const got: number[] = [];
    const errors: string[] = [];
    b.openUdp({ family, port: 9, onDatagram: ({ payload }) => got.push(payload.length) });
    const socket = a.openUdp({
      family,
      onDatagram: () => undefined,
      onError: (error) => errors.push(error),
    });
    if (typeof socket === 'string') throw new Error(socket);
    const send = (at: number) => {
      socket.send(new Uint8Array(1400), target, 9);
      runTo(at);
      return [got.length, errors.length, a.routeTo(target)?.mtu];
    };
    expect(send(6)).toEqual([0, 1, 1300]);
    expect(errors).toEqual(['EMSGSIZE']);
    expect(send(7)).toEqual([1, 1, 1300]);
    expect(got).toEqual([1400]);
    runTo(604);
    expect(a.routeTo(target)?.mtu).toBe(1300);
    runTo(606);
    expect(a.routeTo(target)?.mtu).toBe(1500);
    expect(send(607)).toEqual([1, 2, 1300]);
  });

  test('a new TCP connection begins with what a datagram has learned', () => {
    const { a, b, target, runTo } = ROUTED(family, 1300);
    runTo(5);
    b.listenTcp({ family, port: 80, onAccept: () => ({}) });
    const socket = a.openUdp({ family, onDatagram: () => undefined });
    if (typeof socket === 'string') throw new Error(socket);
    socket.send(new Uint8Array(1400), target, 9);
    runTo(6);
    const segments: number[] = [];
    b.openPacket({
      link: 'eth0',
      promiscuous: false,
      onFrame: (frame) => {
        const protocol = frame[family === 'inet' ? 23 : 20];
        if (protocol === 6) segments.push(frame.length - 14);
      },
    });
    const connection = a.connectTcp({
      address: target,
      port: 80,
      handlers: {
        onConnected: () =>
          void (connection as { send(b: Uint8Array): void }).send(new Uint8Array(4000)),
      },
    });
    if (typeof connection === 'string') throw new Error(connection);
    runTo(7);
    expect(Math.max(...segments)).toBe(1300);
  });
});

test.each([
  ['less than 1280 is not believed', 1279, 1500, true],
  ['1280 is', 1280, 1280, true],
  ['of a datagram that nobody here sent nothing is believed', 1280, 1500, false],
])('what a router says over IPv6: %s', (_, parameter, mtu, hasSender) => {
  const { lan, a, b } = pair();
  if (hasSender) a.openUdp({ family: 'inet6', port: SENDER_PORT, onDatagram: () => undefined });
  const quoted = new Uint8Array(48);
  const header = { trafficClass: 0, flowLabel: 0, nextHeader: 17, hopLimit: 64, payloadLength: 8 };
  encodeIpv6Header({ ...header, source: ip6(A), destination: ip6('2001:db8::77') }, quoted, 0);
  quoted.set([SENDER_PORT >> 8, SENDER_PORT & 0xff], 40);
  const message = { kind: 'packet-too-big', code: 0, parameter, quoted } as const;
  const packet = new Uint8Array(40 + icmpv6Length(message));
  const ends = { source: ip6(B), destination: ip6(A), payloadLength: packet.length - 40 };
  encodeIpv6Header({ ...header, nextHeader: 58, ...ends }, packet, 0);
  encodeIcmpv6(message, packet, 40, addressSum(ip6(B), ip6(A)));
  expect(b.sendIp(packet)).toBeUndefined();
  lan.runTo(6);
  expect(a.routeTo(ip('2001:db8::77'))?.mtu).toBe(mtu);
});

/** Director between: a virtual service of IPv6 over UDP, server on a link of its own MTU. */
describe('a director', () => {
  const lab = (method: 'dr' | 'nat') => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: `${A}/64`, ipv6: true });
    const director = lan.addHost('director', { address: `${B}/64`, ipv6: true });
    const server = lan.addHost('server', { address: '2001:db8::3/64', ipv6: true });
    const vip = '2001:db8::10';
    director.addAddress('eth0', { address: ip(vip), length: 128 });
    if (method === 'dr') server.addAddress('lo', { address: ip(vip), length: 128 });
    director.setSysctl('net.ipv6.conf.all.forwarding', '1');
    const key = { kind: 'address', protocol: 17, address: ip(vip), port: 9 } as const;
    director.ipvs.addService(key, { scheduler: 'rr', schedulerFlags: 0, onePacket: false });
    const place = { address: ip('2001:db8::3'), port: 9 };
    director.ipvs.addServer(key, place, { method, weight: 1 });
    if (method === 'nat') {
      server.addRoute(
        {
          family: 'inet6',
          destination: { address: ip(A), length: 128 },
          gateway: ip(B),
          link: 'eth0',
          table: 'main',
          type: 'unicast',
          protocol: 'static',
          scope: 'global',
          metric: 1024,
        },
        'add',
      );
    }
    lan.runTo(5);
    return { lan, client, director, server, vip: ip(vip) };
  };

  test.each(['dr', 'nat'] as const)(
    'by %s hands pieces on as large as they came, and answers',
    (method) => {
      const { lan, client, server, vip } = lab(method);
      const got: Datagram[] = [];
      const seen: string[] = [];
      const echoed = server.openUdp({
        family: 'inet6',
        port: 9,
        onDatagram: (one) => {
          got.push(one);
          if (typeof echoed === 'object') echoed.send(one.payload, one.source, one.sourcePort);
        },
      });
      lan.cable('server').tap(({ from, frame }) => {
        if (!String(from).startsWith('server')) note(frame, seen);
      });
      const answered: Datagram[] = [];
      const socket = client.openUdp({ family: 'inet6', onDatagram: (one) => answered.push(one) });
      if (typeof socket === 'string') throw new Error(socket);
      const payload = Uint8Array.from({ length: 3000 }, (_, i) => i & 0xff);
      socket.send(payload, vip, 9);
      lan.runTo(6);
      expect(seen).toEqual(['1496 at 0 M', '1496 at 1448 M', '160 at 2896']);
      expect(got.map((one) => one.payload)).toEqual([payload]);
      if (method === 'nat') {
        expect(answered.map((one) => one.source)).toEqual([vip]);
      }
      expect(answered.map((one) => one.payload)).toEqual([payload]);
    },
  );
});
