import { describe, expect, it } from 'vitest';
import {
  CHANGE_TO_EXCLUDE,
  CHANGE_TO_INCLUDE,
  decodeIgmp,
  encodeIgmp,
  type IgmpMessage,
  igmpLength,
} from '../../../daemon/wire/igmp.ts';
import { encodeIpv4Header, NO_OPTIONS } from '../../../daemon/wire/ipv4.ts';
import {
  type Ipv4Address,
  ipv4FromNumber,
  multicastMacOfIpv4,
  parseIpv4,
} from '../../../daemon/wire/ipv4-address.ts';
import { writeMac } from '../../../daemon/wire/mac-address.ts';
import { StarLan, stationMac } from './lan-kit.ts';

const VRRP_GROUP = parseIpv4('224.0.0.18') as Ipv4Address;
const OTHER_GROUP = parseIpv4('239.1.2.3') as Ipv4Address;
const SECONDS = 1_000_000;

/** An IPv4 packet to a group in a frame of that station. */
function packet(
  station: number,
  to: Ipv4Address,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(34 + payload.length);
  writeMac(multicastMacOfIpv4(to), frame, 0);
  writeMac(stationMac(station), frame, 6);
  frame.set([8, 0], 12);
  encodeIpv4Header(
    {
      tos: 0,
      totalLength: 20 + payload.length,
      identification: 0,
      flags: 0,
      fragmentOffset: 0,
      ttl: 1,
      protocol,
      source: ipv4FromNumber(0x0a000000 + station),
      destination: to,
      options: NO_OPTIONS,
    },
    frame,
    14,
  );
  frame.set(payload, 34);
  return frame;
}

function igmp(station: number, to: Ipv4Address, message: IgmpMessage): Uint8Array {
  const payload = new Uint8Array(igmpLength(message));
  encodeIgmp(message, payload, 0);
  return packet(station, to, 2, payload);
}

const v3Group = parseIpv4('224.0.0.22') as Ipv4Address;

function v3Report(station: number, group: Ipv4Address, type: number): Uint8Array {
  const records = [{ type, group, sources: [], auxiliary: new Uint8Array(0) }];
  return igmp(station, v3Group, { kind: 'report-v3', records });
}

class GroupLan extends StarLan {
  join(station: number, group: Ipv4Address): void {
    this.station(station).cable.a.send(v3Report(station, group, CHANGE_TO_EXCLUDE));
    this.run();
  }

  leave(station: number, group: Ipv4Address): void {
    this.station(station).cable.a.send(v3Report(station, group, CHANGE_TO_INCLUDE));
    this.run();
  }

  /** Which stations hear a datagram of station 1 to the group. */
  whoHears(group: Ipv4Address): number[] {
    for (const { ear } of this.stations) ear.frames.length = 0;
    this.station(1).cable.a.send(packet(1, group, 17, Uint8Array.of(0xda, 0x7a)));
    this.run();
    const hears = (frames: readonly Uint8Array[]) => frames.some((frame) => frame.at(-1) === 0x7a);
    return this.stations.flatMap(({ ear }, i) => (hears(ear.frames) ? [i + 1] : []));
  }
}

const snoopAll = { multicastSnooping: true, linkLocalGroups: 'snoop' as const };

describe('IGMP snooping', () => {
  it('without it every group is flooded', () => {
    const lan = new GroupLan(4);
    lan.join(2, OTHER_GROUP);
    expect(lan.whoHears(OTHER_GROUP)).toEqual([2, 3, 4]);
  });

  it('sends a group to its members alone, and unknown groups to nobody', () => {
    const lan = new GroupLan(4, { multicastSnooping: true });
    expect(lan.whoHears(OTHER_GROUP)).toEqual([]);
    lan.join(2, OTHER_GROUP);
    lan.join(4, OTHER_GROUP);
    expect(lan.whoHears(OTHER_GROUP)).toEqual([2, 4]);
  });

  it('floods 224.0.0.x unless told to snoop it too', () => {
    const kind = new GroupLan(3, { multicastSnooping: true });
    expect(kind.whoHears(VRRP_GROUP)).toEqual([2, 3]);
    const strict = new GroupLan(3, snoopAll);
    expect(strict.whoHears(VRRP_GROUP)).toEqual([]);
    strict.join(3, VRRP_GROUP);
    expect(strict.whoHears(VRRP_GROUP)).toEqual([3]);
  });

  it('without a querier a membership dies after 260 s', () => {
    const lan = new GroupLan(3, snoopAll);
    lan.join(2, VRRP_GROUP);
    lan.run(259 * SECONDS);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([2]);
    lan.run(1 * SECONDS);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([]);
  });

  it('the switch as querier asks every 125 s, so members that answer stay', () => {
    const lan = new GroupLan(3, { ...snoopAll, querier: true });
    lan.join(2, VRRP_GROUP);
    const queries: number[] = [];
    const station = lan.station(2);
    station.ear.onHeard = (frame) => {
      const message = decodeIgmp(frame, 38, frame.length);
      if (typeof message === 'string' || message.kind !== 'query') return;
      queries.push(Math.round(lan.engine.now / SECONDS));
      station.cable.a.send(igmp(2, VRRP_GROUP, { kind: 'report-v2', group: VRRP_GROUP }));
    };
    lan.run(600 * SECONDS);
    expect(queries).toEqual([31, 156, 281, 406, 531]);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([2]);
    station.ear.onHeard = undefined;
    lan.run(300 * SECONDS);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([]);
  });

  it('a leave ends the membership 2 s later, after the querier asked for others twice', () => {
    const lan = new GroupLan(3, { ...snoopAll, querier: true });
    lan.join(2, VRRP_GROUP);
    lan.run(10 * SECONDS);
    lan.station(3).ear.frames.length = 0;
    lan.leave(2, VRRP_GROUP);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([2]);
    lan.run(2 * SECONDS);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([]);
  });

  it('a port behind which somebody asks hears every group and every report', () => {
    const lan = new GroupLan(4, { multicastSnooping: true });
    const all = parseIpv4('224.0.0.1') as Ipv4Address;
    const query: IgmpMessage = {
      kind: 'query',
      version: 2,
      group: ipv4FromNumber(0),
      maxResponseCode: 100,
    };
    lan.station(4).cable.a.send(igmp(4, all, query));
    lan.run();
    for (const { ear } of lan.stations) ear.frames.length = 0;
    lan.join(2, OTHER_GROUP);
    expect(lan.stations.map(({ ear }) => ear.frames.length)).toEqual([0, 0, 0, 1]);
    expect(lan.whoHears(OTHER_GROUP)).toEqual([2, 4]);
    lan.run(255 * SECONDS);
    expect(lan.whoHears(OTHER_GROUP)).toEqual([2]);
  });

  it('forgets members of a port that went dark, and all when the power goes', () => {
    const lan = new GroupLan(3, { multicastSnooping: true });
    lan.join(2, OTHER_GROUP);
    lan.join(3, OTHER_GROUP);
    lan.station(2).cable.unplug();
    lan.station(2).cable.replug();
    lan.run();
    expect(lan.whoHears(OTHER_GROUP)).toEqual([3]);
    lan.sw.setPower(false);
    lan.run();
    lan.sw.setPower(true);
    lan.run();
    expect(lan.whoHears(OTHER_GROUP)).toEqual([]);
  });

  it('takes damaged IGMP for data and goes on', () => {
    const lan = new GroupLan(3, { multicastSnooping: true });
    const damaged = v3Report(2, OTHER_GROUP, CHANGE_TO_EXCLUDE);
    damaged[damaged.length - 1] = 0xff;
    lan.station(2).cable.a.send(damaged);
    for (const length of [14, 20, 33, 36]) {
      lan.station(2).cable.a.send(v3Report(2, OTHER_GROUP, CHANGE_TO_EXCLUDE).slice(0, length));
    }
    lan.run();
    expect(lan.whoHears(OTHER_GROUP)).toEqual([]);
  });
});
