import { describe, expect, test } from 'vitest';
import { decodeAh } from '../../../daemon/wire/ah.ts';
import { buildArpFrame, decodeArp } from '../../../daemon/wire/arp.ts';
import {
  buildEthernetFrame,
  insertVlanTag,
  readEtherType,
  readVlanTag,
  removeVlanTag,
} from '../../../daemon/wire/ethernet.ts';
import { decodeIcmp, quoteForIcmp } from '../../../daemon/wire/icmp.ts';
import { decodeIgmp, igmpCodeValue } from '../../../daemon/wire/igmp.ts';
import { decodeIpv4Header, isIpv4Fragment } from '../../../daemon/wire/ipv4.ts';
import { ANY_IPV4 } from '../../../daemon/wire/ipv4-address.ts';
import { decodeIpv6Header, findIpv6Payload } from '../../../daemon/wire/ipv6.ts';
import { BROADCAST_MAC, ZERO_MAC } from '../../../daemon/wire/mac-address.ts';
import { decodeTcp } from '../../../daemon/wire/tcp.ts';
import { decodeUdp, encodeUdp } from '../../../daemon/wire/udp.ts';
import { decodeVrrpV2, encodeVrrpV2, NO_AUTH_DATA } from '../../../daemon/wire/vrrp-v2.ts';
import { recorded } from '../../vectors/recorded-frames.ts';
import { frameOf } from './arbitraries.ts';

/** A recorded IPv4 packet, changed, its header checksum repaired unless it is the subject. */
function changed(hex: string, at: number, value: number): Uint8Array {
  const packet = frameOf(hex).slice(14);
  packet[at] = value;
  packet.fill(0, 10, 12);
  let sum = 0;
  const length = ((packet[0] as number) & 15) * 4;
  for (let i = 0; i < length; i += 2)
    sum += (packet[i] as number) * 256 + (packet[i + 1] as number);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  packet[10] = (sum ^ 0xffff) >>> 8;
  packet[11] = (sum ^ 0xffff) & 255;
  return packet;
}

describe('IPv4 refuses', () => {
  const { VRRP_V2_NONE } = recorded;
  test.each([
    ['a header cut short', frameOf(VRRP_V2_NONE).slice(14, 33), 'ipv4:truncated'],
    ['version 5', changed(VRRP_V2_NONE, 0, 0x55), 'ipv4:bad-version'],
    ['four words of header', changed(VRRP_V2_NONE, 0, 0x44), 'ipv4:bad-header-length'],
    ['a total length below the header', changed(VRRP_V2_NONE, 3, 19), 'ipv4:bad-total-length'],
    ['a total length past the end', changed(VRRP_V2_NONE, 3, 41), 'ipv4:truncated'],
  ])('%s', (_name, packet, reason) => {
    expect(decodeIpv4Header(packet, 0, packet.length)).toBe(reason);
  });

  test('a wrong checksum', () => {
    const packet = frameOf(VRRP_V2_NONE).slice(14);
    packet[8] = 254;
    expect(decodeIpv4Header(packet, 0, packet.length)).toBe('ipv4:bad-checksum');
  });

  test('nothing because of the padding of real cards', () => {
    const padded = new Uint8Array(46);
    padded.set(frameOf(VRRP_V2_NONE).subarray(14));
    expect(decodeIpv4Header(padded, 0, 46)).toMatchObject({ totalLength: 40 });
  });

  test('fragments only when asked: both kinds are recognised', () => {
    expect(isIpv4Fragment(changed(VRRP_V2_NONE, 6, 0x20), 0)).toBe(true);
    expect(isIpv4Fragment(changed(VRRP_V2_NONE, 7, 0x01), 0)).toBe(true);
    expect(isIpv4Fragment(changed(VRRP_V2_NONE, 6, 0x40), 0)).toBe(false);
  });
});

describe('the others refuse', () => {
  test('ARP for another protocol, and ARP cut short', () => {
    const frame = frameOf(recorded.ARP_REQUEST);
    expect(decodeArp(frame, 14, 41)).toBe('arp:truncated');
    frame[17] = 0x01;
    expect(decodeArp(frame, 14, 42)).toBe('arp:not-ethernet-ipv4');
  });

  test('VRRPv2 whose count and length disagree', () => {
    const frame = frameOf(recorded.VRRP_V2_NONE);
    expect(decodeVrrpV2(frame, 34, 53)).toBe('vrrp:bad-length');
    expect(decodeVrrpV2(frame, 34, 49)).toBe('vrrp:truncated');
    frame[37] = 2;
    expect(decodeVrrpV2(frame, 34, 54)).toBe('vrrp:bad-length');
    frame[34] = 0x31;
    expect(decodeVrrpV2(frame, 34, 54)).toBe('vrrp:bad-version');
  });

  test('UDP with impossible lengths; a checksum of 0 is none', () => {
    const bytes = new Uint8Array(20);
    const datagram = { sourcePort: 1, destinationPort: 2, payload: Uint8Array.of(1, 2, 3) };
    const end = encodeUdp(datagram, bytes, 0, 99);
    expect(decodeUdp(bytes, 0, 7, 99)).toBe('udp:truncated');
    expect(decodeUdp(bytes, 0, end - 1, 99)).toBe('udp:bad-length');
    expect(decodeUdp(bytes, 0, end, 98)).toBe('udp:bad-checksum');
    expect(decodeUdp(bytes, 0, 20, 99)).toEqual(datagram);
    bytes.fill(0, 6, 8);
    expect(decodeUdp(bytes, 0, end, 98)).toEqual(datagram);
    bytes[5] = 7;
    expect(decodeUdp(bytes, 0, end, 99)).toBe('udp:bad-length');
  });

  test('TCP with a bad header length', () => {
    const bytes = new Uint8Array(20);
    expect(decodeTcp(bytes, 0, 19, 0)).toBe('tcp:truncated');
    expect(decodeTcp(bytes, 0, 20, 0)).toBe('tcp:bad-header-length');
    bytes[12] = 0x60;
    expect(decodeTcp(bytes, 0, 20, 0)).toBe('tcp:truncated');
  });

  test('IGMPv3 records that reach past the end, and queries of odd lengths', () => {
    const report = Uint8Array.of(0x22, 0, 0xdd, 0xfc, 0, 0, 0, 3);
    expect(decodeIgmp(report, 0, 8)).toBe('igmp:truncated');
    const query = Uint8Array.of(0x11, 0, 0xee, 0xff, 0, 0, 0, 0, 0, 0);
    expect(decodeIgmp(query, 0, 10)).toBe('igmp:bad-length');
    expect(decodeIcmp(new Uint8Array(7), 0, 7)).toBe('icmp:truncated');
  });

  test('AH that claims more than there is', () => {
    const bytes = Uint8Array.of(112, 4, 0, 0, 1, 2, 3, 4, 0, 0, 0, 1, 9, 9, 9, 9);
    expect(decodeAh(bytes, 0, 16)).toBe('ah:truncated');
    bytes[1] = 0;
    expect(decodeAh(bytes, 0, 16)).toBe('ah:bad-length');
  });

  test('IPv6 with too many or broken extension headers', () => {
    const packet = new Uint8Array(40 + 80);
    packet[0] = 0x60;
    packet[5] = 80;
    packet[6] = 60;
    packet.fill(60, 40, 41);
    for (let at = 40; at < 120; at += 8) packet[at] = 60;
    expect(findIpv6Payload(packet, 0)).toBe('ipv6:too-many-extensions');
    packet[41] = 200;
    expect(findIpv6Payload(packet, 0)).toBe('ipv6:bad-extension');
    packet[5] = 81;
    expect(decodeIpv6Header(packet, 0, 120)).toBe('ipv6:truncated');
  });
});

describe('frames', () => {
  test('an ARP frame is 42 octets, unpadded', () => {
    const packet = {
      operation: 1,
      senderHardwareAddress: ZERO_MAC,
      senderProtocolAddress: ANY_IPV4,
      targetHardwareAddress: ZERO_MAC,
      targetProtocolAddress: ANY_IPV4,
    };
    const frame = buildArpFrame({ destination: BROADCAST_MAC, source: ZERO_MAC, packet });
    expect(frame).toHaveLength(42);
    expect(decodeArp(frame, 14, 42)).toEqual(packet);
  });

  test('a tag goes in and comes out, and the frame in between is untouched', () => {
    const header = { destination: BROADCAST_MAC, source: ZERO_MAC, etherType: 0x0806 };
    const frame = buildEthernetFrame(header, Uint8Array.of(1, 2, 3));
    const tag = { priority: 5, dropEligible: true, vlanId: 4094 };
    const tagged = insertVlanTag(frame, tag);
    expect(readEtherType(tagged)).toBe(0x8100);
    expect(readVlanTag(tagged)).toEqual(tag);
    expect(removeVlanTag(tagged)).toEqual(frame);
    expect(removeVlanTag(frame)).toBe(frame);
    expect(readVlanTag(frame)).toBeUndefined();
  });

  test('an error quotes at most 548 octets', () => {
    expect(quoteForIcmp(new Uint8Array(1500), 0, 1500)).toHaveLength(548);
    expect(quoteForIcmp(new Uint8Array(100), 14, 100)).toHaveLength(86);
  });

  test('codes of IGMPv3 stand for their floating point values', () => {
    expect([0, 127, 128, 200, 255].map(igmpCodeValue)).toEqual([0, 127, 128, 3072, 31_744]);
  });

  test('the field of authentication data is never left as it was', () => {
    const bytes = new Uint8Array(20).fill(0xa5);
    const advert = {
      version: 2,
      type: 1,
      vrid: 1,
      priority: 1,
      addresses: [ANY_IPV4],
      authType: 0,
      advertIntervalSeconds: 1,
      authData: NO_AUTH_DATA,
    };
    expect(encodeVrrpV2(advert, bytes, 0)).toBe(20);
    expect(bytes.subarray(12)).toEqual(new Uint8Array(8));
  });
});
