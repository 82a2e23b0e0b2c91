import { describe, expect, it } from 'vitest';
import { durationUs, timeUs } from '../../../daemon/base/time.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import type { Cable, CableOptions } from '../../../sim/lan/cable.ts';
import type { LanRunEvent } from '../../../sim/lan/lan-api.ts';
import { BROADCAST, frameTo, layCable, stationMac } from './lan-kit.ts';
import { Ear, itKeepsThePortContract, markedFrame, virtualPair } from './port-contract.ts';

interface Line {
  readonly engine: Engine;
  readonly cable: Cable;
  readonly earA: Ear;
  readonly earB: Ear;
  /** [time, mark] of each frame that end b heard. */
  readonly arrivals: [number, number][];
  run(us?: number): void;
}

function lay(change: Partial<CableOptions> = {}, seed = 1): Line {
  const engine = new Engine({ seed });
  const cable = layCable(engine, 'line', change);
  const [earA, earB] = [new Ear(), new Ear()];
  const arrivals: [number, number][] = [];
  earB.onHeard = (frame) => arrivals.push([engine.now, frame[59] as number]);
  cable.a.attach(earA);
  cable.b.attach(earB);
  const run = (us = 1_000_000) => void engine.runUntil(timeUs(engine.now + us));
  return { engine, cable, earA, earB, arrivals, run };
}

const RATE = { rateBitsPerSecond: 100_000_000, queueFrames: 3 };
const always = { numerator: 1, denominator: 1 };
const half = { numerator: 1, denominator: 2 };

describe('cable as a pair of ports', () => {
  const variants: readonly [string, Partial<CableOptions>][] = [
    ['plain', {}],
    ['with a rate', { rateBitsPerSecond: 1_000_000_000 }],
    ['hashing its frames', { traceNumber: 1 }],
  ];
  describe.each(variants)('%s', (_name, change) => {
    itKeepsThePortContract(() => {
      const { engine, cable } = lay(change);
      const setConnected = (on: boolean) => (on ? cable.replug() : cable.unplug());
      return virtualPair(engine, { a: cable.a, b: cable.b, setConnected });
    });
  });
  describe('tapped and with jitter', () => {
    itKeepsThePortContract(() => {
      const { engine, cable } = lay();
      cable.tap(() => {});
      cable.impair('both', { jitter: durationUs(500) });
      const setConnected = (on: boolean) => (on ? cable.replug() : cable.unplug());
      return virtualPair(engine, { a: cable.a, b: cable.b, setConnected });
    });
  });
});

describe('delay and rate', () => {
  it('a plain cable costs one event per frame and delays by exactly its delay', () => {
    const { engine, cable, arrivals, run } = lay({ delay: durationUs(250) });
    for (let i = 0; i < 10; i++) cable.a.send(markedFrame(i));
    run();
    expect(arrivals.map(([at]) => at)).toEqual(Array(10).fill(250));
    expect(engine.eventCount).toBe(10);
  });

  it('a rate spaces frames by their length on the wire, exactly, at one event each', () => {
    // 60 bytes and preamble, check sequence, gap are 84 bytes: 6.72 µs at 100 Mbit/s; without the gap 5.76.
    const { engine, cable, arrivals, run } = lay({ ...RATE, queueFrames: 1000 });
    for (let i = 0; i < 100; i++) cable.a.send(markedFrame(i));
    run();
    const expected = Array.from({ length: 100 }, (_, i) => Math.ceil(i * 6.72 + 5.76) + 1);
    expect(arrivals.map(([at]) => at)).toEqual(expected);
    expect(engine.eventCount).toBe(100);
  });

  it('drops what finds the queue full, and takes more as soon as one has left it', () => {
    const { cable, arrivals, run } = lay(RATE);
    // One is being sent, three wait.
    for (let i = 0; i < 6; i++) cable.a.send(markedFrame(i));
    expect(cable.a.lost.get('queue-full')).toBe(2);
    run(7);
    cable.a.send(markedFrame(6));
    cable.a.send(markedFrame(7));
    run();
    expect(arrivals.map(([, mark]) => mark)).toEqual([0, 1, 2, 3, 6]);
    expect(cable.a.lost.get('queue-full')).toBe(3);
  });

  it('directions do not share their rate', () => {
    const { cable, arrivals, earA, run } = lay(RATE);
    cable.a.send(markedFrame(1));
    cable.b.send(markedFrame(2));
    run(7);
    expect([arrivals.length, earA.frames.length]).toEqual([1, 1]);
  });

  it('loses frames longer than MTU and header; a VLAN tag is not counted', () => {
    const { cable, earB, run } = lay();
    const send = (length: number, tagged: boolean) => {
      const frame = frameTo(BROADCAST, stationMac(1), 0, length);
      if (tagged) frame.set([0x81, 0, 0, 5], 12);
      cable.a.send(frame);
    };
    send(1514, false);
    send(1515, false);
    send(1518, true);
    send(1519, true);
    run();
    expect(earB.frames.map((frame) => frame.length)).toEqual([1514, 1518]);
    expect(cable.a.lost.get('too-long')).toBe(2);
  });
});

describe('faults', () => {
  it('unplugged: both ends hear of it, and it is recorded', () => {
    const { engine, cable, earA, earB, run } = lay();
    run(100);
    cable.unplug();
    cable.unplug();
    run(100);
    cable.replug();
    run(100);
    expect([earA.carrier, earB.carrier]).toEqual([
      [false, true],
      [false, true],
    ]);
    const told = engine.log.events as LanRunEvent[];
    expect(told.map((e) => [e.at, e.node, e.kind, 'port' in e ? e.port : ''])).toEqual([
      [100, 'line', 'cable', ''],
      [100, 'a', 'carrier', 'a:eth0'],
      [100, 'b', 'carrier', 'b:eth0'],
      [200, 'line', 'cable', ''],
      [200, 'a', 'carrier', 'a:eth0'],
      [200, 'b', 'carrier', 'b:eth0'],
    ]);
  });

  it('unplugged and replugged in one moment: both ends hear of both', () => {
    const { cable, earB, arrivals, run } = lay();
    cable.a.send(markedFrame(1));
    cable.unplug();
    cable.replug();
    cable.a.send(markedFrame(2));
    run();
    expect(earB.carrier).toEqual([false, true]);
    expect(arrivals.map(([, mark]) => mark)).toEqual([2]);
  });

  it('no power or a disabled port at one end takes the carrier from both', () => {
    const { cable, earA, earB, run } = lay();
    cable.setEndPower('b', false);
    run();
    cable.b.setEnabled(false);
    cable.setEndPower('b', true);
    run();
    expect(cable.a.carrier).toBe(false);
    cable.b.setEnabled(true);
    run();
    expect([earA.carrier, earB.carrier]).toEqual([
      [false, true],
      [false, true],
    ]);
  });

  it('starts dark when an end has no power at first, and nobody is told', () => {
    const { cable, earA, run, engine } = lay({
      b: { id: 'b:eth0' as never, mac: stationMac(2), mtu: 1500, powered: false },
    });
    run();
    expect([cable.a.carrier, earA.carrier, engine.log.events]).toEqual([false, [], []]);
    cable.setEndPower('b', true);
    run();
    expect([cable.a.carrier, earA.carrier]).toEqual([true, [true]]);
  });

  it('silently dead: nothing passes and the carrier stays', () => {
    const { cable, earA, earB, run } = lay();
    cable.impair('both', { muted: true });
    cable.a.send(markedFrame(1));
    cable.b.send(markedFrame(2));
    run();
    expect([earA.frames, earB.frames, earA.carrier, earB.carrier]).toEqual([[], [], [], []]);
    cable.impair('both', { muted: undefined });
    cable.a.send(markedFrame(3));
    run();
    expect(earB.frames.length).toBe(1);
  });

  it('dead in one direction', () => {
    const { cable, earA, earB, run } = lay();
    cable.impair('a-to-b', { muted: true });
    cable.a.send(markedFrame(1));
    cable.b.send(markedFrame(2));
    run();
    expect([earA.frames.length, earB.frames.length]).toEqual([1, 0]);
    expect(cable.impairments).toEqual({ aToB: { muted: true }, bToA: {} });
  });

  it('impair changes what is given and leaves the rest, and tells when all is well again', () => {
    const { engine, cable } = lay();
    cable.impair('both', { loss: half, jitter: durationUs(5) });
    cable.impair('both', { loss: undefined });
    expect(cable.impairments.aToB).toEqual({ jitter: 5 });
    cable.impair('a-to-b', { jitter: undefined });
    cable.impair('b-to-a', { jitter: undefined });
    const changes = engine.log.events.map((event) => (event as { change?: string }).change);
    expect(changes).toEqual(['impaired', 'impaired', 'impaired', 'healed']);
  });

  it('loss takes about its share, by the cable’s own stream: same seed, same frames', () => {
    const marksOf = (seed: number) => {
      const { cable, arrivals, run } = lay({}, seed);
      cable.impair('both', { loss: { numerator: 1, denominator: 10 } });
      for (let i = 0; i < 2000; i++) cable.a.send(markedFrame(i % 256));
      run();
      expect(cable.a.lost.get('loss')).toBe(2000 - arrivals.length);
      return arrivals.map(([, mark]) => mark);
    };
    const [one, again, other] = [marksOf(1), marksOf(1), marksOf(2)];
    // 1800 expected, standard deviation 13.
    expect(one.length).toBeGreaterThan(1735);
    expect(one.length).toBeLessThan(1865);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('a loss of 0 draws nothing and of 1 loses all', () => {
    const { cable, engine, arrivals, run } = lay();
    const before = JSON.stringify(engine.streams.save());
    cable.impair('both', { loss: { numerator: 0, denominator: 100 } });
    for (let i = 0; i < 10; i++) cable.a.send(markedFrame(i));
    run();
    expect(arrivals.length).toBe(10);
    expect(JSON.stringify(engine.streams.save())).toBe(before);
    cable.impair('both', { loss: always });
    for (let i = 0; i < 10; i++) cable.a.send(markedFrame(i));
    run();
    expect(arrivals.length).toBe(10);
  });

  it('corruption flips one bit in a copy; the sender’s frame stays as it was', () => {
    const { cable, earB, run } = lay();
    cable.impair('both', { corrupt: always });
    const frame = markedFrame(9);
    const original = frame.slice();
    cable.a.send(frame);
    run();
    expect(frame).toEqual(original);
    const heard = earB.frames[0] as Uint8Array;
    let bits = 0;
    heard.forEach((byte, i) => {
      bits += (byte ^ (original[i] as number)).toString(2).replaceAll('0', '').length;
    });
    expect(bits).toBe(1);
  });

  it('duplication delivers a frame twice, in order', () => {
    const { cable, arrivals, run } = lay();
    cable.impair('a-to-b', { duplicate: always });
    cable.a.send(markedFrame(1));
    cable.a.send(markedFrame(2));
    run();
    expect(arrivals.map(([, mark]) => mark)).toEqual([1, 1, 2, 2]);
  });

  it('jitter delays within its bound and keeps the order', () => {
    const { cable, arrivals, run } = lay();
    cable.impair('a-to-b', { jitter: durationUs(1000) });
    for (let i = 0; i < 200; i++) {
      cable.a.send(markedFrame(i));
      run(10);
    }
    run();
    expect(arrivals.map(([, mark]) => mark)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    const delays = arrivals.map(([at], i) => at - i * 10);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1001);
    expect(Math.max(...delays)).toBeGreaterThan(800);
  });

  it('extra delay adds to the delay, at one event per frame', () => {
    const { cable, arrivals, engine, run } = lay();
    cable.impair('a-to-b', { extraDelay: durationUs(500) });
    cable.a.send(markedFrame(1));
    run();
    expect(arrivals).toEqual([[501, 1]]);
    expect(engine.eventCount).toBe(1);
  });

  it('reordering lets the next frame overtake, and holds the last one 10 ms at most', () => {
    const { cable, arrivals, run } = lay();
    cable.impair('a-to-b', { reorder: always });
    for (let i = 1; i <= 3; i++) {
      cable.a.send(markedFrame(i));
      run(100);
    }
    run();
    expect(arrivals).toEqual([
      [101, 2],
      [101, 1],
      [10_201, 3],
    ]);
  });

  it('a frame held for reordering is lost with the carrier', () => {
    const { cable, arrivals, run } = lay();
    cable.impair('a-to-b', { reorder: always });
    cable.a.send(markedFrame(1));
    cable.unplug();
    run();
    cable.replug();
    run();
    expect(arrivals).toEqual([]);
    expect(cable.a.lost.get('unplugged')).toBe(1);
  });
});

describe('listeners', () => {
  it('hear every frame when it is sent, and what becomes of it', () => {
    const { cable, run } = lay();
    const told: unknown[] = [];
    const stop = cable.tap(({ frame, ...rest }) => told.push({ ...rest, mark: frame[59] }));
    run(10);
    cable.a.send(markedFrame(1));
    cable.impair('b-to-a', { loss: always });
    cable.b.send(markedFrame(2));
    cable.unplug();
    cable.a.send(markedFrame(3));
    run();
    stop();
    cable.a.send(markedFrame(4));
    expect(told).toEqual([
      { at: 10, from: 'a:eth0', arrivesAt: 11, mark: 1 },
      { at: 10, from: 'b:eth0', lost: 'loss', mark: 2 },
      { at: 10, from: 'a:eth0', lost: 'unplugged', mark: 3 },
      { at: 11, from: 'a:eth0', lost: 'unplugged', late: true, mark: 1 },
    ]);
  });
});
