/**
 * ICMP errors that this host sends: when it may, from which address, how much of the packet it
 * quotes. How many, `icmp-limits.ts` says. Source: net/ipv4/icmp.c (__icmp_send), RFC 1122 3.2.2.
 */

import {
  encodeIcmp,
  ICMP_SOURCE_QUENCH,
  type IcmpMessage,
  icmpLength,
  isIcmpErrorType,
  quoteForIcmp,
  readIcmpType,
} from '../../daemon/wire/icmp.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
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
import { mayTellIpv4 } from './icmp-limits.ts';
import { finishIpv4, IPV4_PAYLOAD_AT, newIpv4Frame } from './ipv4-output.ts';
import { drop, type KernelState } from './kernel-state.ts';
import { addressType, routeOutput } from './route-lookup.ts';

const TYPE_UNREACHABLE = 3;
const TYPE_REDIRECT = 5;
const TYPE_EXCEEDED = 11;
const TYPE_PARAMETER = 12;

/** An error without its quotation, which is made of the packet at fault. */
export type IcmpErrorKind =
  | {
      readonly kind: 'destination-unreachable';
      readonly code: number;
      readonly nextHopMtu?: number;
    }
  | { readonly kind: 'time-exceeded'; readonly code: number }
  /** Nothing but IPVS says that any more. */
  | { readonly kind: 'source-quench'; readonly code: number }
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
  if (way.kind !== 'local' && !mayTellIpv4(kernel, source, typeOf(error), error.code)) {
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

function typeOf(error: IcmpErrorKind): number {
  if (error.kind === 'destination-unreachable') return TYPE_UNREACHABLE;
  if (error.kind === 'source-quench') return ICMP_SOURCE_QUENCH;
  return error.kind === 'redirect' ? TYPE_REDIRECT : TYPE_EXCEEDED;
}

function messageOf(error: IcmpErrorKind, quoted: Uint8Array): IcmpMessage {
  if (error.kind === 'destination-unreachable') {
    return { kind: error.kind, code: error.code, nextHopMtu: error.nextHopMtu ?? 0, quoted };
  }
  if (error.kind === 'source-quench') {
    const { code } = error;
    return { kind: 'other', type: ICMP_SOURCE_QUENCH, code, rest: 0, body: quoted };
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
