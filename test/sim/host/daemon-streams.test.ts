/** The daemon's TCP and ICMP sockets on the virtual kernel: every outcome as its event. */

import { expect, test } from 'vitest';
import type { StreamCommand } from '../../../daemon/core/commands.ts';
import type { StreamEvent } from '../../../daemon/core/events.ts';
import { decodeIcmp, encodeIcmp, icmpLength } from '../../../daemon/wire/icmp.ts';
import { decodeLatin1, encodeAscii } from '../../../daemon/wire/text.ts';
import { openDaemonEcho } from '../../../sim/host/daemon-echo.ts';
import { DaemonStreams } from '../../../sim/host/daemon-streams.ts';
import { MachineTimers } from '../../../sim/host/machine-timers.ts';
import { type Certificate, TlsSide } from '../../../sim/host/tls-model.ts';
import { bytes, ip, pair, serve } from '../kernel/tcp/tcp-lan.ts';

function stand() {
  const { lan, a, b } = pair();
  const events: string[] = [];
  const post = (event: StreamEvent) => {
    const detail =
      event.kind === 'stream-data'
        ? ` ${decodeLatin1(event.bytes)}`
        : event.kind === 'stream-failed'
          ? ` ${event.failure}`
          : '';
    events.push(`${event.id} ${event.kind.slice(7)}${detail}`);
  };
  const machine = { kernel: a, timers: new MachineTimers(lan.engine) };
  const streams = new DaemonStreams(machine, post, () => lan.engine.streams.named('a/tls'));
  const open = (id: number, address: string, port: number): StreamCommand => ({
    kind: 'stream-open',
    id,
    address: ip(address),
    port,
  });
  return { lan, a, b, events, streams, open };
}

test('a conversation: connected, data, closed by the peer, and nothing after', () => {
  const { lan, b, events, streams, open } = stand();
  serve(b, 25, (own) => ({
    onData() {
      own.socket.send(bytes('250 ok'));
      own.socket.close();
    },
  }));
  streams.run(open(1, '10.0.0.2', 25));
  expect(events).toEqual([]);
  lan.runTo(0.1);
  streams.run({ kind: 'stream-send', id: 1, bytes: encodeAscii('HELO') });
  lan.runTo(1);
  expect(events).toEqual(['1 connected', '1 data 250 ok', '1 closed']);
  streams.run({ kind: 'stream-send', id: 1, bytes: encodeAscii('?') });
  streams.run({ kind: 'stream-close', id: 1, abort: false });
  lan.runTo(2);
  expect(events).toHaveLength(3);
});

test('refused, unreachable, timed out, reset: each failure by its name', () => {
  const { lan, a, b, events, streams, open } = stand();
  const { accepted } = serve(b, 80);
  streams.run(open(1, '10.0.0.2', 81));
  streams.run(open(2, '10.0.0.9', 80));
  streams.run(open(3, '192.0.2.1', 80));
  a.setNeighbour('eth0', ip('10.0.0.8'), 0x02_00_00_00_00_77 as never, 'PERMANENT');
  streams.run(open(4, '10.0.0.8', 80));
  streams.run(open(5, '10.0.0.2', 80));
  lan.at(10, () => accepted[0]?.socket.abort());
  lan.runTo(200);
  expect(events).toEqual([
    '3 failed unreachable',
    '1 failed refused',
    '5 connected',
    '2 failed unreachable',
    '5 failed reset',
    '4 failed timed-out',
  ]);
});

test('a stream that the daemon closes says nothing any more, and closes at the peer', () => {
  const { lan, b, events, streams, open } = stand();
  const { accepted } = serve(b, 80);
  streams.run(open(1, '10.0.0.2', 80));
  streams.run(open(2, '10.0.0.2', 80));
  lan.runTo(1);
  streams.run({ kind: 'stream-close', id: 1, abort: true });
  streams.closeAll();
  lan.runTo(2);
  expect(events).toEqual(['1 connected', '2 connected']);
  expect(accepted.map((each) => each.events)).toEqual([['ECONNRESET'], ['closed']]);
});

test('a close that nobody acknowledges is told while SO_LINGER would keep it from returning', () => {
  const { lan, b, events, streams, open } = stand();
  serve(b, 80);
  streams.run(open(1, '10.0.0.2', 80));
  streams.run(open(2, '10.0.0.2', 80));
  lan.runTo(1);
  streams.run({ kind: 'stream-close', id: 1, abort: false });
  lan.runTo(2);
  expect(events).toEqual(['1 connected', '2 connected']);
  b.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 6 });
  streams.run({ kind: 'stream-close', id: 2, abort: false });
  lan.runTo(6.9);
  expect(events.slice(2)).toEqual(['2 lingers']);
  lan.runTo(7.1);
  expect(events.slice(2)).toEqual(['2 lingers', '2 lingered']);
});

test('ICMP echo: the whole message goes out and its answer comes in', () => {
  const { lan, a } = pair();
  const got: string[] = [];
  const echo = openDaemonEcho({
    kernel: a,
    family: 'inet',
    onMessage({ bytes: message, ttl }) {
      const read = decodeIcmp(message, 0, message.length);
      got.push(typeof read === 'string' ? read : `${read.kind} ttl ${ttl}`);
    },
  });
  if (typeof echo === 'string') throw new Error(echo);
  const payload = new Uint8Array(8);
  const request = { kind: 'echo-request', identifier: 1, sequence: 2, payload } as const;
  const message = new Uint8Array(icmpLength(request));
  encodeIcmp(request, message, 0);
  expect(echo.send(message, ip('10.0.0.2'))).toBeUndefined();
  expect(echo.send(message, ip('192.0.2.1'))).toBe('ENETUNREACH');
  lan.runTo(1);
  expect(got).toEqual(['echo-reply ttl 64']);
  echo.close();
});

test.each<[Certificate, string[]]>([
  ['trusted', ['1 connected', '1 data hello']],
  ['self-signed', ['1 connected', '1 data hello']],
  ['none', ['1 failed bad-certificate']],
])('TLS of keepalived, which verifies nothing, with certificate %s', (certificate, expected) => {
  const { lan, b, events, streams, open } = stand();
  const random = lan.engine.streams.named('b/tls');
  serve(b, 443, (own) => {
    const user = {
      send: (sent: Uint8Array) => void own.socket.send(sent),
      onReady: () => side.write(encodeAscii('hello')),
      onData: () => {},
      onFail: () => own.socket.abort(),
    };
    const side = new TlsSide('server', user, { random, certificate });
    return { onData: (got) => side.receive(got) };
  });
  streams.run({ ...open(1, '10.0.0.2', 443), tls: { serverName: 'www.lan' } } as StreamCommand);
  lan.runTo(1);
  expect(events).toEqual(expected);
});

test('TLS to a server that speaks none fails', () => {
  const { lan, b, events, streams, open } = stand();
  serve(b, 443, (own) => ({
    onData: () => own.socket.send(bytes('HTTP/1.1 400 Bad Request\r\n')),
  }));
  streams.run({ ...open(1, '10.0.0.2', 443), tls: {} } as StreamCommand);
  lan.runTo(1);
  expect(events).toEqual(['1 failed bad-certificate']);
});
