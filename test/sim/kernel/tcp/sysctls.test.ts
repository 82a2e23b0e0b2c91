/** Each sysctl of TCP that a host can be given has its effect; the defaults are told by the other tests. */

import { describe, expect, test } from 'vitest';
import { TCP_SYN } from '../../../../daemon/wire/tcp.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import { bytes, connect, pair, segmentsOf, sentBy, serve } from './tcp-lan.ts';

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
    const clients = [1, 2, 3, 4].map(() => connect(a, '10.0.0.2', 80));
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

  test.each([
    [1, 1],
    [512, 3],
  ])('tcp_max_syn_backlog %i bounds the requests', (value, answered) => {
    const { lan, a, b } = pair();
    set(b, 'ipv4.tcp_max_syn_backlog', value);
    serve(b, 80);
    deafen(a);
    for (let i = 0; i < 3; i++) connect(a, '10.0.0.2', 80);
    lan.runTo(0.5);
    expect(sentBy(lan, 'b')).toEqual(new Array(answered).fill('S.'));
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
