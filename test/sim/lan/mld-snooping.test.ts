// MLD snooping: the rules of multicast-snooping.test.ts in IPv6's words, and what only IPv6 has.
import { describe, expect, it } from 'vitest';
import { ipv6AddressSum } from '../../../daemon/wire/checksum.ts';
import {
  ALL_NODES_IPV6,
  decodeIcmpv6,
  type Icmpv6Message,
  MLD_V2_GROUP,
} from '../../../daemon/wire/icmpv6.ts';
import { CHANGE_TO_EXCLUDE, CHANGE_TO_INCLUDE } from '../../../daemon/wire/igmp.ts';
import {
  encodeIpv6Header,
  findIpv6Payload,
  readIpv6Destination,
  readIpv6Source,
} from '../../../daemon/wire/ipv6.ts';
import {
  formatIpv6,
  type Ipv6Address,
  linkLocalOfMac,
  multicastMacOfIpv6,
  parseIpv6,
} from '../../../daemon/wire/ipv6-address.ts';
import { writeMac } from '../../../daemon/wire/mac-address.ts';
import { mldFrame } from '../../../sim/lan/mld-frame.ts';
import { StarLan, stationMac } from './lan-kit.ts';

const group = (text: string) => parseIpv6(text) as Ipv6Address;
const VRRP_GROUP = group('ff02::12');
const SITE_GROUP = group('ff05::1:3');
const SECONDS = 1_000_000;
const NOTHING = new Uint8Array(0);
const SNOOP_ALL = { multicastSnooping: true, linkLocalGroups: 'snoop' as const };

function withMacs(frame: Uint8Array, station: number, to: Ipv6Address): Uint8Array {
  writeMac(multicastMacOfIpv6(to), frame, 0);
  writeMac(stationMac(station), frame, 6);
  frame.set([0x86, 0xdd], 12);
  return frame;
}

function mld(station: number, to: Ipv6Address, message: Icmpv6Message): Uint8Array {
  const source = linkLocalOfMac(stationMac(station));
  return withMacs(mldFrame(message, { source, destination: to }), station, to);
}

function report(station: number, of: Ipv6Address, type: number): Uint8Array {
  const records = [{ type, group: of, sources: [], auxiliary: NOTHING }];
  return mld(station, MLD_V2_GROUP, { kind: 'mld-report-v2', code: 0, records });
}

function oldMessage(kind: 'mld-query' | 'mld-report' | 'mld-done', of: Ipv6Address): Icmpv6Message {
  return { kind, code: 0, maxResponseMs: 10_000, group: of, rest: NOTHING };
}

class Ipv6GroupLan extends StarLan {
  send(station: number, frame: Uint8Array): void {
    this.station(station).cable.a.send(frame);
    this.run();
  }

  /** Which stations hear a datagram of station 1 to the group. */
  whoHears(to: Ipv6Address): number[] {
    for (const { ear } of this.stations) ear.frames.length = 0;
    const frame = withMacs(new Uint8Array(56), 1, to);
    const source = linkLocalOfMac(stationMac(1));
    const rest = {
      trafficClass: 0,
      flowLabel: 0,
      payloadLength: 2,
      nextHeader: 112,
      hopLimit: 255,
    };
    encodeIpv6Header({ ...rest, source, destination: to }, frame, 14);
    frame.set([0xda, 0x7a], 54);
    this.send(1, frame);
    const hears = (frames: readonly Uint8Array[]) => frames.some((one) => one.at(-1) === 0x7a);
    return this.stations.flatMap(({ ear }, i) => (hears(ear.frames) ? [i + 1] : []));
  }
}

describe('MLD snooping', () => {
  it('sends a group to its members alone, and unknown groups to nobody', () => {
    const lan = new Ipv6GroupLan(4, { multicastSnooping: true });
    expect(lan.whoHears(SITE_GROUP)).toEqual([]);
    lan.send(2, report(2, SITE_GROUP, CHANGE_TO_EXCLUDE));
    lan.send(4, mld(4, SITE_GROUP, oldMessage('mld-report', SITE_GROUP)));
    expect(lan.whoHears(SITE_GROUP)).toEqual([2, 4]);
  });

  it('floods ff02::/16 unless told to snoop it too, and ff02::1 even then', () => {
    const kind = new Ipv6GroupLan(3, { multicastSnooping: true });
    expect(kind.whoHears(VRRP_GROUP)).toEqual([2, 3]);
    const strict = new Ipv6GroupLan(3, SNOOP_ALL);
    expect(strict.whoHears(VRRP_GROUP)).toEqual([]);
    strict.send(3, report(3, VRRP_GROUP, CHANGE_TO_EXCLUDE));
    expect(strict.whoHears(VRRP_GROUP)).toEqual([3]);
    expect(strict.whoHears(ALL_NODES_IPV6)).toEqual([2, 3]);
  });

  it('without a querier a membership dies after 260 s', () => {
    const lan = new Ipv6GroupLan(3, SNOOP_ALL);
    lan.send(2, report(2, VRRP_GROUP, CHANGE_TO_EXCLUDE));
    lan.run(259 * SECONDS);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([2]);
    lan.run(1 * SECONDS);
    expect(lan.whoHears(VRRP_GROUP)).toEqual([]);
  });

  it('the switch as querier asks from the link-local address of its MAC', () => {
    const lan = new Ipv6GroupLan(2, { ...SNOOP_ALL, querier: true });
    const heard: (readonly [number, string, string, number])[] = [];
    lan.station(2).ear.onHeard = (frame) => {
      const payload = findIpv6Payload(frame, 14);
      if (frame[12] !== 0x86 || typeof payload === 'string') return;
      const [source, to] = [readIpv6Source(frame, 14), readIpv6Destination(frame, 14)];
      const message = decodeIcmpv6(frame, payload.at, frame.length, ipv6AddressSum(source, to));
      if (typeof message === 'string' || message.kind !== 'mld-query') return;
      const seconds = Math.round(lan.engine.now / SECONDS);
      heard.push([seconds, formatIpv6(source), formatIpv6(message.group), message.maxResponseMs]);
    };
    lan.run(40 * SECONDS);
    lan.send(2, report(2, SITE_GROUP, CHANGE_TO_EXCLUDE));
    lan.send(2, report(2, SITE_GROUP, CHANGE_TO_INCLUDE));
    expect(lan.whoHears(SITE_GROUP)).toEqual([2]);
    lan.run(2 * SECONDS);
    expect(lan.whoHears(SITE_GROUP)).toEqual([]);
    lan.run(120 * SECONDS);
    const source = heard[0]?.[1] ?? '';
    expect(source).toMatch(/^fe80::.*ff:fe/);
    expect(heard).toEqual([
      [0, source, '::', 10_000],
      [31, source, '::', 10_000],
      [40, source, 'ff05::1:3', 1000],
      [41, source, 'ff05::1:3', 1000],
      [156, source, '::', 10_000],
    ]);
  });

  it('who asks hears all IPv6 groups and reports, and none of IPv4 for that', () => {
    const lan = new Ipv6GroupLan(4, { multicastSnooping: true });
    lan.send(4, mld(4, ALL_NODES_IPV6, oldMessage('mld-query', group('::'))));
    for (const { ear } of lan.stations) ear.frames.length = 0;
    lan.send(2, report(2, SITE_GROUP, CHANGE_TO_EXCLUDE));
    expect(lan.stations.map(({ ear }) => ear.frames.length)).toEqual([0, 0, 0, 1]);
    expect(lan.whoHears(SITE_GROUP)).toEqual([2, 4]);
    expect(lan.whoHears(group('ff05::99'))).toEqual([4]);
    lan.run(255 * SECONDS);
    expect(lan.whoHears(SITE_GROUP)).toEqual([2]);
  });

  it('takes damaged MLD for data and goes on', () => {
    const lan = new Ipv6GroupLan(3, { multicastSnooping: true });
    const damaged = report(2, SITE_GROUP, CHANGE_TO_EXCLUDE);
    damaged[damaged.length - 1] = 0xff;
    lan.send(2, damaged);
    for (const length of [14, 34, 53, 60, 70]) {
      lan.send(2, report(2, SITE_GROUP, CHANGE_TO_EXCLUDE).slice(0, length));
    }
    expect(lan.whoHears(SITE_GROUP)).toEqual([]);
  });
});
