/** The congestion window grows when it is used, and only then. Source: tcp_is_cwnd_limited, tcp_cwnd_validate, tcp_init_transfer. */

import { expect, test } from 'vitest';
import { connect, pair, segmentsOf, serve } from './tcp-lan.ts';

const LARGE = new Uint8Array(60 * 1448);

/** Segments of data that go out at once when much is written after so many small writes or one large one. */
function flightAfter(
  before: (
    send: (bytes: Uint8Array) => void,
    at: (second: number, run: () => void) => void,
  ) => void,
) {
  const { lan, a, b } = pair();
  serve(b, 80);
  const client = connect(a, '10.0.0.2', 80);
  lan.runTo(0.5);
  before(
    (bytes) => client.socket.send(bytes),
    (second, run) => lan.at(second, run),
  );
  lan.runTo(0.9);
  lan.cable('b').unplug();
  const count = segmentsOf(lan, 'a').length;
  client.socket.send(LARGE);
  lan.runTo(0.901);
  return segmentsOf(lan, 'a').length - count;
}

test('the SYN counts for nothing: the first flight is ten segments', () => {
  expect(flightAfter(() => {})).toBe(10);
});

test('small writes, however many, do not make it larger', () => {
  const times = Array.from({ length: 30 }, (_, i) => 0.5 + i / 100);
  expect(
    flightAfter((send, at) => times.map((time) => at(time, () => send(new Uint8Array(10))))),
  ).toBe(10);
});

test('a flight that fills it does', () => {
  expect(flightAfter((send, at) => at(0.8, () => send(LARGE)))).toBeGreaterThan(20);
});
