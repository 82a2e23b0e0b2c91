/** Echo requests as whole IP packets, and what an incoming packet answers. */

import { addressSum } from '../../../daemon/wire/checksum.ts';
import {
  checkIcmp,
  encodeIcmp,
  ICMP_ECHO_REPLY,
  ICMP_HEADER_LENGTH,
  readEchoIdentifier,
  readEchoSequence,
  readEchoType,
} from '../../../daemon/wire/icmp.ts';
import { decodeIcmpv6, encodeIcmpv6 } from '../../../daemon/wire/icmpv6.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { isIpv4 } from '../../../daemon/wire/ip-address.ts';
import {
  checkIpv4Header,
  encodeIpv4Header,
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  NO_OPTIONS,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  readIpv4Source,
  readIpv4TotalLength,
} from '../../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import {
  checkIpv6Header,
  encodeIpv6Header,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import { newFrame } from '../../lan/frame-memory.ts';

/** ping(8): TTL of Linux' default. */
const TTL = 64;

/** What distinguishes one request. */
export interface Echo {
  readonly identifier: number;
  readonly sequence: number;
}

/** An echo request, IP header included, with ping's pattern as payload. */
export function echoRequest(options: {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly echo: Echo;
  readonly size: number;
}): Uint8Array {
  const { source, destination, echo } = options;
  const payload = newFrame(options.size);
  for (let i = 8; i < payload.length; i++) payload[i] = (i + 8) & 0xff;
  return isIpv4(source) && isIpv4(destination)
    ? request4({ source, destination }, echo, payload)
    : request6(
        { source: source as Ipv6Address, destination: destination as Ipv6Address },
        echo,
        payload,
      );
}

/**
 * The requests of one conversation: everything but their number is the same, so it is written once. Their bytes are those of
 * `echoRequest`.
 */
export class EchoConversation {
  readonly #packet: Uint8Array;
  /** Where the number stands, each with the sum of the other words that its checksum covers. */
  readonly #places: readonly (Place & { readonly sum: number })[];

  constructor(options: {
    readonly source: IpAddress;
    readonly destination: IpAddress;
    readonly identifier: number;
    readonly size: number;
  }) {
    const { identifier, ...rest } = options;
    const packet = echoRequest({ ...rest, echo: { identifier, sequence: 0 } });
    this.#packet = packet;
    const places = isIpv4(options.source) ? PLACES_4 : PLACES_6;
    this.#places = places.map((one) => ({ ...one, sum: ~readWord(packet, one.checksum) & 0xffff }));
  }

  /** The request with that number, valid until the next one is asked for; `sendIp` copies it. */
  request(sequence: number): Uint8Array {
    const packet = this.#packet;
    for (const place of this.#places) {
      writeWord(packet, place.number, sequence);
      // RFC 1624; carries come around once.
      const sum = place.sum + sequence;
      writeWord(packet, place.checksum, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
    }
    return packet;
  }
}

interface Place {
  readonly number: number;
  readonly checksum: number;
}

/** IPv4: identification and header checksum, sequence number and ICMP checksum. */
const PLACES_4: readonly Place[] = [
  { number: 4, checksum: 10 },
  { number: IPV4_HEADER_LENGTH + 6, checksum: IPV4_HEADER_LENGTH + 2 },
];
/** IPv6: sequence number and ICMPv6 checksum. */
const PLACES_6: readonly Place[] = [
  { number: IPV6_HEADER_LENGTH + 6, checksum: IPV6_HEADER_LENGTH + 2 },
];

function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

function request4(
  between: { readonly source: Ipv4Address; readonly destination: Ipv4Address },
  echo: Echo,
  payload: Uint8Array,
): Uint8Array {
  const totalLength = IPV4_HEADER_LENGTH + ICMP_HEADER_LENGTH + payload.length;
  const packet = newFrame(totalLength);
  const header = {
    ...between,
    tos: 0,
    totalLength,
    identification: echo.sequence,
    flags: IPV4_DONT_FRAGMENT,
    fragmentOffset: 0,
    ttl: TTL,
    protocol: PROTOCOL_ICMP,
    options: NO_OPTIONS,
  };
  const at = encodeIpv4Header(header, packet, 0);
  encodeIcmp({ kind: 'echo-request', ...echo, payload }, packet, at);
  return packet;
}

function request6(
  between: { readonly source: Ipv6Address; readonly destination: Ipv6Address },
  echo: Echo,
  payload: Uint8Array,
): Uint8Array {
  const payloadLength = ICMP_HEADER_LENGTH + payload.length;
  const packet = newFrame(IPV6_HEADER_LENGTH + payloadLength);
  const header = {
    ...between,
    trafficClass: 0,
    flowLabel: 0,
    payloadLength,
    nextHeader: PROTOCOL_ICMPV6,
    hopLimit: TTL,
  };
  const at = encodeIpv6Header(header, packet, 0);
  const sum = addressSum(between.source, between.destination);
  encodeIcmpv6({ code: 0, kind: 'echo-request', ...echo, payload }, packet, at, sum);
  return packet;
}

/** Whose answers are looked for. */
export interface Asked {
  readonly address: IpAddress;
  readonly identifier: number;
}

/** The number of the request that an IP packet at `at` answers; `undefined` for any other packet. */
export function answeredSequence(bytes: Uint8Array, at: number, asked: Asked): number | undefined {
  return isIpv4(asked.address)
    ? answered4(bytes, at, asked.address, asked.identifier)
    : answered6(bytes, at, asked.address, asked.identifier);
}

function answered4(
  bytes: Uint8Array,
  at: number,
  address: Ipv4Address,
  identifier: number,
): number | undefined {
  if (checkIpv4Header(bytes, at, bytes.length) !== undefined) return undefined;
  if (readIpv4Source(bytes, at) !== address) return undefined;
  const body = at + ipv4HeaderLength(bytes, at);
  if (readEchoType(bytes, body) !== ICMP_ECHO_REPLY) return undefined;
  if (readEchoIdentifier(bytes, body) !== identifier) return undefined;
  if (checkIcmp(bytes, body, at + readIpv4TotalLength(bytes, at)) !== undefined) return undefined;
  return readEchoSequence(bytes, body);
}

function answered6(
  bytes: Uint8Array,
  at: number,
  address: Ipv6Address,
  identifier: number,
): number | undefined {
  if (checkIpv6Header(bytes, at, bytes.length) !== undefined) return undefined;
  const source = readIpv6Source(bytes, at);
  if (source !== address) return undefined;
  const body = at + IPV6_HEADER_LENGTH;
  const end = body + readIpv6PayloadLength(bytes, at);
  const sum = addressSum(source, readIpv6Destination(bytes, at));
  const message = decodeIcmpv6(bytes, body, end, sum);
  if (typeof message === 'string' || message.kind !== 'echo-reply') return undefined;
  return message.identifier === identifier ? message.sequence : undefined;
}
