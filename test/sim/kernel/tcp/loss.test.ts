/** Lost, late and repeated segments: the stream stays whole, and the timing of what is sent again is Linux'. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DurationUs } from '../../../../daemon/base/time.ts';
import { TCP_SYN } from '../../../../daemon/wire/tcp.ts';
import type { Impairments } from '../../../../sim/lan/lan-api.ts';
import { icmpPacket, ip4 } from '../small-lan.ts';
import { bytes, connect, flagsText, pair, type Recorded, segmentsOf, serve } from './tcp-lan.ts';

/** A text in which every place is different enough that a lost or doubled piece shows. */
function pattern(length: number): string {
  let text = '';
  for (let i = 0; text.length < length; i++) text += `${i};`;
  return text.slice(0, length);
}

/** Sends text both ways over impaired cables and closes; returns both ends. */
function transfer(options: {
  seed: number;
  impairments: Impairments;
  up: number;
  down: number;
  sysctl?: Record<string, string>;
}): { client: Recorded; server: Recorded | undefined; lan: ReturnType<typeof pair>['lan'] } {
  const { lan, a, b } = pair({
    seed: options.seed,
    ...(options.sysctl === undefined ? {} : { sysctl: options.sysctl }),
  });
  const { accepted } = serve(b, 80, (own) => ({
    onClosed() {
      own.socket.send(bytes(pattern(options.down)));
      own.socket.close();
    },
  }));
  for (const name of ['a', 'b']) lan.cable(name).impair('both', options.impairments);
  const client = connect(a, '10.0.0.2', 80, {
    react: {
      onConnected() {
        client.socket.send(bytes(pattern(options.up)));
        client.socket.finish();
      },
      onClosed: () => client.socket.close(),
    },
  });
  lan.runTo(900);
  return { client, server: accepted[0], lan };
}

describe('a stream over bad cables', () => {
  test('arrives in order, each byte once, under random loss, duplication and reordering', () => {
    const chance = (most: number) =>
      fc.integer({ min: 0, max: most }).map((numerator) => ({ numerator, denominator: 100 }));
    const cases = fc.record({
      seed: fc.integer({ min: 1, max: 1_000_000 }),
      loss: chance(8),
      duplicate: chance(8),
      reorder: chance(20),
      jitter: fc.integer({ min: 0, max: 3000 }),
      up: fc.integer({ min: 0, max: 60_000 }),
      down: fc.integer({ min: 1, max: 60_000 }),
      sack: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ seed, loss, duplicate, reorder, jitter, up, down, sack }) => {
        const impairments = { loss, duplicate, reorder, jitter: jitter as DurationUs };
        const sysctl = { 'net.ipv4.tcp_sack': sack ? '1' : '0' };
        const { client, server } = transfer({ seed, impairments, up, down, sysctl });
        expect(server?.text).toBe(pattern(up));
        expect(client.text).toBe(pattern(down));
        expect(client.events).toEqual(['connected', 'closed']);
      }),
      { numRuns: 60, seed: 4711 },
    );
  });

  test('a corrupted segment is dropped for its checksum and sent again', () => {
    const corrupt = { numerator: 5, denominator: 100 };
    const { client, server } = transfer({
      seed: 3,
      impairments: { corrupt },
      up: 50_000,
      down: 50_000,
    });
    expect(server?.text).toBe(pattern(50_000));
    expect(client.text).toBe(pattern(50_000));
  });

  test('half a megabyte over a sound cable needs no segment twice and ends within 60 ms', () => {
    const { lan, a, b } = pair();
    const length = 524_288;
    serve(b, 80, (own) => ({
      onData() {
        own.socket.send(bytes(pattern(length)));
        own.socket.close();
      },
    }));
    let doneAt = 0;
    const client = connect(a, '10.0.0.2', 80, {
      react: {
        onConnected: () => client.socket.send(bytes('x')),
        onClosed() {
          doneAt = lan.engine.now;
          client.socket.close();
        },
      },
    });
    lan.runTo(2);
    expect(client.text).toBe(pattern(length));
    const numbers = segmentsOf(lan, 'b')
      .filter(({ segment }) => segment.payload.length > 0)
      .map(({ segment }) => segment.sequence);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(doneAt).toBeLessThan(60_000);
  });
});

describe('timers', () => {
  test('a SYN without an answer goes again after 1, 2, 4, 8, 16, 32 s and gives up after 127 s', () => {
    const { lan, a } = pair();
    a.setNeighbour('eth0', 0x0a000009 as never, 0x020000000099 as never, 'PERMANENT');
    const client = connect(a, '10.0.0.9', 80);
    lan.runTo(200);
    const syns = segmentsOf(lan, 'a').filter(({ segment }) => (segment.flags & TCP_SYN) !== 0);
    const times = syns.map(({ at }) => at / 1e6);
    expect(times).toHaveLength(7);
    const want = [0, 1, 3, 7, 15, 31, 63];
    for (const [i, at] of times.entries()) {
      const goal = want[i] ?? 0;
      expect(at).toBeGreaterThanOrEqual(goal);
      expect(at).toBeLessThan(goal * 1.05 + 0.01);
    }
    expect(client.events).toEqual(['ETIMEDOUT']);
    expect(a.tcpSockets()).toEqual([]);
  });

  test('data without an answer: tail loss probe, then doubling from 200 ms, and ETIMEDOUT after 924.6 s', () => {
    const { lan, a, b } = pair();
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.at(1, () => {
      lan.cable('b').impair('both', { muted: true });
      a.setNeighbour('eth0', 0x0a000002 as never, 0x020000000002 as never, 'PERMANENT');
      client.socket.send(bytes('hello'));
    });
    let goneAt = 0;
    lan.runTo(1.5);
    const sent = () => segmentsOf(lan, 'a').filter(({ segment }) => segment.payload.length > 0);
    for (let at = 2; at < 1200 && client.events.length < 2; at++) {
      lan.runTo(at);
      goneAt = at;
    }
    const times = sent().map(({ at }) => at / 1e6 - 1);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    const want = [0.2, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 120];
    for (const [i, gap] of want.entries()) {
      expect(gaps[i]).toBeGreaterThanOrEqual(gap);
      expect(gaps[i]).toBeLessThan(gap * 1.15 + 0.02);
    }
    expect(client.events).toEqual(['connected', 'ETIMEDOUT']);
    expect(goneAt).toBeGreaterThan(924);
    expect(goneAt).toBeLessThan(1100);
  });

  test('one lost segment in a flight is sent again after three duplicates, within a round trip', () => {
    const { lan, a, b } = pair();
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(0.5);
    let seen = 0;
    lan.cable('a').tap(({ frame }) => {
      if (frame.length > 1400) seen++;
      // The second full segment of the flight is lost on its way.
      const loss = { numerator: seen === 1 ? 1 : 0, denominator: 1 };
      lan.cable('a').impair('a-to-b', { loss });
    });
    const before = lan.engine.now;
    client.socket.send(bytes(pattern(10 * 1448)));
    lan.runTo(1);
    const data = segmentsOf(lan, 'a').filter(({ segment }) => segment.payload.length > 0);
    const counts = new Map<number, number>();
    for (const { segment } of data) {
      counts.set(segment.sequence, (counts.get(segment.sequence) ?? 0) + 1);
    }
    const twice = [...counts].filter(([, count]) => count > 1);
    expect(twice).toHaveLength(1);
    const again = data.filter(({ segment }) => segment.sequence === twice[0]?.[0]);
    expect((again[1]?.at ?? 0) - before).toBeLessThan(5000);
    const third = segmentsOf(lan, 'b').filter(({ segment }) =>
      segment.options.some((option) => option.kind === 'sack'),
    )[2];
    // Two cables of 10 us each lie between the third duplicate and who acts on it.
    expect((again[1]?.at ?? 0) - (third?.at ?? 0)).toBe(20);
  });

  test('a lone small segment in the middle of a conversation is acknowledged after 40 ms', () => {
    const { lan, a, b } = pair();
    serve(b, 80, (own) => ({ onData: () => own.socket.send(bytes('pong')) }));
    let asked = 0;
    // An answer that is followed at once by the next question makes a conversation of it.
    const client = connect(a, '10.0.0.2', 80, {
      react: { onData: () => asked++ < 2 && client.socket.send(bytes('ping')) },
    });
    lan.at(0.1, () => client.socket.send(bytes('ping')));
    lan.runTo(1);
    const rows = segmentsOf(lan).slice(-3);
    expect(rows.map(({ from, segment }) => `${from} ${flagsText(segment.flags)}`)).toEqual([
      'a P.',
      'b P.',
      'a .',
    ]);
    const [, answer, ack] = rows;
    expect((ack?.at ?? 0) - (answer?.at ?? 0)).toBeGreaterThanOrEqual(36_000);
    expect((ack?.at ?? 0) - (answer?.at ?? 0)).toBeLessThanOrEqual(48_000);
  });

  test('a SYN-ACK without an answer goes again after 1, 2, 4, 8, 16 s; the request is forgotten', () => {
    const { lan, a, b } = pair();
    serve(b, 80);
    lan.at(0.1, () => connect(a, '10.0.0.2', 80));
    // The client dies as soon as its SYN is on the wire.
    lan.cable('b').tap(({ frame }) => {
      if (frame[23] === 6) a.halt();
    });
    b.setNeighbour('eth0', 0x0a000001 as never, 0x020000000001 as never, 'PERMANENT');
    lan.runTo(100);
    const answers = segmentsOf(lan, 'b').map(({ at }) => at / 1e6 - 0.1);
    expect(answers).toHaveLength(6);
    for (const [i, goal] of [0, 1, 3, 7, 15, 31].entries()) {
      expect(answers[i]).toBeGreaterThanOrEqual(goal);
      expect(answers[i]).toBeLessThan(goal * 1.05 + 0.05);
    }
    expect(b.tcpSockets()).toHaveLength(1);
  });
});

describe('RFC 6069: a router says that the host cannot be reached', () => {
  /** Longest pause between two retransmissions of one segment in a minute, from the 20th second on. */
  const longestPause = (hears: boolean, code: number): number => {
    const { lan, a, b } = pair();
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    // Nobody answers, but each segment is told of: by b, in the name of a router.
    b.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 6 });
    if (!hears) a.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 1 });
    const before = lan.frames.length;
    client.socket.send(bytes('x'));
    for (let at = 1.5; at < 61; at += 0.5) {
      lan.at(at, () => {
        const last = segmentsOf(lan, 'a').at(-1);
        const frame = lan.frames.findLast(
          ({ from, frame }) => from === 'a' && frame[23] === 6,
        )?.frame;
        if (last === undefined || frame === undefined || lan.engine.now - last.at > 3.5e6) return;
        if (lan.engine.now - last.at < 3e6) return;
        const quoted = frame.subarray(14, 42);
        const message = { kind: 'destination-unreachable', code, nextHopMtu: 0, quoted } as const;
        b.sendIp(icmpPacket({ to: ip4('10.0.0.1'), message }));
      });
    }
    lan.runTo(61);
    const times = lan.frames
      .slice(before)
      .filter(({ from, frame }) => from === 'a' && frame[23] === 6)
      .map(({ at }) => at / 1e6)
      .filter((at) => at > 20);
    return Math.max(...times.map((at, nth) => at - (times[nth - 1] ?? at)));
  };

  // Linux 6.18, whose neighbour was gone, went on trying every 6.6 s. An error after 3.5 s halves 6.4 s, and the segment is due.
  test.each([
    ['host unreachable', true, 1, 3, 7.2],
    ['network unreachable', true, 0, 3, 7.2],
    ['port unreachable', true, 3, 25, 30],
    ['nothing', false, 1, 25, 30],
  ])('%s: the longest pause of a minute', (_, hears, code, least, most) => {
    const pause = longestPause(hears, code);
    expect(pause).toBeGreaterThan(least);
    expect(pause).toBeLessThan(most);
  });
});
