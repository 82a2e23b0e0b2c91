import { describe, expect, it } from 'vitest';
import { durationUs } from '../../../daemon/base/time.ts';
import { formatMac, macFromNumber } from '../../../daemon/wire/mac-address.ts';
import type { LanRunEvent } from '../../../sim/lan/lan-api.ts';
import { BROADCAST, frameTo, layCable, makeSwitch, StarLan, stationMac } from './lan-kit.ts';

const GROUP = macFromNumber(0x01005e000012);

function eventsOf(lan: StarLan, kind: LanRunEvent['kind']): LanRunEvent[] {
  return lan.engine.log.events.filter((event) => event.kind === kind) as LanRunEvent[];
}

function tableText(lan: StarLan): string[] {
  return lan.sw.table().map((entry) => `${formatMac(entry.mac).slice(-2)}@${entry.port}`);
}

describe('learning', () => {
  it('floods to everybody but the sender until it has learned, then sends to one port', () => {
    const lan = new StarLan(3);
    lan.station(1).send(stationMac(2), 1);
    lan.run();
    expect(lan.heard()).toEqual([[], [1], [1]]);
    lan.station(2).send(stationMac(1), 2);
    lan.run();
    expect(lan.heard()).toEqual([[2], [], []]);
    expect(tableText(lan)).toEqual(['01@1', '02@2']);
  });

  it('never sends a frame back where it came from', () => {
    const lan = new StarLan(2);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.heard();
    lan.station(1).send(stationMac(1), 9);
    lan.run();
    expect(lan.heard()).toEqual([[], []]);
  });

  it('floods a broadcast to 100 ports by one engine event', () => {
    const lan = new StarLan(100);
    const before = lan.engine.eventCount;
    lan.station(1).send(BROADCAST, 5);
    lan.run();
    expect(lan.heard().flat()).toEqual(Array(99).fill(5));
    expect(lan.engine.eventCount - before).toBe(2);
  });

  it('hands the very same buffer to every port', () => {
    const lan = new StarLan(3);
    const frame = frameTo(BROADCAST, stationMac(1));
    lan.station(1).cable.a.send(frame);
    lan.run();
    expect(lan.station(2).ear.frames[0]).toBe(frame);
    expect(lan.station(3).ear.frames[0]).toBe(frame);
  });

  it('forgets a silent station after the ageing time, exactly', () => {
    const heardWhenSentAfter = (us: number) => {
      const lan = new StarLan(3);
      lan.station(2).send(BROADCAST);
      lan.run(1);
      lan.run(us - 1);
      lan.heard();
      lan.station(1).send(stationMac(2), 1);
      lan.run();
      return lan.heard();
    };
    expect(heardWhenSentAfter(299_999_999)).toEqual([[], [1], []]);
    expect(heardWhenSentAfter(300_000_000)).toEqual([[], [1], [1]]);
  });

  it('keeps an entry alive as long as its station talks', () => {
    const lan = new StarLan(3);
    for (let i = 0; i < 5; i++) {
      lan.station(2).send(BROADCAST);
      lan.run(200_000_000);
    }
    lan.heard();
    lan.station(1).send(stationMac(2), 1);
    lan.run();
    expect(lan.heard()).toEqual([[], [1], []]);
    expect(lan.sw.table()[0]?.learnedAt).toBe(1);
  });

  it('follows a MAC that moves and records the move', () => {
    const lan = new StarLan(3);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.station(2).cable.a.send(frameTo(BROADCAST, stationMac(1)));
    lan.run();
    lan.heard();
    lan.station(3).send(stationMac(1), 4);
    lan.run();
    expect(lan.heard()).toEqual([[], [4], []]);
    expect(eventsOf(lan, 'mac-moved')).toEqual([
      { at: 1001, node: 'sw1', kind: 'mac-moved', mac: stationMac(1), from: '1', to: '2' },
    ]);
  });

  it('learns from no group address and from no empty one', () => {
    const lan = new StarLan(2);
    lan.station(1).cable.a.send(frameTo(BROADCAST, GROUP));
    lan.station(1).cable.a.send(frameTo(BROADCAST, macFromNumber(0)));
    lan.run();
    expect(lan.heard()).toEqual([[], []]);
    expect(lan.sw.table()).toEqual([]);
    expect(lan.sw.refusedFrames).toBe(2);
  });

  it('ends link-local control frames, as LACP and LLDP', () => {
    const lan = new StarLan(2);
    lan.station(1).send(macFromNumber(0x0180c200000e));
    lan.run();
    expect(lan.heard()).toEqual([[], []]);
  });

  it('passes VLAN tags through, of full-length frames too', () => {
    const lan = new StarLan(2);
    const frame = frameTo(BROADCAST, stationMac(1), 0, 1518);
    frame.set([0x81, 0x00, 0x00, 0x64], 12);
    lan.station(1).cable.a.send(frame);
    lan.run();
    expect(lan.station(2).ear.frames).toEqual([frame]);
  });

  it('forgets everything when its table is flushed', () => {
    const lan = new StarLan(3);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.sw.flushTable();
    expect(lan.sw.table()).toEqual([]);
    lan.heard();
    lan.station(2).send(stationMac(1), 1);
    lan.run();
    expect(lan.heard()).toEqual([[1], [], [1]]);
  });
});

describe('ports', () => {
  it('port down: both ends lose the carrier, and the table forgets the port', () => {
    const lan = new StarLan(3);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.sw.setPortUp('1', false);
    lan.run();
    expect(lan.station(1).ear.carrier).toEqual([false]);
    expect(lan.sw.ports[0]).toMatchObject({ name: '1', up: false, carrier: false });
    expect(tableText(lan)).toEqual([]);
    lan.sw.setPortUp('1', true);
    lan.run();
    expect(lan.station(1).ear.carrier).toEqual([false, true]);
    lan.heard();
    lan.station(2).send(BROADCAST, 6);
    lan.run();
    expect(lan.heard()).toEqual([[6], [], [6]]);
  });

  it('an unplugged cable makes the switch forget what it learned there', () => {
    const lan = new StarLan(3);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.station(1).cable.unplug();
    lan.run();
    expect(tableText(lan)).toEqual([]);
  });

  it('a blocked port passes nothing either way and keeps its carrier and its entries', () => {
    const lan = new StarLan(3);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.heard();
    lan.sw.setPortForwarding('1', false);
    lan.station(1).send(BROADCAST, 1);
    lan.station(2).send(BROADCAST, 2);
    lan.station(2).send(stationMac(1), 3);
    lan.run();
    expect(lan.heard()).toEqual([[], [], [2]]);
    expect(lan.station(1).ear.carrier).toEqual([]);
    expect(tableText(lan)).toContain('01@1');
    lan.sw.setPortForwarding('1', true);
    lan.station(2).send(stationMac(1), 4);
    lan.run();
    expect(lan.heard()).toEqual([[4], [], []]);
  });

  it('a detached port is forgotten, keeps its carrier and passes nothing', () => {
    const lan = new StarLan(3);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.heard();
    lan.sw.setPortDetached('1', true);
    lan.station(2).send(BROADCAST, 2);
    lan.run();
    expect(lan.heard()).toEqual([[], [], [2]]);
    expect(tableText(lan)).toEqual(['02@2']);
    expect(lan.station(1).ear.carrier).toEqual([]);
    expect(lan.sw.ports[0]?.detached).toBe(true);
  });

  it('a multicast filter stops groups and lets broadcasts and unicast through', () => {
    const lan = new StarLan(3);
    lan.sw.setMulticastDelivery('2', false);
    lan.station(1).send(GROUP, 1);
    lan.station(1).send(BROADCAST, 2);
    lan.station(1).send(stationMac(2), 3);
    lan.run();
    expect(lan.heard()).toEqual([[], [2, 3], [1, 2, 3]]);
    lan.station(2).send(GROUP, 4);
    lan.run();
    expect(lan.heard()).toEqual([[4], [], [4]]);
  });

  it('forwards only after the forward delay, counted from the carrier', () => {
    const lan = new StarLan(2, { forwardDelay: durationUs(30_000_000) });
    lan.run(29_999_990);
    lan.station(1).send(BROADCAST, 1);
    lan.run(5);
    expect(lan.heard()).toEqual([[], []]);
    expect(lan.sw.ports[0]?.forwarding).toBe(false);
    lan.run(10);
    lan.station(1).send(BROADCAST, 2);
    lan.run();
    expect(lan.heard()).toEqual([[], [2]]);
    lan.station(2).cable.unplug();
    lan.station(2).cable.replug();
    lan.run(20_000_000);
    lan.station(1).send(BROADCAST, 3);
    lan.run();
    expect(lan.heard()).toEqual([[], []]);
    lan.run(10_000_000);
    lan.station(1).send(BROADCAST, 4);
    lan.run();
    expect(lan.heard()).toEqual([[], [4]]);
  });

  it('refuses a second source MAC where a port may have one, and reports it once', () => {
    const lan = new StarLan(2, { macsPerPort: 1 });
    lan.station(1).send(BROADCAST, 1);
    lan.run();
    for (let i = 0; i < 3; i++) lan.station(1).cable.a.send(frameTo(BROADCAST, stationMac(77), 2));
    lan.station(1).send(BROADCAST, 3);
    lan.run();
    expect(lan.heard()).toEqual([[], [1, 3]]);
    expect(eventsOf(lan, 'switch')).toMatchObject([{ change: 'mac-limit', port: '1' }]);
  });

  it('drops frames to unknown MACs where told so, and never forgets a known one', () => {
    const lan = new StarLan(3, { dropsUnknown: true });
    lan.station(1).send(stationMac(2), 1);
    lan.station(2).send(BROADCAST, 2);
    lan.run();
    expect(lan.heard()).toEqual([[2], [], [2]]);
    lan.run(400_000_000);
    lan.station(1).send(stationMac(2), 3);
    lan.station(1).send(stationMac(77), 4);
    lan.run();
    expect(lan.heard()).toEqual([[], [3], []]);
  });

  it('copies the traffic of mirrored ports once to the mirror port, which sends nothing in', () => {
    const lan = new StarLan(4, { mirrors: [{ port: '4', of: ['1', '2'] }] });
    lan.station(1).send(BROADCAST, 1);
    lan.station(2).send(BROADCAST, 2);
    lan.run();
    lan.station(1).send(stationMac(2), 3);
    lan.station(4).send(BROADCAST, 4);
    lan.run();
    expect(lan.heard()).toEqual([[2], [1, 3], [1, 2], [1, 2, 3]]);
  });
});

describe('power', () => {
  it('a dead switch takes the carrier from all, and comes back with an empty table', () => {
    const lan = new StarLan(2);
    lan.station(1).send(BROADCAST);
    lan.run();
    lan.heard();
    lan.sw.setPower(false);
    lan.station(1).send(BROADCAST, 1);
    lan.run();
    expect(lan.heard()).toEqual([[], []]);
    expect(lan.stations.map((station) => station.ear.carrier)).toEqual([[false], [false]]);
    lan.sw.setPower(true);
    lan.run();
    expect(tableText(lan)).toEqual([]);
    lan.station(1).send(BROADCAST, 2);
    lan.run();
    expect(lan.heard()).toEqual([[], [2]]);
  });

  it('loses what was on its way out when the power went', () => {
    const lan = new StarLan(2);
    lan.station(1).send(BROADCAST, 1);
    lan.run(1);
    lan.sw.setPower(false);
    lan.run();
    expect(lan.heard()).toEqual([[], []]);
    expect(lan.station(2).cable.b.lost.get('no-carrier')).toBe(1);
  });
});

describe('hub', () => {
  it('repeats everything to everybody else and learns nothing', () => {
    const lan = new StarLan(3, { kind: 'hub' });
    lan.station(1).send(BROADCAST, 1);
    lan.run();
    lan.station(2).send(stationMac(1), 2);
    lan.run();
    expect(lan.heard()).toEqual([[2], [1], [1, 2]]);
    expect(lan.sw.table()).toEqual([]);
  });
});

describe('loops', () => {
  function twoSwitchesWithTwoTrunks(): StarLan & { second: ReturnType<typeof makeSwitch> } {
    const lan = new StarLan(2);
    const second = makeSwitch(lan.engine, 'sw2');
    for (const trunk of ['8', '9']) {
      const ends: [string, string] = [`sw1:${trunk}`, `sw2:${trunk}`];
      const cable = layCable(lan.engine, `trunk-${trunk}`, {}, ends);
      lan.sw.connect(trunk, cable.a);
      second.connect(trunk, cable.b);
    }
    return Object.assign(lan, { second });
  }

  it('storm: one broadcast into a loop is reported once, and the run goes quiet', () => {
    const lan = twoSwitchesWithTwoTrunks();
    lan.station(1).send(BROADCAST, 1);
    lan.run(10_000_000);
    expect(eventsOf(lan, 'storm').length).toBeGreaterThanOrEqual(1);
    expect(eventsOf(lan, 'storm').filter((event) => event.node === 'sw1').length).toBeLessThan(2);
    expect(lan.station(2).ear.frames.length).toBeGreaterThan(5);
    expect(lan.engine.queue.size).toBe(0);
    expect(lan.engine.eventCount).toBeLessThan(2000);
  });

  it('storm: a frame bounced between torn tables ends too', () => {
    const lan = twoSwitchesWithTwoTrunks();
    lan.station(1).send(BROADCAST, 1);
    lan.station(2).send(BROADCAST, 2);
    lan.run(1_000_000);
    for (let i = 0; i < 50; i++) {
      lan.station(1).send(stationMac(2), 3);
      lan.station(2).send(stationMac(1), 4);
      lan.run(1000);
    }
    expect(lan.engine.queue.size).toBe(0);
    expect(lan.engine.eventCount).toBeLessThan(50_000);
  });

  it('storm: after the loop is cut the LAN works again, and a new loop is reported anew', () => {
    const lan = twoSwitchesWithTwoTrunks();
    lan.station(1).send(BROADCAST, 1);
    lan.run(10_000);
    lan.sw.setPortUp('9', false);
    lan.run(1000);
    lan.heard();
    lan.station(1).send(BROADCAST, 2);
    lan.station(2).send(BROADCAST, 3);
    lan.run();
    expect(lan.heard()).toEqual([[3], [2]]);
    lan.sw.setPortUp('9', true);
    lan.run(1000);
    lan.station(1).send(BROADCAST, 4);
    lan.run(10_000);
    expect(eventsOf(lan, 'storm').filter((event) => event.node === 'sw1')).toHaveLength(2);
  });

  it('storm: the same seed gives the same hash', () => {
    const hashOf = () => {
      const lan = twoSwitchesWithTwoTrunks();
      lan.station(1).send(BROADCAST, 1);
      lan.run(1_000_000);
      return lan.engine.log.hash();
    };
    expect(hashOf()).toBe(hashOf());
  });
});

describe('mixed cables', () => {
  it('floods over impaired and limited cables one by one, each port once', () => {
    const lan = new StarLan(2);
    lan.addStation(3, { rateBitsPerSecond: 1_000_000_000 });
    lan.addStation(4, { delay: durationUs(500) });
    lan.station(2).cable.impair('both', { muted: true });
    lan.station(1).send(BROADCAST, 1);
    lan.run(100);
    expect(lan.heard()).toEqual([[], [], [1], []]);
    lan.run(1000);
    expect(lan.heard()).toEqual([[], [], [], [1]]);
    lan.station(2).cable.impair('both', { muted: undefined });
    lan.station(1).send(BROADCAST, 2);
    lan.run();
    expect(lan.heard()).toEqual([[], [2], [2], [2]]);
  });

  it('floods over cables of one rate by one engine event, too', () => {
    const lan = new StarLan(0);
    for (let n = 1; n <= 50; n++) lan.addStation(n, { rateBitsPerSecond: 1_000_000_000 });
    const before = lan.engine.eventCount;
    lan.station(1).send(BROADCAST, 5);
    lan.run();
    expect(lan.heard().flat()).toEqual(Array(49).fill(5));
    expect(lan.engine.eventCount - before).toBe(2);
  });

  it('a flood over lines of which some are busy arrives as frames sent one by one would', () => {
    const arrivalsWith = (prepare: (lan: StarLan) => void) => {
      const lan = new StarLan(0);
      for (let n = 1; n <= 5; n++) {
        lan.addStation(n, { rateBitsPerSecond: 10_000_000, queueFrames: 2 });
      }
      prepare(lan);
      const arrivals: string[] = [];
      lan.stations.forEach(({ ear }, i) => {
        ear.onHeard = (frame) => arrivals.push(`${lan.engine.now} h${i + 1} ${frame[14]}`);
      });
      lan.station(2).send(BROADCAST, 99);
      lan.run();
      arrivals.length = 0;
      for (let i = 0; i < 4; i++) {
        lan.station(1).cable.a.send(frameTo(stationMac(2), stationMac(1), i, 1000));
        lan.station(3).send(BROADCAST, 10 + i);
        lan.run(300);
      }
      lan.run(100_000);
      const lost = lan.stations.map(({ cable }) => cable.b.lost.get('queue-full') ?? 0);
      return { arrivals: arrivals.toSorted(), lost };
    };
    const together = arrivalsWith(() => {});
    // A loss of 0 loses nothing, but keeps every port by itself.
    const alone = arrivalsWith((lan) => {
      for (const { cable } of lan.stations) {
        cable.impair('b-to-a', { loss: { numerator: 0, denominator: 1 } });
      }
    });
    expect(together).toEqual(alone);
    expect(together.arrivals.length).toBeGreaterThan(10);
  });

  it('loses a flooded frame only where the port cannot take its length', () => {
    const lan = new StarLan(2);
    const small = lan.addStation(3, {
      a: { id: 'h3:eth0' as never, mac: stationMac(3), mtu: 576 },
    });
    lan.station(1).cable.a.send(frameTo(BROADCAST, stationMac(1), 1, 1000));
    lan.run();
    expect(lan.heard()).toEqual([[], [1], []]);
    expect(small.cable.b.lost.get('too-long')).toBe(1);
  });
});
