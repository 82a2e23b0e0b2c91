import { describe, expect, it } from 'vitest';
import { durationUs, timeUs } from '../../../daemon/base/time.ts';
import { Capture, captureCable, capturePort } from '../../../sim/lan/capture.ts';
import { BROADCAST, StarLan } from './lan-kit.ts';
import { itKeepsThePortContract, markedFrame, virtualPair } from './port-contract.ts';

describe('captureCable', () => {
  it('keeps frames of both directions with time, sender and fate', () => {
    const lan = new StarLan(2);
    const capture = new Capture();
    captureCable(lan.station(1).cable, capture);
    lan.station(1).send(BROADCAST, 1);
    lan.run(100);
    lan.station(2).send(BROADCAST, 2);
    lan.run(100);
    lan.station(1).cable.impair('a-to-b', { muted: true });
    lan.station(1).send(BROADCAST, 3);
    expect(capture.frames.map(({ frame, ...rest }) => ({ ...rest, mark: frame[14] }))).toEqual([
      { at: 0, port: 'h1:eth0', direction: 'out', mark: 1 },
      { at: 101, port: 'sw1:1', direction: 'out', mark: 2 },
      { at: 200, port: 'h1:eth0', direction: 'out', lost: 'muted', mark: 3 },
    ]);
  });

  it('marks a frame that was on its way when the cable was pulled, once', () => {
    const lan = new StarLan(1);
    const capture = new Capture();
    captureCable(lan.station(1).cable, capture);
    lan.station(1).send(BROADCAST, 1);
    lan.station(1).cable.unplug();
    lan.run();
    expect(capture.frames.map(({ at, lost }) => [at, lost])).toEqual([[0, 'unplugged']]);
  });

  it('changes neither order nor number of events, nor the hash, not even of a flood', () => {
    const play = (captured: boolean) => {
      const lan = new StarLan(5);
      const capture = new Capture();
      if (captured) for (const { cable } of lan.stations) captureCable(cable, capture);
      const order: number[] = [];
      lan.stations.forEach((station, i) => {
        station.ear.onHeard = () => order.push(i);
      });
      lan.station(3).send(BROADCAST);
      lan.station(1).send(BROADCAST);
      lan.run();
      return { order, events: lan.engine.eventCount, hash: lan.engine.log.hash(), capture };
    };
    const [plain, captured] = [play(false), play(true)];
    expect(captured.capture.frames.length).toBe(10);
    expect({ ...captured, capture: 0 }).toEqual({ ...plain, capture: 0 });
  });

  it('keeps what its limits allow, then counts', () => {
    const lan = new StarLan(1);
    const [few, small] = [
      new Capture({ framesMax: 2, bytesMax: 1e9 }),
      new Capture({ framesMax: 1000, bytesMax: 150 }),
    ];
    captureCable(lan.station(1).cable, few);
    captureCable(lan.station(1).cable, small);
    for (let i = 0; i < 5; i++) lan.station(1).send(BROADCAST, i);
    expect([few.frames.length, few.omitted, few.full]).toEqual([2, 3, true]);
    expect([small.frames.length, small.omitted]).toEqual([2, 3]);
  });
});

describe('capturePort', () => {
  itKeepsThePortContract(() => {
    const lan = new StarLan(1, { kind: 'hub' });
    lan.addStation(2);
    const { engine } = lan;
    const [one, two] = [lan.station(1).cable, lan.station(2).cable];
    return virtualPair(engine, {
      a: capturePort(one.a, new Capture(), () => engine.now),
      b: two.a,
      setConnected: (on) => {
        lan.sw.setPower(on);
      },
    });
  });

  it('sees what a device sends and hears, as tcpdump on it would', () => {
    const lan = new StarLan(2);
    const { engine } = lan;
    const capture = new Capture();
    const port = capturePort(lan.station(1).cable.a, capture, () => engine.now);
    const frames: number[] = [];
    port.attach({
      onFrame: (frame) => frames.push(frame[14] as number),
      onCarrier: () => {},
    });
    port.send(markedFrame(1));
    engine.runUntil(timeUs(50));
    lan.station(2).send(BROADCAST, 7);
    engine.runUntil(timeUs(100));
    lan.station(1).cable.unplug();
    port.send(markedFrame(2));
    expect(frames).toEqual([7]);
    expect(capture.frames.map(({ frame: _, ...rest }) => rest)).toEqual([
      { at: 0, port: 'h1:eth0', direction: 'out' },
      { at: 52, port: 'h1:eth0', direction: 'in' },
      { at: 100, port: 'h1:eth0', direction: 'out', lost: 'no-carrier' },
    ]);
    expect(durationUs(1)).toBe(1);
  });
});
