import { describe, expect, test } from 'vitest';
import { decodeAh, encodeAh, signAh, verifyAh } from '../../../daemon/wire/ah.ts';
import { decodeArp, encodeArp, isGratuitousArp } from '../../../daemon/wire/arp.ts';
import { addressSum } from '../../../daemon/wire/checksum.ts';
import { decodeEthernetHeader, writeEthernetHeader } from '../../../daemon/wire/ethernet.ts';
import { decodeIcmp, encodeIcmp } from '../../../daemon/wire/icmp.ts';
import { decodeIcmpv6, encodeIcmpv6 } from '../../../daemon/wire/icmpv6.ts';
import { decodeIgmp, encodeIgmp } from '../../../daemon/wire/igmp.ts';
import { decodeIpv4Header, encodeIpv4Header, type Ipv4Header } from '../../../daemon/wire/ipv4.ts';
import { formatIpv4 } from '../../../daemon/wire/ipv4-address.ts';
import { decodeIpv6Header, encodeIpv6Header, findIpv6Payload } from '../../../daemon/wire/ipv6.ts';
import { formatIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import { formatMac } from '../../../daemon/wire/mac-address.ts';
import { encodeAscii } from '../../../daemon/wire/text.ts';
import { virtualRouterMac } from '../../../daemon/wire/vrrp-header.ts';
import { decodeVrrpV2, encodeVrrpV2 } from '../../../daemon/wire/vrrp-v2.ts';
import { decodeVrrpV3, encodeVrrpV3 } from '../../../daemon/wire/vrrp-v3.ts';
import { recorded } from '../../vectors/recorded-frames.ts';
import { dirtyBuffer, frameOf } from './arbitraries.ts';

/** The value, or a failed test that shows the drop reason. */
function sound<T>(result: T | string): T {
  if (typeof result === 'string') throw new Error(`refused: ${result}`);
  return result;
}

/**
 * Decodes Ethernet and IPv4, checks that both encode to the same bytes, and returns what is behind.
 */
function openIpv4(hex: string): { frame: Uint8Array; header: Ipv4Header; at: number; end: number } {
  const frame = frameOf(hex);
  const ethernet = sound(decodeEthernetHeader(frame, 0, frame.length));
  expect(ethernet.etherType).toBe(0x0800);
  const header = sound(decodeIpv4Header(frame, 14, frame.length));
  const again = dirtyBuffer();
  const at = encodeIpv4Header(header, again, writeEthernetHeader(ethernet, again, 0));
  expect(again.subarray(0, at)).toEqual(frame.subarray(0, at));
  return { frame, header, at, end: 14 + header.totalLength };
}

/** The same bytes come out of the encoder. */
function expectSame(frame: Uint8Array, at: number, end: number, encode: (b: Uint8Array) => number) {
  const again = dirtyBuffer();
  expect(encode(again)).toBe(end);
  expect(again.subarray(at, end)).toEqual(frame.subarray(at, end));
}

describe('recorded VRRPv2', () => {
  test('with PASS decodes field by field and encodes to the same bytes', () => {
    const { frame, header, at, end } = openIpv4(recorded.VRRP_V2_PASS);
    expect(header).toMatchObject({ tos: 0xc0, ttl: 255, protocol: 112, flags: 0 });
    expect(formatIpv4(header.destination)).toBe('224.0.0.18');
    const packet = sound(decodeVrrpV2(frame, at, end));
    expect(packet).toMatchObject({ type: 1, vrid: 51, priority: 200, authType: 1 });
    expect(packet.advertIntervalSeconds).toBe(1);
    expect(packet.addresses.map(formatIpv4)).toEqual(['192.168.100.100']);
    expect(packet.authData).toEqual(encodeAscii('secret12'));
    expectSame(frame, at, end, (bytes) => encodeVrrpV2(packet, bytes, at));
  });

  test.each(['VRRP_V2_NONE', 'VRRP_V2_UNICAST', 'VRRP_V2_VMAC'] as const)(
    '%s both ways',
    (name) => {
      const { frame, header, at, end } = openIpv4(recorded[name]);
      const packet = sound(decodeVrrpV2(frame, at, end));
      expect(packet.authType).toBe(0);
      expect(packet.authData).toEqual(new Uint8Array(8));
      const isUnicast = name === 'VRRP_V2_UNICAST';
      expect(formatIpv4(header.destination).startsWith('192.168.100.')).toBe(isUnicast);
      expectSame(frame, at, end, (bytes) => encodeVrrpV2(packet, bytes, at));
    },
  );

  test('with a VMAC comes from the virtual router MAC', () => {
    const ethernet = sound(decodeEthernetHeader(frameOf(recorded.VRRP_V2_VMAC), 0, 60));
    expect(ethernet.source).toBe(virtualRouterMac(51, 'inet'));
    expect(formatMac(ethernet.source)).toBe('00:00:5e:00:01:33');
  });

  test.each(['VRRP_V2_AH', 'VRRP_V2_AH_LAST'] as const)('%s verifies and signs alike', (name) => {
    const { frame, header, at, end } = openIpv4(recorded[name]);
    const how = { key: encodeAscii('secret42'), unicast: false };
    expect(header.protocol).toBe(51);
    expect(verifyAh(frame, 14, how)).toBe(true);
    expect(verifyAh(frame, 14, { key: encodeAscii('secret43'), unicast: false })).toBe(false);
    expect(verifyAh(frame, 14, { key: how.key, unicast: true })).toBe(false);
    const ah = sound(decodeAh(frame, at, end));
    expect(ah).toMatchObject({ nextHeader: 112, spi: header.source });
    const packet = sound(decodeVrrpV2(frame, at + 24, end));
    expect(packet).toMatchObject({ authType: 2, priority: name === 'VRRP_V2_AH' ? 150 : 0 });
    const again = dirtyBuffer(end);
    again.set(frame.subarray(0, 14));
    const ahAt = encodeIpv4Header(header, again, 14);
    encodeVrrpV2(packet, again, encodeAh({ ...ah, icv: new Uint8Array(12) }, again, ahAt));
    signAh(again, 14, how);
    expect(again).toEqual(frame);
  });
});

describe('recorded VRRPv3', () => {
  test('over IPv4 has a pseudo header in its checksum', () => {
    const { frame, header, at, end } = openIpv4(recorded.VRRP_V3_IPV4);
    const checksum = addressSum(header.source, header.destination);
    const packet = sound(decodeVrrpV3(frame, at, end, { family: 'inet', checksum }));
    expect(packet).toMatchObject({ vrid: 51, priority: 200, advertIntervalCentiseconds: 10 });
    expectSame(frame, at, end, (bytes) => encodeVrrpV3(packet, bytes, at, checksum));
    const asV2 = decodeVrrpV3(frame, at, end, { family: 'inet', checksum: 'as-v2' });
    expect(asV2).toBe('vrrp:bad-checksum');
  });

  test('over IPv6 carries the link-local address first', () => {
    const { frame, at, end, checksum } = openIpv6(recorded.VRRP_V3_IPV6);
    const packet = sound(decodeVrrpV3(frame, at, end, { family: 'inet6', checksum }));
    expect(packet).toMatchObject({ vrid: 61, advertIntervalCentiseconds: 100 });
    const texts = packet.addresses.map((item) => formatIpv6(item as never));
    expect(texts).toEqual(['fe80::100', 'fd00:100::100']);
    expectSame(frame, at, end, (bytes) => encodeVrrpV3(packet, bytes, at, checksum));
  });
});

describe('recorded ARP', () => {
  test.each(['GRATUITOUS_ARP', 'ARP_REQUEST', 'ARP_REPLY'] as const)('%s both ways', (name) => {
    const frame = frameOf(recorded[name]);
    const packet = sound(decodeArp(frame, 14, frame.length));
    expect(isGratuitousArp(packet)).toBe(name === 'GRATUITOUS_ARP');
    expect(packet.operation).toBe(name === 'ARP_REPLY' ? 2 : 1);
    expectSame(frame, 14, 42, (bytes) => encodeArp(packet, bytes, 14));
  });

  test('keepalived announces with a request whose target MAC is the broadcast', () => {
    const packet = sound(decodeArp(frameOf(recorded.GRATUITOUS_ARP), 14, 42));
    expect(formatMac(packet.targetHardwareAddress)).toBe('ff:ff:ff:ff:ff:ff');
    expect(formatIpv4(packet.senderProtocolAddress)).toBe('192.168.100.100');
  });
});

describe('recorded ICMP and IGMP', () => {
  test.each(['ICMP_ECHO_REQUEST', 'ICMP_ECHO_REPLY'] as const)('%s both ways', (name) => {
    const { frame, at, end } = openIpv4(recorded[name]);
    const message = sound(decodeIcmp(frame, at, end));
    expect(message.kind).toBe(name === 'ICMP_ECHO_REQUEST' ? 'echo-request' : 'echo-reply');
    expectSame(frame, at, end, (bytes) => encodeIcmp(message, bytes, at));
  });

  test.each([
    ['IGMP_V3_JOIN', 4],
    ['IGMP_V3_LEAVE', 3],
  ] as const)('%s carries a router alert and one record', (name, type) => {
    const { frame, header, at, end } = openIpv4(recorded[name]);
    expect(header.options).toEqual(Uint8Array.of(0x94, 4, 0, 0));
    expect(header).toMatchObject({ ttl: 1, tos: 0xc0, protocol: 2, flags: 0b010 });
    const message = sound(decodeIgmp(frame, at, end));
    const record = message.kind === 'report-v3' ? message.records[0] : undefined;
    expect(record?.type).toBe(type);
    expect(formatIpv4(record?.group as never)).toBe('224.0.0.18');
    expectSame(frame, at, end, (bytes) => encodeIgmp(message, bytes, at));
  });
});

describe('recorded ICMPv6', () => {
  test.each([
    ['NEIGHBOUR_ADVERTISEMENT', 'neighbour-advertisement'],
    ['NEIGHBOUR_SOLICITATION', 'neighbour-solicitation'],
    ['ICMPV6_ECHO_REQUEST', 'echo-request'],
    ['MLD_V2_REPORT', 'mld-report-v2'],
  ] as const)('%s both ways', (name, kind) => {
    const { frame, at, end, checksum } = openIpv6(recorded[name]);
    const message = sound(decodeIcmpv6(frame, at, end, checksum));
    expect(message.kind).toBe(kind);
    expectSame(frame, at, end, (bytes) => encodeIcmpv6(message, bytes, at, checksum));
  });

  test('keepalived advertises with override, unsolicited, and its MAC', () => {
    const { frame, at, end, checksum } = openIpv6(recorded.NEIGHBOUR_ADVERTISEMENT);
    const message = sound(decodeIcmpv6(frame, at, end, checksum));
    expect(message).toMatchObject({ override: true, solicited: false });
    expect(message).toHaveProperty('options', [
      { kind: 'target-link-address', mac: 0x020000000011 },
    ]);
  });
});

/** As `openIpv4`, extension headers walked. */
function openIpv6(hex: string): { frame: Uint8Array; at: number; end: number; checksum: number } {
  const frame = frameOf(hex);
  const header = sound(decodeIpv6Header(frame, 14, frame.length));
  const again = dirtyBuffer();
  expect(encodeIpv6Header(header, again, 14)).toBe(54);
  expect(again.subarray(14, 54)).toEqual(frame.subarray(14, 54));
  const payload = sound(findIpv6Payload(frame, 14));
  expect(payload.hopByHop).toBe(hex === recorded.MLD_V2_REPORT);
  const checksum = addressSum(header.source, header.destination);
  return { frame, at: payload.at, end: 54 + header.payloadLength, checksum };
}
