/**
 * ARP for IPv4 over Ethernet.
 *
 * Other hardware and protocol types exist on paper only; they are a drop reason here, as Linux
 * ignores them. Operations other than request and reply survive a round trip. Read RFC 826.
 */

import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  writeEthernetHeader,
} from './ethernet.ts';
import { readUint16, writeUint16 } from './integers.ts';
import { type Ipv4Address, readIpv4, writeIpv4 } from './ipv4-address.ts';
import { type MacAddress, readMac, writeMac } from './mac-address.ts';

const HARDWARE_TYPE = 0;
const PROTOCOL_TYPE = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_HARDWARE = 8;
const SENDER_PROTOCOL = 14;
const TARGET_HARDWARE = 18;
const TARGET_PROTOCOL = 24;

const HARDWARE_ETHERNET = 1;

/** Octets of an ARP packet for IPv4 over Ethernet. */
export const ARP_LENGTH = 28;

/** "Who has …?" Source: RFC 826. */
export const ARP_REQUEST = 1;
/** "… is at …". Source: RFC 826. */
export const ARP_REPLY = 2;

/** One packet, in the words of RFC 826. */
export interface ArpPacket {
  /** `ARP_REQUEST`, `ARP_REPLY`, or any other 16-bit number. */
  readonly operation: number;
  readonly senderHardwareAddress: MacAddress;
  readonly senderProtocolAddress: Ipv4Address;
  readonly targetHardwareAddress: MacAddress;
  readonly targetProtocolAddress: Ipv4Address;
}

/** Why an ARP packet was not understood. */
export type ArpDropReason = 'arp:truncated' | 'arp:not-ethernet-ipv4';

/**
 * The packet at `at`; octets behind it (padding of real cards) are ignored.
 *
 * Fails: 'arp:truncated' below 28 octets, 'arp:not-ethernet-ipv4' for other types or address
 * lengths.
 */
export function decodeArp(bytes: Uint8Array, at: number, end: number): ArpPacket | ArpDropReason {
  if (end - at < ARP_LENGTH) return 'arp:truncated';
  const isForUs =
    readUint16(bytes, at + HARDWARE_TYPE) === HARDWARE_ETHERNET &&
    readUint16(bytes, at + PROTOCOL_TYPE) === ETHERTYPE_IPV4 &&
    bytes[at + HARDWARE_LENGTH] === 6 &&
    bytes[at + PROTOCOL_LENGTH] === 4;
  if (!isForUs) return 'arp:not-ethernet-ipv4';
  return {
    operation: readUint16(bytes, at + OPERATION),
    senderHardwareAddress: readMac(bytes, at + SENDER_HARDWARE),
    senderProtocolAddress: readIpv4(bytes, at + SENDER_PROTOCOL),
    targetHardwareAddress: readMac(bytes, at + TARGET_HARDWARE),
    targetProtocolAddress: readIpv4(bytes, at + TARGET_PROTOCOL),
  };
}

/** Writes 28 octets at `at` and returns the offset behind them. */
export function encodeArp(packet: ArpPacket, bytes: Uint8Array, at: number): number {
  writeUint16(HARDWARE_ETHERNET, bytes, at + HARDWARE_TYPE);
  writeUint16(ETHERTYPE_IPV4, bytes, at + PROTOCOL_TYPE);
  bytes[at + HARDWARE_LENGTH] = 6;
  bytes[at + PROTOCOL_LENGTH] = 4;
  writeUint16(packet.operation, bytes, at + OPERATION);
  writeMac(packet.senderHardwareAddress, bytes, at + SENDER_HARDWARE);
  writeIpv4(packet.senderProtocolAddress, bytes, at + SENDER_PROTOCOL);
  writeMac(packet.targetHardwareAddress, bytes, at + TARGET_HARDWARE);
  return writeIpv4(packet.targetProtocolAddress, bytes, at + TARGET_PROTOCOL);
}

/** A whole Ethernet frame of 42 octets; the two MACs are those of the Ethernet header. */
export function buildArpFrame(options: {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly packet: ArpPacket;
}): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER_LENGTH + ARP_LENGTH);
  const { destination, source } = options;
  const at = writeEthernetHeader({ destination, source, etherType: ETHERTYPE_ARP }, frame, 0);
  encodeArp(options.packet, frame, at);
  return frame;
}

/** Operation of a packet of at least 28 octets at `at`. */
export function readArpOperation(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + OPERATION);
}

/** Target protocol address of a packet of at least 28 octets at `at`. */
export function readArpTargetAddress(bytes: Uint8Array, at: number): Ipv4Address {
  return readIpv4(bytes, at + TARGET_PROTOCOL);
}

/** Whether a packet announces its sender's own address: both protocol addresses are the same. */
export function isGratuitousArp(packet: ArpPacket): boolean {
  return packet.senderProtocolAddress === packet.targetProtocolAddress;
}
