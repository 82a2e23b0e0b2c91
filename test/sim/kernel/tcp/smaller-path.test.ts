/** "Fragmentation needed" in the middle of a connection. Source: tcp_simple_retransmit; recorded with drawn forwarding plans. */

import { expect, test } from 'vitest';
import { icmpPacket, ip4 } from '../small-lan.ts';
import { connect, pair, segmentsOf, serve } from './tcp-lan.ts';

const MTU = 1300;
/** Without IP and TCP header and timestamps. */
const MSS = MTU - 52;

function narrowed(bytes: number) {
  const { lan, a, b } = pair();
  const { accepted } = serve(b, 80);
  const client = connect(a, '10.0.0.2', 80);
  lan.runTo(0.5);
  lan.cable('b').unplug();
  const before = segmentsOf(lan, 'a').length;
  const text = Array.from({ length: bytes }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
  client.socket.send(new TextEncoder().encode(text));
  lan.runTo(0.501);
  lan.cable('b').replug();
  lan.runTo(0.502);
  const [first] = segmentsOf(lan, 'a').slice(before);
  const quoted = lan.frames.find(({ at, from }) => from === 'a' && at === first?.at)?.frame;
  if (quoted === undefined) throw new Error('nothing was sent');
  const kind = 'destination-unreachable' as const;
  const message = { kind, code: 4, nextHopMtu: MTU, quoted: quoted.subarray(14, 42) };
  const flight = segmentsOf(lan, 'a').slice(before);
  b.sendIp(icmpPacket({ to: ip4('10.0.0.1'), message }));
  lan.runTo(5);
  const later = segmentsOf(lan, 'a').slice(before + flight.length);
  const again = later.filter(({ at }) => at === later[0]?.at);
  const lengths = (all: typeof flight) => all.map(({ segment }) => segment.payload.length);
  return {
    flight: lengths(flight),
    again: lengths(again),
    isGapless: again.every(
      ({ segment }, i) =>
        i === 0 ||
        segment.sequence ===
          (again[i - 1]?.segment.sequence ?? 0) + (again[i - 1]?.segment.payload.length ?? 0),
    ),
    arrived: accepted[0]?.text === text,
  };
}

test('what was sent at one time is cut anew from its beginning, and goes again at once', () => {
  const { flight, again, isGapless, arrived } = narrowed(5000);
  expect(flight).toEqual([1448, 1448, 1448, 656]);
  expect(again).toEqual([MSS, MSS, MSS, MSS, 5000 - 4 * MSS]);
  expect([isGapless, arrived]).toEqual([true, true]);
});

test('no more of it than the congestion window lets; the rest follows', () => {
  const { flight, again, isGapless, arrived } = narrowed(14_480);
  expect(flight).toEqual(new Array(10).fill(1448));
  expect(again).toEqual(new Array(10).fill(MSS));
  expect([isGapless, arrived]).toEqual([true, true]);
});
