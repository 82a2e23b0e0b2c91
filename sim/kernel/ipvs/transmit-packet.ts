/** A packet on its way to a real server, and copies of it that may be changed. */

import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import { decrementTtl, readIpv4TotalLength } from '../../../daemon/wire/ipv4.ts';
import {
  decrementHopLimit,
  IPV6_HEADER_LENGTH,
  readIpv6PayloadLength,
} from '../../../daemon/wire/ipv6.ts';
import { newFrame } from '../../lan/frame-memory.ts';
import type { LinkState } from '../kernel-state.ts';
import type { PacketFacts } from './ipvs-state.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;

/** A packet on its way to a real server; `bytes` may be shared and is not written to. */
export interface TransmitPacket {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly transportAt: number;
  readonly link: LinkState;
  readonly facts: PacketFacts;
}

/** A frame with the packet at `at` and room for the Ethernet header. */
export function copyPacket(bytes: Uint8Array, at: number): Uint8Array {
  const length = readIpv4TotalLength(bytes, at);
  const frame = newFrame(IP_AT + length);
  frame.set(bytes.subarray(at, at + length), IP_AT);
  return frame;
}

/** The same of IPv6. */
export function copyIpv6Packet(bytes: Uint8Array, at: number): Uint8Array {
  const length = IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  const frame = newFrame(IP_AT + length);
  frame.set(bytes.subarray(at, at + length), IP_AT);
  return frame;
}

/** The packet as a "too big" quotes it: the kernel has taken one from its TTL before it looks at the MTU. */
export function copyForQuotation({ bytes, at, facts }: TransmitPacket): Uint8Array {
  const isIpv4 = facts.family === 'inet';
  const frame = isIpv4 ? copyPacket(bytes, at) : copyIpv6Packet(bytes, at);
  if (isIpv4) decrementTtl(frame, IP_AT);
  else decrementHopLimit(frame, IP_AT);
  return frame;
}
