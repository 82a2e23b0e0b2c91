/**
 * ICMPv6 messages of this host: building them with their checksum, and errors with their rate
 * limit.
 */

import { ipv6AddressSum } from '../../daemon/wire/checksum.ts';
import { encodeIcmpv6, type Icmpv6Message, icmpv6Length } from '../../daemon/wire/icmpv6.ts';
import { PROTOCOL_ICMPV6 } from '../../daemon/wire/ipv4.ts';
import {
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import {
  ANY_IPV6,
  type Ipv6Address,
  isLinkLocalIpv6,
  isMulticastIpv6,
} from '../../daemon/wire/ipv6-address.ts';
import { mayTellIpv6 } from './icmp-limits.ts';
import { routeIpv6 } from './ipv6-lookup.ts';
import { finishIpv6, IPV6_PAYLOAD_AT, type Ipv6Way, newIpv6Frame } from './ipv6-output.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';

/** Most octets of an error with its quotation: the least MTU. Source: RFC 4443 section 2.4 (c). */
const ERROR_PACKET_LENGTH_MAX = 1280;
const QUOTATION_MAX = ERROR_PACKET_LENGTH_MAX - IPV6_HEADER_LENGTH - 8;
/** Types below are errors. Source: RFC 4443 section 2.1. */
const FIRST_INFORMATIONAL_TYPE = 128;

const TYPES = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
} as const;

/** Sends a message along a way. */
export function sendIcmpv6(
  kernel: KernelState,
  message: Icmpv6Message,
  addresses: {
    readonly source: Ipv6Address;
    readonly destination: Ipv6Address;
    readonly hopLimit: number;
  },
  way: Ipv6Way,
): void {
  const { source, destination } = addresses;
  const frame = newIpv6Frame(icmpv6Length(message));
  encodeIcmpv6(message, frame, IPV6_PAYLOAD_AT, ipv6AddressSum(source, destination));
  finishIpv6(kernel, frame, { nextHeader: PROTOCOL_ICMPV6, ...addresses }, way);
}

/** An error about the packet at `at`; nothing for groups, errors, and over the rate limit. */
export function sendIcmpv6Error(
  kernel: KernelState,
  bytes: Uint8Array,
  at: number,
  link: LinkState,
  error: {
    readonly kind:
      | 'destination-unreachable'
      | 'packet-too-big'
      | 'time-exceeded'
      | 'parameter-problem';
    readonly code: number;
    readonly parameter: number;
  },
): void {
  const source = readIpv6Source(bytes, at);
  const destination = readIpv6Destination(bytes, at);
  if (source === ANY_IPV6 || isMulticastIpv6(source)) return;
  const tooBig = error.kind === 'packet-too-big';
  if (isMulticastIpv6(destination) && !tooBig) return;
  if (isError(bytes, at)) return;
  const own = kernel.localAddresses.has(destination) ? destination : undefined;
  const zone = isLinkLocalIpv6(source) && !kernel.localAddresses.has(source) ? link : undefined;
  const way = routeIpv6(kernel, source, own, zone);
  if (typeof way === 'string') return;
  if (way.kind !== 'local' && !tooBig && !mayTellIpv6(kernel, source, TYPES[error.kind])) {
    drop(kernel, 'icmp:rate-limited');
    return;
  }
  const length = Math.min(IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at), QUOTATION_MAX);
  sendIcmpv6(
    kernel,
    { ...error, quoted: bytes.subarray(at, at + length) },
    {
      source: own ?? (way.source as Ipv6Address),
      destination: source,
      hopLimit: way.link.ipv6.hop_limit,
    },
    way,
  );
}

function isError(bytes: Uint8Array, at: number): boolean {
  const payload = findIpv6Payload(bytes, at);
  if (typeof payload === 'string') return true;
  if (payload.protocol !== PROTOCOL_ICMPV6) return false;
  // A first piece without even the type is told that it is too short (is_ineligible).
  const end = at + IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  if (payload.at >= end) return !payload.fragment;
  return (bytes[payload.at] ?? 0) < FIRST_INFORMATIONAL_TYPE;
}
