import { describe, expect, it } from 'vitest';
import type { FlightView } from '../../sim/session/protocol-rows.ts';
import { laneCells } from '../../ui/src/geometry/lane-cells.ts';
import {
  MOTIONS_MAX,
  type Motion,
  progressOf,
  scheduleFlights,
} from '../../ui/src/geometry/packet-motion.ts';
import { atEnd, rowWindow, scrollTo } from '../../ui/src/geometry/row-window.ts';
import { axisOver, barsOf, ticksOf, timeAt, xOf } from '../../ui/src/geometry/time-axis.ts';

describe('packets on the map', () => {
  it('start at once when nothing came before them', () => {
    const [motion] = schedule([flight({ packet: 1, cable: 'left' })]);
    expect(motion).toMatchObject({ startMs: 1000, endMs: 1400 });
  });

  it('wait for the packet that the switch received first', () => {
    const motions = schedule([
      flight({ packet: 2, cable: 'right', at: 108, fromEnd: 'b' }),
      flight({ packet: 1, cable: 'left', at: 100, arrivesAt: 105 }),
    ]);
    expect(motions.map((it) => [it.flight.packet, it.startMs])).toEqual([
      [1, 1000],
      [2, 1400],
    ]);
  });

  it('do not wait for what arrived at the same switch long before', () => {
    const motions = schedule([
      flight({ packet: 1, cable: 'left', at: 100, arrivesAt: 105 }),
      flight({ packet: 2, cable: 'right', at: 90_000, fromEnd: 'b' }),
    ]);
    expect(motions.map((it) => it.startMs)).toEqual([1000, 1000]);
  });

  it('are told once, however often the session repeats them', () => {
    const first = schedule([flight({ packet: 1, cable: 'left' })]);
    expect(schedule([flight({ packet: 1, cable: 'left' })], first)).toHaveLength(1);
  });

  it('stop half way when they are lost', () => {
    const [motion] = schedule([flight({ packet: 1, cable: 'left', lost: true })]);
    expect(motion?.endMs).toBe(1200);
    expect(progressOf(motion as Motion, 1199)).toBeCloseTo(0.5, 1);
    expect(progressOf(motion as Motion, 1200)).toBeUndefined();
  });

  it(`are at most ${MOTIONS_MAX} at once`, () => {
    const many = Array.from({ length: 500 }, (_, packet) => flight({ packet, cable: 'left' }));
    expect(schedule(many)).toHaveLength(MOTIONS_MAX);
  });
});

describe('the time axis', () => {
  const axis = axisOver({ endUs: 0, untilUs: 20_000_000, widthPx: 400 });

  it('covers the scenario before anything happened', () => {
    expect(axis).toMatchObject({ fromUs: 0, toUs: 20_000_000 });
  });

  it('maps moments to pixels and back', () => {
    expect(xOf(axis, 5_000_000)).toBe(100);
    expect(timeAt(axis, 100)).toBe(5_000_000);
    expect(timeAt(axis, -5)).toBe(0);
    expect(timeAt(axis, 9999)).toBe(20_000_000);
  });

  it('has round ticks that keep their distance', () => {
    expect(ticksOf(axis, 90)).toEqual([0, 5_000_000, 10_000_000, 15_000_000, 20_000_000]);
  });

  it('draws an open span up to now and nothing thinner than a pixel', () => {
    const spans = [
      { from: 0, to: 1_000_000, value: 'BACKUP' },
      { from: 1_000_000, to: 1_000_001, value: 'MASTER' },
      { from: 2_000_000, value: 'FAULT' },
    ];
    const bars = barsOf(axis, spans, 6_000_000);
    expect(bars.map(({ x, width, value }) => ({ x, width, value }))).toEqual([
      { x: 0, width: 20, value: 'BACKUP' },
      { x: 20, width: 1, value: 'MASTER' },
      { x: 40, width: 80, value: 'FAULT' },
    ]);
  });

  it('draws no span that has not begun', () => {
    expect(barsOf(axis, [{ from: 8_000_000, value: 'MASTER' }], 6_000_000)).toEqual([]);
  });
});

describe('time lanes', () => {
  const axis = axisOver({ endUs: 0, untilUs: 20_000_000, widthPx: 400 });
  const span = (host: string, vrid: number) =>
    ({ host, instance: 'VI', vrid, spans: [{ from: 0, value: 'MASTER' }] }) as const;

  it('stand in the order of the file and say a state with word and shape', () => {
    const lanes = { vrrp: [span('b', 1), span('a', 1)], vips: [], traffic: [], marks: [] };
    const rows = laneCells(lanes, { axis, nowUs: 5_000_000, order: ['a', 'b'] });
    expect(rows.map((row) => row.label)).toEqual(['a', 'b']);
    expect(rows[0]?.cells[0]).toMatchObject({ text: '▲ MASTER', look: 'state-MASTER', width: 100 });
  });

  it('name the VRID only where there is more than one, and two holders as two', () => {
    const vips = [{ address: '10.0.0.1', spans: [{ from: 0, value: ['a', 'b'] }] }];
    const lanes = { vrrp: [span('a', 2), span('a', 1)], vips, traffic: [], marks: [] };
    const rows = laneCells(lanes, { axis, nowUs: 5_000_000, order: ['a'] });
    expect(rows.map((row) => row.label)).toEqual(['a vrid 1', 'a vrid 2', '10.0.0.1']);
    expect(rows[2]?.cells[0]).toMatchObject({ text: 'a and b', look: 'double' });
  });
});

describe('long lists', () => {
  it('draw only what is in sight and a little around it', () => {
    const drawn = rowWindow(100_000, 24, { scrollTop: 24_000, height: 240 });
    expect(drawn).toEqual({ first: 992, end: 1018, offsetPx: 992 * 24 });
  });

  it('draw nothing of an empty list', () => {
    expect(rowWindow(0, 24, { scrollTop: 0, height: 240 })).toMatchObject({ first: 0, end: 0 });
  });

  it('follow the end only while it is in sight', () => {
    expect(atEnd(100, 24, { scrollTop: 2160, height: 240 })).toBe(true);
    expect(atEnd(100, 24, { scrollTop: 2000, height: 240 })).toBe(false);
  });

  it('scroll no further than needed', () => {
    const view = { scrollTop: 240, height: 240 };
    expect(scrollTo(12, 24, view)).toBe(240);
    expect(scrollTo(2, 24, view)).toBe(48);
    expect(scrollTo(20, 24, view)).toBe(264);
  });
});

const ENDS = new Map([
  ['left', { a: 'laptop', b: 'sw1' }],
  ['right', { a: 'srv-1', b: 'sw1' }],
]);

function schedule(flights: readonly FlightView[], moving: readonly Motion[] = []): Motion[] {
  return scheduleFlights({
    flights,
    moving,
    nowMs: 1000,
    hopMs: 400,
    endsOf: (cable) => ENDS.get(cable),
  });
}

function flight(change: Partial<FlightView> & { packet: number; cable: string }): FlightView {
  const base = { fromEnd: 'a', at: 100, arrivesAt: 105, protocol: 'ICMP' } as const;
  return { ...base, colour: 'icmp', lost: false, ...change };
}
