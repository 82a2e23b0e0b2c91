/**
 * ICMP errors that this host sends: when it may, from which address, how much of the packet it
 * quotes, and the rate limit per destination. Source: net/ipv4/icmp.c (__icmp_send,
 * icmpv4_xrlim_allow), RFC 1122 3.2.2.
 */

import {
  encodeIcmp,
  type IcmpMessage,
  icmpLength,
  isIcmpErrorType,
  quoteForIcmp,
  readIcmpType,
} from '../../daemon/wire/icmp.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import {
  ipv4HeaderLength,
  PROTOCOL_ICMP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4Tos,
  readIpv4TotalLength,
} from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address, isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { finishIpv4, IPV4_PAYLOAD_AT, newIpv4Frame } from './ipv4-output.ts';
import { drop, type KernelState } from './kernel-state.ts';
import { addressType, routeOutput } from './route-lookup.ts';

/**
 * Errors that may be sent at once after a silence. Source: XRLIM_BURST_FACTOR, net/ipv4/inetpeer.c.
 */
const BURST = 6;
/** Types that the rate mask can name. */
const TYPE_UNREACHABLE = 3;
const TYPE_REDIRECT = 5;
const TYPE_EXCEEDED = 11;
const TYPE_PARAMETER = 12;
const CODE_FRAGMENTATION_NEEDED = 4;

/** An error without its quotation, which is made of the packet at fault. */
export type IcmpErrorKind =
  | {
      readonly kind: 'destination-unreachable';
      readonly code: number;
      readonly nextHopMtu?: number;
    }
  | { readonly kind: 'time-exceeded'; readonly code: number }
  | { readonly kind: 'redirect'; readonly code: number; readonly gateway: Ipv4Address };

/**
 * Tells the source of the IPv4 packet at `at` what is wrong with it.
 *
 * Nothing is sent for packets to or from groups, for fragments but the first, for ICMP errors, and
 * over the rate limit. It comes from the address that the packet was sent to when that is this
 * host's; `routed` is for packets that had left already (a neighbour does not answer), which hear
 * it from the address of the way back. Source: icmp_send, RTCF_LOCAL.
 */
export function sendIcmpError(
  kernel: KernelState,
  bytes: Uint8Array,
  at: number,
  error: IcmpErrorKind,
  from: 'asked' | 'routed' = 'asked',
): void {
  const source = readIpv4Source(bytes, at);
  const destination = readIpv4Destination(bytes, at);
  if (source === ANY_IPV4 || addressType(kernel, source) === 'broadcast') return;
  if (isMulticastIpv4(source) || isMulticastIpv4(destination)) return;
  const destinationType = addressType(kernel, destination);
  if (destinationType === 'broadcast') return;
  if ((readUint16(bytes, at + 6) & 0x1fff) !== 0) return;
  if (isIcmpError(bytes, at)) return;
  const own = destinationType === 'local' && from === 'asked' ? destination : undefined;
  const way = routeOutput(kernel, source, own);
  if (typeof way === 'string') return;
  if (way.kind !== 'local' && !isAllowed(kernel, source, error)) {
    drop(kernel, 'icmp:rate-limited');
    return;
  }
  const message = messageOf(error, quoteForIcmp(bytes, at, at + readIpv4TotalLength(bytes, at)));
  const frame = newIpv4Frame(icmpLength(message));
  encodeIcmp(message, frame, IPV4_PAYLOAD_AT);
  finishIpv4(
    kernel,
    frame,
    {
      protocol: PROTOCOL_ICMP,
      source: own ?? (way.source as Ipv4Address),
      destination: source,
      tos: (readIpv4Tos(bytes, at) & 0x1e) | 0xc0,
      ttl: kernel.settings['ipv4.ip_default_ttl'],
      flags: 0,
    },
    way,
  );
}

/**
 * Takes a token of a destination: six at once, then one per icmp_ratelimit.
 * Source: inet_peer_xrlim_allow. Shared with ICMPv6, whose unit of the sysctl is the same.
 */
export function takeToken(kernel: KernelState, destination: IpAddress, limitMs: number): boolean {
  const { now } = kernel.clock;
  const limitUs = limitMs * 1000;
  if (limitUs === 0) return true;
  let bucket = kernel.icmpBuckets.get(destination);
  if (bucket === undefined) {
    bucket = { tokensUs: BURST * limitUs, lastUs: now };
    kernel.icmpBuckets.set(destination, bucket);
  }
  bucket.tokensUs = Math.min(BURST * limitUs, bucket.tokensUs + now - bucket.lastUs);
  bucket.lastUs = now;
  if (bucket.tokensUs < limitUs) return false;
  bucket.tokensUs -= limitUs;
  return true;
}

function isAllowed(kernel: KernelState, destination: Ipv4Address, error: IcmpErrorKind): boolean {
  const type = typeOf(error);
  if (type === TYPE_UNREACHABLE && error.code === CODE_FRAGMENTATION_NEEDED) return true;
  if (((kernel.settings['ipv4.icmp_ratemask'] >>> type) & 1) === 0) return true;
  return takeToken(kernel, destination, kernel.settings['ipv4.icmp_ratelimit']);
}

function typeOf(error: IcmpErrorKind): number {
  if (error.kind === 'destination-unreachable') return TYPE_UNREACHABLE;
  return error.kind === 'redirect' ? TYPE_REDIRECT : TYPE_EXCEEDED;
}

function messageOf(error: IcmpErrorKind, quoted: Uint8Array): IcmpMessage {
  if (error.kind === 'destination-unreachable') {
    return { kind: error.kind, code: error.code, nextHopMtu: error.nextHopMtu ?? 0, quoted };
  }
  return { ...error, quoted };
}

function isIcmpError(bytes: Uint8Array, at: number): boolean {
  if (readIpv4Protocol(bytes, at) !== PROTOCOL_ICMP) return false;
  const payloadAt = at + ipv4HeaderLength(bytes, at);
  if (payloadAt >= bytes.length) return true;
  const type = readIcmpType(bytes, payloadAt);
  return isIcmpErrorType(type) || type === TYPE_PARAMETER;
}
