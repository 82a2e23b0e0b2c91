/**
 * What the client's neighbour table did in recordings of real Linux (kernel 6.18, HZ=250): the same
 * frames and pings at the same moments, with the kernel's ticks in the phase that the recording
 * shows. Times are seconds of the recording. The rows are `neigh.txt` and the ARP lines of
 * `timeline.txt`.
 */

import { expect, describe as group, test } from 'vitest';
import { confirmed, type Recording, replay } from './replayed-client.ts';

const N1 = '02:00:00:00:00:11';
const N2 = '02:00:00:00:00:12';

const RECORDINGS: readonly Recording[] = [
  {
    id: 'S01 cold start',
    // A PROBE falls on a multiple of 64 ticks: this gives the phase.
    probeAt: 8.3068,
    pingsFrom: 0.0191,
    end: 12,
    events: [{ at: 3.3028, do: 'take', by: 'n1' }],
    arps: [0.0191, 1.0428, 2.0668, 3.135, 8.3068],
    neighbours: [
      [3.0909, 'FAILED'],
      [3.3032, `lladdr ${N1} DELAY`],
      [8.3069, `lladdr ${N1} PROBE`],
      [8.307, `lladdr ${N1} REACHABLE`],
    ],
  },
  {
    id: 'S02 graceful stop',
    probeAt: 8.523,
    pingsFrom: 0.016,
    end: 16,
    events: [
      { at: 3.2757, do: 'take', by: 'n1' },
      { at: 8.43, do: 'give', by: 'n1' },
      { at: 9.0357, do: 'take', by: 'n2' },
    ],
    arps: [0.016, 1.039, 2.063, 3.1094, 8.523, 14.155],
    neighbours: [
      [3.0871, 'FAILED'],
      [3.2759, `lladdr ${N1} DELAY`],
      [8.5231, `lladdr ${N1} PROBE`],
      [9.0358, `lladdr ${N2} STALE`],
      [14.1551, `lladdr ${N2} PROBE`],
      [14.1551, `lladdr ${N2} REACHABLE`],
    ],
  },
  {
    id: 'S03a two owners, flush, first reply kept',
    probeAt: 8.5106,
    pingsFrom: 0.033,
    fastest: 'n2',
    end: 20,
    events: [
      { at: 3.3261, do: 'take', by: 'n1' },
      { at: 11.9386, do: 'take', by: 'n2' },
      { at: 13.0817, do: 'flush', by: 'client' },
      { at: 18.2462, do: 'give', by: 'n2' },
      { at: 18.2463, do: 'announce', by: 'n1' },
    ],
    arps: [0.033, 1.0546, 2.0786, 3.1428, 8.5106, 13.1066],
    neighbours: [
      [3.1027, 'FAILED'],
      [3.3263, `lladdr ${N1} DELAY`],
      [8.5107, `lladdr ${N1} PROBE`],
      [8.5107, `lladdr ${N1} REACHABLE`],
      [11.9387, `lladdr ${N2} STALE`],
      [13.0817, 'FAILED'],
      [13.0817, 'Deleted FAILED'],
      [13.1067, `lladdr ${N2} REACHABLE`],
      [18.2463, `lladdr ${N1} STALE`],
    ],
  },
  {
    id: 'S04a silent black hole after a healed partition',
    probeAt: 8.2772,
    pingsFrom: 0.011,
    end: 24,
    events: [
      { at: 3.2575, do: 'take', by: 'n1' },
      { at: 6.417, do: 'mute', by: 'n1' },
      { at: 9.8689, do: 'take', by: 'n2' },
      { at: 11.969, do: 'unmute', by: 'n1' },
      { at: 12.2, do: 'give', by: 'n2' },
    ],
    arps: [0.011, 1.0132, 2.0373, 3.0937, 8.2772, 9.3012, 14.9333, 15.9572, 16.9852, 18.0413],
    neighbours: [
      [3.0614, 'FAILED'],
      [3.2576, `lladdr ${N1} DELAY`],
      [8.2773, `lladdr ${N1} PROBE`],
      [9.8691, `lladdr ${N2} STALE`],
      [14.9333, `lladdr ${N2} PROBE`],
      [18.0093, 'FAILED'],
      [18.0453, `lladdr ${N1} REACHABLE`],
    ],
  },
  {
    id: 'S05 carrier loss at the master',
    probeAt: 8.3999,
    pingsFrom: 0.0169,
    end: 19.58,
    events: [
      { at: 3.2839, do: 'take', by: 'n1' },
      { at: 6.419, do: 'unplug', by: 'n1' },
      { at: 6.423, do: 'give', by: 'n1' },
      { at: 9.8947, do: 'take', by: 'n2' },
      { at: 11.109, do: 'replug', by: 'n1' },
      { at: 14.344, do: 'take', by: 'n1' },
      { at: 14.3441, do: 'give', by: 'n2' },
    ],
    arps: [0.0169, 1.0399, 2.0639, 3.1069, 8.3999, 9.4239, 19.4119],
    neighbours: [
      [3.088, 'FAILED'],
      [3.2841, `lladdr ${N1} DELAY`],
      [8.3999, `lladdr ${N1} PROBE`],
      [9.8948, `lladdr ${N2} STALE`],
      [14.344, `lladdr ${N1} STALE`],
      [19.412, `lladdr ${N1} PROBE`],
      [19.4121, `lladdr ${N1} REACHABLE`],
    ],
  },
];

/**
 * One tick, and the pinger's own unevenness where a moment hangs on the next ping (it slept 50..57
 * ms).
 */
const TICK = 0.008;
const PING_GAP = 0.058;

group('the client of a recording', () => {
  for (const recording of RECORDINGS) {
    test(`${recording.id}: neighbour states in order, each at its moment`, () => {
      const { neighbours } = replay(recording);
      expect(neighbours.map((line) => line.text)).toEqual(
        recording.neighbours.map(([, text]) => confirmed(text)),
      );
      for (const [index, [at, text]] of recording.neighbours.entries()) {
        const hangsOnPing = text.endsWith('REACHABLE');
        const got = neighbours[index]?.at ?? -1;
        expect(Math.abs(got - at), `${text} at ${got}, recorded ${at}`).toBeLessThan(
          hangsOnPing ? PING_GAP : TICK,
        );
      }
    });

    test(`${recording.id}: requests of the client, each at its moment`, () => {
      const { requests } = replay(recording);
      expect(requests.length).toBe(recording.arps.length);
      for (const [index, at] of recording.arps.entries()) {
        expect(Math.abs((requests[index] ?? -1) - at)).toBeLessThan(PING_GAP);
      }
    });
  }

  test('S01: a new owner asks for the client with the VIP as sender before its first reply', () => {
    const [first] = RECORDINGS;
    if (first === undefined) throw new Error('no recording');
    const { frames } = replay(first);
    const from = frames.findIndex((frame) => frame.from === 'n1' && frame.text.includes('who-has'));
    const asks = frames.filter(
      (frame) => frame.from === 'n1' && !/who-has .*100\.100 tell .*100\.100/.test(frame.text),
    );
    expect(from).toBeGreaterThanOrEqual(0);
    expect(asks[0]?.text).toBe(
      `${N1}>ff:ff:ff:ff:ff:ff who-has 192.168.100.50 tell 192.168.100.100`,
    );
    expect(asks[1]?.text).toBe(`${N1}>02:00:00:00:00:50 ip 192.168.100.100>192.168.100.50 proto 1`);
  });
});
