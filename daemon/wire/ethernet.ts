/**
 * Ethernet II frames and 802.1Q tags.
 *
 * The virtual LAN carries no preamble, no padding and no frame check sequence, as a capture shows
 * them. Frames from real cards come padded to 60 octets: every decoder above takes its length from
 * its own header and ignores what follows. Read IEEE 802.3 clause 3.2.6 and 802.1Q clause 9.6.
 */

import { assert } from '../base/assert.ts';
import { readUint16, writeUint16 } from './integers.ts';
import { MAC_LENGTH, type MacAddress, readMac, writeMac } from './mac-address.ts';

const DESTINATION = 0;
const SOURCE = 6;
const ETHER_TYPE = 12;
const TAG_CONTROL = 14;

/** Octets of an untagged header. */
export const ETHERNET_HEADER_LENGTH = 14;
/** Octets of one 802.1Q tag. */
export const VLAN_TAG_LENGTH = 4;

/** EtherTypes. Source: IANA "IEEE 802 Numbers". */
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;
/**
 * Values from here on are types; smaller ones are the length of an 802.3 frame (spanning tree,
 * say).
 */
export const ETHERTYPE_SMALLEST = 0x0600;

/** The three fields of an untagged header. */
export interface EthernetHeader {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** The type, or the length of an 802.3 frame when below `ETHERTYPE_SMALLEST`. */
  readonly etherType: number;
}

/** What an 802.1Q tag says. */
export interface VlanTag {
  /** Priority code point, 0..7. */
  readonly priority: number;
  readonly dropEligible: boolean;
  /** 0 is "priority only", 4095 is reserved. */
  readonly vlanId: number;
}

/** Why a frame was not understood. */
export type EthernetDropReason = 'ethernet:truncated';

/** The header of the frame that starts at `at`. Fails: 'ethernet:truncated' below 14 octets. */
export function decodeEthernetHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
): EthernetHeader | EthernetDropReason {
  if (end - at < ETHERNET_HEADER_LENGTH) return 'ethernet:truncated';
  return {
    destination: readMac(bytes, at + DESTINATION),
    source: readMac(bytes, at + SOURCE),
    etherType: readUint16(bytes, at + ETHER_TYPE),
  };
}

/** Writes a header at `at` and returns the offset behind it. */
export function writeEthernetHeader(header: EthernetHeader, bytes: Uint8Array, at: number): number {
  writeMac(header.destination, bytes, at + DESTINATION);
  writeMac(header.source, bytes, at + SOURCE);
  return writeUint16(header.etherType, bytes, at + ETHER_TYPE);
}

/** Destination of a frame of at least 14 octets that starts at offset 0. */
export function readDestinationMac(frame: Uint8Array): MacAddress {
  return readMac(frame, DESTINATION);
}

/** Source of a frame of at least 14 octets that starts at offset 0. */
export function readSourceMac(frame: Uint8Array): MacAddress {
  return readMac(frame, SOURCE);
}

/**
 * EtherType of a frame of at least 14 octets that starts at offset 0; a tag's is `ETHERTYPE_VLAN`.
 */
export function readEtherType(frame: Uint8Array): number {
  return readUint16(frame, ETHER_TYPE);
}

/** Whether the destination has its group bit set (multicast and broadcast). */
export function isGroupFrame(frame: Uint8Array): boolean {
  return ((frame[DESTINATION] as number) & 1) === 1;
}

/** A whole untagged frame around `payload`, which is copied. */
export function buildEthernetFrame(header: EthernetHeader, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER_LENGTH + payload.length);
  frame.set(payload, writeEthernetHeader(header, frame, 0));
  return frame;
}

/** The outermost 802.1Q tag; `undefined` for an untagged frame or one too short to hold its tag. */
export function readVlanTag(frame: Uint8Array): VlanTag | undefined {
  if (frame.length < ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH) return undefined;
  if (readEtherType(frame) !== ETHERTYPE_VLAN) return undefined;
  const control = readUint16(frame, TAG_CONTROL);
  return {
    priority: control >>> 13,
    dropEligible: (control & 0x1000) !== 0,
    vlanId: control & 0x0fff,
  };
}

/** A copy of the frame with `tag` in front of its EtherType; the frame has a whole header. */
export function insertVlanTag(frame: Uint8Array, tag: VlanTag): Uint8Array {
  assert(frame.length >= ETHERNET_HEADER_LENGTH, 'a frame to be tagged has a whole header');
  const tagged = new Uint8Array(frame.length + VLAN_TAG_LENGTH);
  tagged.set(frame.subarray(0, 2 * MAC_LENGTH), 0);
  writeUint16(ETHERTYPE_VLAN, tagged, ETHER_TYPE);
  const control =
    ((tag.priority & 7) << 13) | (tag.dropEligible ? 0x1000 : 0) | (tag.vlanId & 0x0fff);
  writeUint16(control, tagged, TAG_CONTROL);
  tagged.set(frame.subarray(ETHER_TYPE), ETHER_TYPE + VLAN_TAG_LENGTH);
  return tagged;
}

/** A copy of the frame without its outermost tag; an untagged frame is returned as it is. */
export function removeVlanTag(frame: Uint8Array): Uint8Array {
  if (readVlanTag(frame) === undefined) return frame;
  const plain = new Uint8Array(frame.length - VLAN_TAG_LENGTH);
  plain.set(frame.subarray(0, 2 * MAC_LENGTH), 0);
  plain.set(frame.subarray(ETHER_TYPE + VLAN_TAG_LENGTH), ETHER_TYPE);
  return plain;
}
