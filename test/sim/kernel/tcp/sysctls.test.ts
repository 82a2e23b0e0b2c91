/** Each sysctl of TCP that a host can be given has its effect; the defaults are told by the other tests. */

import { describe, expect, test } from 'vitest';
import { addressSum } from '../../../../daemon/wire/checksum.ts';
import { encodeTcp, TCP_ACK, TCP_RST, TCP_SYN } from '../../../../daemon/wire/tcp.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { icmpPacket, ip4 } from '../small-lan.ts';
import {
  bytes,
  connect,
  flagsText,
  ip,
  pair,
  segmentOf,
  segmentsOf,
  sentBy,
  serve,
} from './tcp-lan.ts';

/** Sets one, which must be taken. */
function set(kernel: Kernel, name: string, value: number): void {
  expect(kernel.setSysctl(`net.${name}`, String(value)), name).toBe(true);
}

/** A host that hears nothing of TCP any more, though it is there for ARP. */
function deafen(kernel: Kernel): void {
  kernel.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 6 });
}

describe('who may come in', () => {
  test.each([
    [1, 2],
    [4096, 4],
  ])('core.somaxconn %i bounds the backlog that a program asks for', (value, connected) => {
    const { lan, a, b } = pair();
    set(b, 'core.somaxconn', value);
    serve(b, 80).listener.setAccepting(false);
    // One after the other: of those that shake hands at once, some would be answered by SYN cookies.
    const clients = [1, 2, 3, 4].map((nth) => {
      lan.runTo(nth / 10);
      return connect(a, '10.0.0.2', 80);
    });
    lan.runTo(0.5);
    expect(clients.filter(({ events }) => events.includes('connected'))).toHaveLength(connected);
  });

  test.each([
    [0, []],
    [1, ['ECONNRESET']],
  ])('tcp_abort_on_overflow %i: what a client hears whose place is gone', (value, heard) => {
    const { lan, a, b } = pair();
    set(b, 'ipv4.tcp_abort_on_overflow', value);
    serve(b, 80, undefined, { backlog: 1 }).listener.setAccepting(false);
    connect(a, '10.0.0.2', 80);
    lan.runTo(0.2);
    // One place is left for two that shake hands at the same time.
    const clients = [1, 2].map(() => connect(a, '10.0.0.2', 80));
    lan.runTo(0.5);
    expect(clients.map(({ events }) => events)).toEqual([['connected'], ['connected', ...heard]]);
  });

  /** How many of fourteen SYNs are answered whose sender never goes on; Linux 6.18 answered as many. */
  test.each([
    { cookies: 0, backlog: 4, most: 512, answered: 5 },
    { cookies: 0, backlog: 1, most: 512, answered: 2 },
    { cookies: 0, backlog: 0, most: 512, answered: 1 },
    { cookies: 0, backlog: 100, most: 1, answered: 2 },
    { cookies: 0, backlog: 100, most: 4, answered: 4 },
    { cookies: 0, backlog: 100, most: 8, answered: 7 },
    { cookies: 0, backlog: 100, most: 16, answered: 13 },
    { cookies: 1, backlog: 4, most: 512, answered: 14 },
    { cookies: 1, backlog: 100, most: 4, answered: 14 },
    { cookies: 2, backlog: 100, most: 512, answered: 14 },
  ])(
    'tcp_syncookies $cookies, backlog $backlog, tcp_max_syn_backlog $most: $answered answers',
    (row) => {
      const { lan, a, b } = pair();
      set(b, 'ipv4.tcp_syncookies', row.cookies);
      set(b, 'ipv4.tcp_max_syn_backlog', row.most);
      serve(b, 80, undefined, { backlog: row.backlog });
      deafen(a);
      for (let i = 0; i < 14; i++) connect(a, '10.0.0.2', 80);
      lan.runTo(0.5);
      expect(sentBy(lan, 'b')).toEqual(new Array(row.answered).fill('S.'));
    },
  );
});

describe('SYN cookies', () => {
  /** A server whose requests are all taken by a client that has gone deaf, and another client. */
  function crowded(cookies: number, sysctl: Record<string, string> = {}) {
    const { lan, a, b } = pair();
    set(b, 'ipv4.tcp_syncookies', cookies);
    const c = lan.addHost('c', { address: '10.0.0.3/24', sysctl });
    const server = serve(b, 80, undefined, { backlog: 1 });
    deafen(a);
    for (let i = 0; i < 8; i++) connect(a, '10.0.0.2', 80);
    lan.runTo(0.2);
    return { lan, b, c, server };
  }

  test.each([
    [0, []],
    [1, ['connected']],
  ])('tcp_syncookies %i: a client in the middle of a flood', (cookies, heard) => {
    const { lan, c } = crowded(cookies);
    const client = connect(c, '10.0.0.2', 80);
    lan.runTo(0.5);
    expect(client.events).toEqual(heard);
  });

  test.each([
    [{}, ['maximum-segment-size', 'sack-permitted', 'timestamps', 'window-scale']],
    [{ 'net.ipv4.tcp_timestamps': '0' }, ['maximum-segment-size']],
  ])('a client with %j: what of the options is left, and both sides agree', (sysctl, kinds) => {
    const { lan, c, server } = crowded(1, sysctl);
    const client = connect(c, '10.0.0.2', 80);
    lan.runTo(0.5);
    const answer = segmentsOf(lan, 'b').findLast(({ segment }) => (segment.flags & TCP_SYN) !== 0);
    const offered = answer?.segment.options.map(({ kind }) => kind) ?? [];
    expect(offered.filter((kind) => kind !== 'no-operation').sort()).toEqual(kinds);
    // More than a window without scale holds, both ways.
    const long = 'x'.repeat(300_000);
    client.socket.send(bytes(long));
    server.accepted[0]?.socket.send(bytes(long));
    lan.runTo(3);
    expect([client.text.length, server.accepted[0]?.text.length]).toEqual([300_000, 300_000]);
  });

  test('nothing is kept: a SYN-ACK that is lost is not sent again', () => {
    const { lan, b } = crowded(1);
    const answers = () => sentBy(lan, 'b').length;
    const before = answers();
    lan.runTo(0.9);
    expect([before, answers(), b.tcpSockets().length]).toEqual([8, 8, 3]);
  });

  test.each([
    [50, ['connected'], ['late']],
    [130, ['connected', 'ECONNRESET'], []],
  ])('a client whose third segment is lost and that goes on after %i s', (after, heard, read) => {
    const { lan, b, c, server } = crowded(1);
    const isAnswer = (frame: Uint8Array) => {
      const segment = segmentOf(frame);
      return segment?.destinationPort === 80 && segment.flags === TCP_ACK;
    };
    b.addLocalInputHook((frame) => lan.engine.now < after * 1e6 && isAnswer(frame));
    const client = connect(c, '10.0.0.2', 80);
    lan.runTo(after);
    expect([client.events, server.accepted.length]).toEqual([['connected'], 0]);
    client.socket.send(bytes('late'));
    lan.runTo(after + 0.1);
    expect(client.events).toEqual(heard);
    expect(server.accepted.map(({ text }) => text)).toEqual(read);
  });
});

describe('how often is tried', () => {
  test.each([
    [1, 0, [0, 1]],
    [2, 0, [0, 1, 3]],
    [1, 3, [0, 1, 2, 3, 4]],
  ])('tcp_syn_retries %i, tcp_syn_linear_timeouts %i', (retries, linear, wanted) => {
    const { lan, a, b } = pair();
    set(a, 'ipv4.tcp_syn_retries', retries);
    set(a, 'ipv4.tcp_syn_linear_timeouts', linear);
    deafen(b);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(60);
    const syns = segmentsOf(lan, 'a').filter(({ segment }) => (segment.flags & TCP_SYN) !== 0);
    expect(syns.map(({ at }) => Math.round(at / 1e6))).toEqual(wanted);
    expect(client.events).toEqual(['ETIMEDOUT']);
  });

  test('tcp_synack_retries: fewer answers to a client that has gone deaf', () => {
    const answers = (value: number): number => {
      const { lan, a, b } = pair();
      set(b, 'ipv4.tcp_synack_retries', value);
      set(a, 'ipv4.tcp_syn_retries', 1);
      serve(b, 80);
      deafen(a);
      connect(a, '10.0.0.2', 80);
      lan.runTo(100);
      return sentBy(lan, 'b').length;
    };
    // The repeated SYN is answered, too.
    expect([answers(1), answers(3)]).toEqual([3, 5]);
  });

  test('tcp_retries2 and tcp_orphan_retries: when a deaf peer is given up, by a program and without one', () => {
    const lasts = (name: string, value: number, isOrphan: boolean): number => {
      const { lan, a, b } = pair();
      set(a, name, value);
      serve(b, 80);
      const client = connect(a, '10.0.0.2', 80);
      lan.runTo(1);
      deafen(b);
      client.socket.send(bytes('x'));
      if (isOrphan) client.socket.close();
      for (let at = 2; at < 1500; at++) {
        lan.runTo(at);
        if (a.tcpSockets().length === 0) return at;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(lasts('ipv4.tcp_retries2', 3, false)).toBeLessThan(10);
    expect(lasts('ipv4.tcp_retries2', 15, false)).toBeGreaterThan(900);
    expect(lasts('ipv4.tcp_orphan_retries', 2, true)).toBeLessThan(8);
    expect(lasts('ipv4.tcp_orphan_retries', 0, true)).toBeGreaterThan(20);
  });

  test.each([
    [3, 3],
    [0, 2],
  ])('tcp_early_retrans %i: with the tail loss probe or without', (value, sent) => {
    const { lan, a, b } = pair();
    set(a, 'ipv4.tcp_early_retrans', value);
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    deafen(b);
    client.socket.send(bytes('hello'));
    lan.runTo(1.55);
    expect(sentBy(lan, 'a').filter((line) => line === 'P. 5')).toHaveLength(sent);
  });
});

describe('how long is waited', () => {
  test.each([
    [5, 7],
    [60, 70],
  ])('tcp_fin_timeout %i: FIN_WAIT2 without a program', (value, goneBy) => {
    const { lan, a, b } = pair();
    set(a, 'ipv4.tcp_fin_timeout', value);
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    client.socket.close();
    lan.runTo(value);
    expect(a.tcpSockets().map(({ state }) => state)).toEqual(['FIN_WAIT2']);
    lan.runTo(goneBy);
    expect(a.tcpSockets()).toEqual([]);
  });

  test('tcp_keepalive_time, _intvl and _probes', () => {
    const { lan, a, b } = pair();
    set(a, 'ipv4.tcp_keepalive_time', 100);
    set(a, 'ipv4.tcp_keepalive_intvl', 10);
    set(a, 'ipv4.tcp_keepalive_probes', 2);
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80, { keepAlive: true });
    lan.runTo(1);
    deafen(b);
    lan.runTo(300);
    const probes = segmentsOf(lan, 'a').filter(({ at }) => at > 5e6);
    const [first = 0, second = 0, last = 0] = probes.map(({ at }) => at / 1e6);
    // The timer wheel is coarser by up to an eighth; the last one is the reset.
    expect(probes).toHaveLength(3);
    expect([first >= 100, first < 113]).toEqual([true, true]);
    for (const gap of [second - first, last - second]) {
      expect([gap >= 9.9, gap < 11.5]).toEqual([true, true]);
    }
    expect(client.events).toEqual(['connected', 'ETIMEDOUT']);
  });
});

test.each([
  ['ipv4.tcp_timestamps', 'timestamps'],
  ['ipv4.tcp_sack', 'sack-permitted'],
  ['ipv4.tcp_window_scaling', 'window-scale'],
])('%s 0: the option is not offered', (name, kind) => {
  const offers = (value: number): boolean => {
    const { lan, a, b } = pair();
    set(a, name, value);
    serve(b, 80);
    connect(a, '10.0.0.2', 80);
    lan.runTo(0.1);
    return segmentsOf(lan, 'a')[0]?.segment.options.some((one) => one.kind === kind) ?? false;
  };
  expect([offers(1), offers(0)]).toEqual([true, false]);
});

describe('ip_no_pmtu_disc', () => {
  /** Whether each kind of packet of a host bears DF. */
  const marks = (value: number, when: 'before' | 'after') => {
    const { lan, a, b } = pair();
    if (when === 'before') set(a, 'ipv4.ip_no_pmtu_disc', value);
    serve(a, 81);
    const udp = a.openUdp({ family: 'inet', onDatagram: () => undefined });
    if (typeof udp === 'string') throw new Error(udp);
    if (when === 'after') set(a, 'ipv4.ip_no_pmtu_disc', value);
    const client = connect(b, '10.0.0.1', 81);
    connect(b, '10.0.0.1', 82);
    lan.runTo(0.1);
    client.socket.send(bytes('x'));
    udp.send(new Uint8Array(4), ip('10.0.0.2'), 99);
    connect(a, '10.0.0.2', 9);
    lan.runTo(1);
    const found = new Map<string, boolean>();
    for (const { from, frame } of lan.frames) {
      if (from !== 'a' || frame[12] !== 8 || frame[13] !== 0) continue;
      const tcp = segmentOf(frame);
      const kind = tcp === undefined ? (frame[23] === 17 ? 'udp' : '') : flagsText(tcp.flags);
      if (kind !== '') found.set(kind, ((frame[20] as number) & 0x40) !== 0);
    }
    return Object.fromEntries(found);
  };

  // As Linux 6.18 sends them: a SYN-ACK is small, a reset without a connection is of another socket.
  const all = { 'S.': true, '.': true, 'R.': true, S: true, udp: true };
  test.each([
    [0, all],
    [1, { ...all, '.': false, S: false, udp: false }],
    [2, { ...all, '.': false, S: false, udp: false }],
    [3, { ...all, '.': false, S: false, udp: false }],
  ])('%i: which packets of new sockets may not be cut', (value, wanted) => {
    expect(marks(value, 'before')).toEqual(wanted);
  });

  test('sockets that are there keep what they have', () => {
    expect(marks(1, 'after')).toEqual({ ...all, S: false });
  });

  test.each([
    [0, [1000, 1000]],
    [1, [552, 552]],
    [2, [undefined, undefined]],
    [3, [1000, undefined]],
  ])('%i: the MTU believed after "fragmentation needed" about TCP and UDP', (value, wanted) => {
    const believed = (protocol: number): number | undefined => {
      const { lan, a, b } = pair();
      set(a, 'ipv4.ip_no_pmtu_disc', value);
      b.addFirewallRule({ hook: 'input', verdict: 'drop', protocol });
      const udp = a.openUdp({ family: 'inet', onDatagram: () => undefined });
      if (typeof udp === 'string') throw new Error(udp);
      if (protocol === 17) udp.send(new Uint8Array(8), ip('10.0.0.2'), 9);
      else connect(a, '10.0.0.2', 80);
      lan.runTo(0.1);
      const quoted = lan.frames.find(({ frame }) => frame[12] === 8 && frame[13] === 0);
      if (quoted === undefined) throw new Error('nothing was sent');
      const code = 4;
      const message = { kind: 'destination-unreachable', code, nextHopMtu: 1000 } as const;
      const to = ip4('10.0.0.1');
      b.sendIp(icmpPacket({ to, message: { ...message, quoted: quoted.frame.subarray(14, 42) } }));
      lan.runTo(0.2);
      return a.state.pathMtus.get(ip('10.0.0.2'))?.mtu;
    };
    expect([believed(6), believed(17)]).toEqual(wanted);
  });
});

test.each([
  [0, []],
  [1, ['TIME_WAIT']],
])('tcp_rfc1337 %i: what a reset makes of TIME_WAIT', (value, left) => {
  const { lan, a, b } = pair();
  set(a, 'ipv4.tcp_rfc1337', value);
  serve(b, 80, (own) => ({ onClosed: () => own.socket.close() }));
  const client = connect(a, '10.0.0.2', 80);
  lan.runTo(0.5);
  client.socket.close();
  lan.runTo(1);
  expect(a.tcpSockets().map(({ state }) => state)).toEqual(['TIME_WAIT']);
  // The segment before the last, as a reset from an old life of the connection.
  const last = segmentsOf(lan, 'b').at(-1)?.segment;
  if (last === undefined) throw new Error('b said nothing');
  const { sourcePort, destinationPort, acknowledgement } = last;
  const sequence = segmentsOf(lan, 'a').at(-1)?.segment.acknowledgement ?? 0;
  const reset = { sourcePort, destinationPort, sequence, acknowledgement, flags: TCP_RST };
  const segment = { ...reset, window: 0, urgent: 0, options: [], payload: new Uint8Array(0) };
  const packet = new Uint8Array(40);
  packet.set([0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1]);
  encodeTcp(segment, packet, 20, addressSum(ip4('10.0.0.2'), ip4('10.0.0.1')));
  b.sendIp(packet);
  lan.runTo(1.5);
  expect(a.tcpSockets().map(({ state }) => state)).toEqual(left);
});

test.each([
  [1, 10],
  [0, 16],
])(
  'tcp_slow_start_after_idle %i: how many segments leave at once after a pause',
  (value, least) => {
    const { lan, a, b } = pair();
    set(a, 'ipv4.tcp_slow_start_after_idle', value);
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(0.1);
    client.socket.send(new Uint8Array(60_000));
    lan.runTo(10);
    const before = segmentsOf(lan, 'a').length;
    client.socket.send(new Uint8Array(60_000));
    // Before the first acknowledgement can be back.
    lan.runTo(10.00001);
    const flight = segmentsOf(lan, 'a').length - before;
    if (value === 1) expect(flight).toBe(least);
    else expect(flight).toBeGreaterThanOrEqual(least);
  },
);
