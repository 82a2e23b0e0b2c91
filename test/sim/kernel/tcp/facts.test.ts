/** Linux' numbers that nothing else here asks for: TIME_WAIT, keepalive, segment size, window scaling. */

import { describe, expect, test } from 'vitest';
import type { IcmpMessage } from '../../../../daemon/wire/icmp.ts';
import { readUint32, writeUint32 } from '../../../../daemon/wire/integers.ts';
import { icmpPacket, ip4 } from '../small-lan.ts';
import { connect, makeSmallLan, pair, segmentsOf, serve } from './tcp-lan.ts';

test('TIME_WAIT lasts 60 s behind the last FIN, at the end that closed first', () => {
  const { lan, a, b } = pair();
  serve(b, 80, (own) => ({ onClosed: () => own.socket.close() }));
  const client = connect(a, '10.0.0.2', 80);
  lan.at(1, () => client.socket.close());
  lan.runTo(60.9);
  expect(a.tcpSockets().map(({ state }) => state)).toEqual(['TIME_WAIT']);
  expect(b.tcpSockets().map(({ state }) => state)).toEqual(['LISTEN']);
  // The timer wheel is coarser by up to an eighth.
  lan.runTo(68);
  expect(a.tcpSockets()).toEqual([]);
});

describe('keepalive', () => {
  const idle = (keepAlive: boolean, isDead: boolean) => {
    const { lan, a, b } = pair();
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80, { keepAlive });
    lan.at(2, () => isDead && lan.cable('b').unplug());
    lan.runTo(9000);
    const late = segmentsOf(lan, 'a').filter(({ at }) => at > 5e6);
    return { client, times: late.map(({ at }) => Math.round(at / 1e6)), late };
  };

  test('is off by default: two hours and more without a segment, even if the other end is gone', () => {
    const { client, times } = idle(false, true);
    expect([client.events, times]).toEqual([['connected'], []]);
  });

  test('asks after two hours; an answer puts it off by two more', () => {
    const { client, times, late } = idle(true, false);
    expect([client.events, times.length]).toEqual([['connected'], 1]);
    // The timer wheel is coarser by up to 131 s at that distance.
    expect(times[0]).toBeGreaterThanOrEqual(7200);
    expect(times[0]).toBeLessThanOrEqual(7332);
    // The octet before the next one, which the other end has: an acknowledgement is due.
    expect(late[0]?.segment.payload.length).toBe(0);
  });

  test('without an answer it asks nine times, 75 s apart, and gives up', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24' });
    const b = lan.addHost('b', { address: '10.0.0.2/24' });
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80, { keepAlive: true });
    // Still there for ARP, but deaf to this connection.
    lan.at(2, () => b.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 6 }));
    lan.runTo(9000);
    const probes = segmentsOf(lan, 'a').filter(({ at }) => at > 5e6);
    // The last segment is the reset that ends it.
    expect(probes).toHaveLength(10);
    const gaps = probes.slice(1, 9).map(({ at }, i) => (at - (probes[i]?.at ?? 0)) / 1e6);
    for (const gap of gaps) expect(Math.abs(gap - 75)).toBeLessThan(3);
    expect(client.events).toEqual(['connected', 'ETIMEDOUT']);
  });
});

describe('the largest segment', () => {
  const mss = (mtuOfA: number, mtuOfB: number) => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24', mtu: mtuOfA });
    const b = lan.addHost('b', { address: '10.0.0.2/24', mtu: mtuOfB });
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80, {
      react: { onConnected: () => client.socket.send(new Uint8Array(5000)) },
    });
    lan.runTo(1);
    const all = segmentsOf(lan);
    const told = all.slice(0, 2).flatMap(({ segment }) => segment.options);
    const most = Math.max(...all.map(({ segment }) => segment.payload.length));
    return [
      ...told.flatMap((one) => (one.kind === 'maximum-segment-size' ? [one.sizeBytes] : [])),
      most,
    ];
  };

  test.each([
    [1500, 1500, [1460, 1460, 1448]],
    [1400, 1500, [1360, 1460, 1348]],
    [1500, 1400, [1460, 1360, 1348]],
    [9000, 1500, [8960, 1460, 1448]],
  ])('of MTU %i to %i: what both say, and what is sent with timestamps', (a, b, expected) => {
    expect(mss(a, b)).toEqual(expected);
  });
});

describe('window scaling', () => {
  const windows = (onA: string, onB: string) => {
    const lan = makeSmallLan();
    const scaling = 'net.ipv4.tcp_window_scaling';
    const a = lan.addHost('a', { address: '10.0.0.1/24', sysctl: { [scaling]: onA } });
    const b = lan.addHost('b', { address: '10.0.0.2/24', sysctl: { [scaling]: onB } });
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80, {
      react: { onConnected: () => client.socket.send(new Uint8Array(300_000)) },
    });
    lan.runTo(2);
    const all = segmentsOf(lan);
    const isTold = all
      .slice(0, 2)
      .map(({ segment }) => segment.options.some(({ kind }) => kind === 'window-scale'));
    let inFlight = 0;
    let acknowledged = 0;
    for (const { from, segment } of all.slice(3)) {
      if (from === 'b') acknowledged = segment.acknowledgement;
      else if (acknowledged > 0) {
        const end = segment.sequence + segment.payload.length;
        inFlight = Math.max(inFlight, (end - acknowledged) >>> 0);
      }
    }
    return { isTold, inFlight };
  };

  test('is told by both, or used by nobody: then no more than 65,535 octets are on their way', () => {
    expect(windows('1', '1').isTold).toEqual([true, true]);
    expect(windows('0', '1').isTold).toEqual([false, false]);
    const { isTold, inFlight } = windows('1', '0');
    expect(isTold).toEqual([true, false]);
    expect(inFlight).toBeLessThanOrEqual(65_535);
    expect(windows('1', '1').inFlight).toBeGreaterThan(65_535);
  });
});

test.each([
  ['that is on its way', 0, ['EHOSTUNREACH']],
  ['that never was', 1000, []],
])('an ICMP error about a segment %s', (_, later, expected) => {
  const { client, quoted, tell } = unansweredSyn();
  writeUint32((readUint32(quoted, 24) + later) >>> 0, quoted, 24);
  tell({ kind: 'destination-unreachable', code: 1, nextHopMtu: 0, quoted });
  expect(client.events).toEqual(expected);
});

// Linux' icmp_err_convert, read from 6.1; the third is recorded in forwarding-own/tun/tun-gre.
test.each([
  [0, 'ENETUNREACH'],
  [1, 'EHOSTUNREACH'],
  [2, 'ENOPROTOOPT'],
  [3, 'ECONNREFUSED'],
  [5, 'EOPNOTSUPP'],
  [6, 'ENETUNREACH'],
  [7, 'EHOSTDOWN'],
  [8, 'ENONET'],
  [9, 'ENETUNREACH'],
  [10, 'EHOSTUNREACH'],
  [11, 'ENETUNREACH'],
  [12, 'EHOSTUNREACH'],
  [13, 'EHOSTUNREACH'],
  [14, 'EHOSTUNREACH'],
  [15, 'EHOSTUNREACH'],
])('"destination unreachable" of code %i ends a handshake with %s', (code, expected) => {
  const { client, quoted, tell } = unansweredSyn();
  tell({ kind: 'destination-unreachable', code, nextHopMtu: 0, quoted });
  expect(client.events).toEqual([expected]);
});

test('neither an unknown code nor "fragmentation needed" ends a handshake', () => {
  const { client, quoted, tell } = unansweredSyn();
  tell({ kind: 'destination-unreachable', code: 16, nextHopMtu: 0, quoted });
  tell({ kind: 'destination-unreachable', code: 4, nextHopMtu: 1400, quoted });
  expect(client.events).toEqual([]);
});

test('"time exceeded" and "parameter problem" end a handshake', () => {
  const exceeded = unansweredSyn();
  exceeded.tell({ kind: 'time-exceeded', code: 0, quoted: exceeded.quoted });
  expect(exceeded.client.events).toEqual(['EHOSTUNREACH']);
  const problem = unansweredSyn();
  problem.tell({ kind: 'parameter-problem', code: 0, pointer: 8, quoted: problem.quoted });
  expect(problem.client.events).toEqual(['EPROTO']);
});

/** A client whose SYN was lost, and an ICMP message from the host that it is for. */
function unansweredSyn() {
  const { lan, a, b } = pair();
  b.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 6 });
  const client = connect(a, '10.0.0.2', 80);
  lan.runTo(0.5);
  const syn = lan.frames.find(({ from, frame }) => from === 'a' && frame[23] === 6)?.frame;
  if (syn === undefined) throw new Error('no SYN');
  const tell = (message: IcmpMessage) => {
    b.sendIp(icmpPacket({ to: ip4('10.0.0.1'), from: ip4('10.0.0.2'), message }));
    lan.runTo(0.9);
  };
  return { client, quoted: syn.slice(14), tell };
}
