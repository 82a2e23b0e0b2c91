/**
 * ICMP and ICMPv6 echo over a raw socket: what `ping` and the traffic of scenarios stand on. It
 * sends requests and hands over replies and errors about them; counting, waiting and words are its
 * users'.
 */

import { addressSum } from '../../daemon/wire/checksum.ts';
import { decodeIcmp, encodeIcmp, type IcmpMessage, icmpLength } from '../../daemon/wire/icmp.ts';
import {
  decodeIcmpv6,
  encodeIcmpv6,
  type Icmpv6Message,
  icmpv6Length,
} from '../../daemon/wire/icmpv6.ts';
import { type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import {
  encodeIpv4Header,
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  NO_OPTIONS,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import {
  encodeIpv6Header,
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6HopLimit,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import type { Ipv6Address } from '../../daemon/wire/ipv6-address.ts';
import { type MacAddress, readMac } from '../../daemon/wire/mac-address.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { RawSocket, SocketError } from '../kernel/socket-api.ts';

/** An answer to a request. */
export interface EchoReply {
  readonly sequence: number;
  readonly from: IpAddress;
  readonly ttl: number;
  /** Octets of ICMP header and payload. */
  readonly length: number;
  /** Who sent the frame; `undefined` when it came without Ethernet (from the host itself). */
  readonly mac: MacAddress | undefined;
}

/** An error about a request. */
export interface EchoError {
  readonly sequence: number;
  readonly from: IpAddress;
  /** ping's words: `Destination Host Unreachable`. */
  readonly text: string;
}

/** What `ping -M` takes. */
export type PathMtuDiscovery = 'do' | 'want' | 'dont';

/** Type, code, checksum, identifier and sequence number. */
const ECHO_HEADER_LENGTH = 8;
/** Most octets of an IPv4 packet; of IPv6 of the payload. */
const LENGTH_MAX = 65_535;

/** What an echo socket is opened with. */
export interface EchoOptions {
  readonly kernel: KernelApi;
  readonly destination: IpAddress;
  /** Source address; default: what the route says, asked anew for each request. */
  readonly source?: IpAddress;
  /** SO_BINDTODEVICE. */
  readonly link?: string;
  readonly identifier: number;
  readonly ttl: number;
  /** IP_MTU_DISCOVER: 'do' never cuts here, 'dont' lets routers cut; 'want', Linux' default, by default. */
  readonly discovery?: PathMtuDiscovery;
  readonly onReply: (reply: EchoReply) => void;
  readonly onError: (error: EchoError) => void;
}

const UNREACHABLE_TEXTS: readonly string[] = [
  'Destination Net Unreachable',
  'Destination Host Unreachable',
  'Destination Protocol Unreachable',
  'Destination Port Unreachable',
  'Frag needed and DF set',
  'Source Route Failed',
  'Destination Net Unknown',
  'Destination Host Unknown',
  'Source Host Isolated',
  'Destination Net Prohibited',
  'Destination Host Prohibited',
  'Destination Net Unreachable for Type of Service',
  'Destination Host Unreachable for Type of Service',
  'Packet filtered',
  'Precedence Violation',
  'Precedence Cutoff',
];
const UNREACHABLE_V6_TEXTS: readonly string[] = [
  'Destination unreachable: No route',
  'Destination unreachable: Administratively prohibited',
  'Destination unreachable: Beyond scope of source address',
  'Destination unreachable: Address unreachable',
  'Destination unreachable: Port unreachable',
];

/** An open echo socket. */
export class EchoSocket {
  readonly #options: EchoOptions;
  readonly #socket: RawSocket | undefined;
  #identification = 1;

  /** `openError` says why it could not be opened. */
  readonly openError: SocketError | undefined;

  constructor(options: EchoOptions) {
    this.#options = options;
    const isV4 = isIpv4(options.destination);
    const socket = options.kernel.openRaw({
      family: isV4 ? 'inet' : 'inet6',
      protocol: isV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
      ...(options.link === undefined ? {} : { link: options.link }),
      onPacket: (bytes, at) => (isV4 ? this.#hearV4(bytes, at) : this.#hearV6(bytes, at)),
    });
    if (typeof socket === 'string') this.openError = socket;
    else {
      this.#socket = socket;
      this.openError = undefined;
    }
  }

  /** The address that requests leave from now; `undefined` without a route. */
  sourceNow(): IpAddress | undefined {
    const { kernel, destination, source, link } = this.#options;
    return source ?? kernel.routeTo(destination, undefined, link)?.source;
  }

  /** Why there is no way to the destination. */
  routeError(): SocketError | undefined {
    const { kernel, destination, source, link } = this.#options;
    return kernel.routeError(destination, source, link);
  }

  /** Octets of the largest packet that can leave towards the destination as it stands. */
  mtu(): number {
    const { kernel, destination, source, link } = this.#options;
    return Math.min(LENGTH_MAX, kernel.routeTo(destination, source, link)?.mtu ?? LENGTH_MAX);
  }

  /** Sends one request with `size` octets of payload; EMSGSIZE when it is too long, EINVAL when it could never be sent. */
  send(sequence: number, size: number): SocketError | undefined {
    const { kernel, destination, identifier, link } = this.#options;
    const source = this.sourceNow();
    if (source === undefined) return 'ENETUNREACH';
    if (isIpv4(destination) && ECHO_HEADER_LENGTH + size > LENGTH_MAX) return 'EINVAL';
    if (size > this.#sizeMax()) return 'EMSGSIZE';
    const message = { kind: 'echo-request', identifier, sequence, payload: pattern(size) } as const;
    const packet =
      isIpv4(destination) && isIpv4(source)
        ? this.#packetV4(message, source, destination)
        : this.#packetV6(
            { code: 0, ...message },
            source as Ipv6Address,
            destination as Ipv6Address,
          );
    return kernel.sendIp(packet, link, true);
  }

  /** Octets of payload that one request can carry. */
  #sizeMax(): number {
    const { destination, discovery } = this.#options;
    const isV4 = isIpv4(destination);
    const headers = ECHO_HEADER_LENGTH + (isV4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH);
    if (discovery === 'do') return this.mtu() - headers;
    return LENGTH_MAX - (isV4 ? headers : ECHO_HEADER_LENGTH);
  }

  /** IP_PMTUDISC_WANT: what fits must not be cut on its way, what does not fit is cut here. */
  #flagsFor(totalLength: number, source: Ipv4Address): number {
    const { kernel, destination, link, discovery } = this.#options;
    if (discovery === 'dont') return 0;
    if (discovery === 'do') return IPV4_DONT_FRAGMENT;
    if (kernel.sysctl('net.ipv4.ip_no_pmtu_disc') !== '0') return 0;
    const mtu = kernel.routeTo(destination, source, link)?.mtu;
    return mtu === undefined || totalLength <= mtu ? IPV4_DONT_FRAGMENT : 0;
  }

  close(): void {
    this.#socket?.close();
  }

  #packetV4(message: IcmpMessage, source: Ipv4Address, destination: Ipv4Address): Uint8Array {
    const totalLength = IPV4_HEADER_LENGTH + icmpLength(message);
    const packet = new Uint8Array(totalLength);
    const at = encodeIpv4Header(
      {
        tos: 0,
        totalLength,
        identification: this.#identification++ & 0xffff,
        flags: this.#flagsFor(totalLength, source),
        fragmentOffset: 0,
        ttl: this.#options.ttl,
        protocol: PROTOCOL_ICMP,
        source,
        destination,
        options: NO_OPTIONS,
      },
      packet,
      0,
    );
    encodeIcmp(message, packet, at);
    return packet;
  }

  #packetV6(message: Icmpv6Message, source: Ipv6Address, destination: Ipv6Address): Uint8Array {
    const payloadLength = icmpv6Length(message);
    const packet = new Uint8Array(IPV6_HEADER_LENGTH + payloadLength);
    const header = {
      trafficClass: 0,
      flowLabel: 0,
      payloadLength,
      nextHeader: PROTOCOL_ICMPV6,
      hopLimit: this.#options.ttl,
      source,
      destination,
    };
    const at = encodeIpv6Header(header, packet, 0);
    encodeIcmpv6(message, packet, at, addressSum(source, destination));
    return packet;
  }

  #hearV4(bytes: Uint8Array, at: number): void {
    const start = at + ipv4HeaderLength(bytes, at);
    const end = Math.min(at + readIpv4TotalLength(bytes, at), bytes.length);
    const message = decodeIcmp(bytes, start, end);
    if (typeof message === 'string') return;
    const from = readIpv4Source(bytes, at);
    if (message.kind === 'echo-reply') {
      if (message.identifier !== this.#options.identifier) return;
      const mac = macInFrontOf(bytes, at);
      const ttl = readIpv4Ttl(bytes, at);
      this.#options.onReply({ sequence: message.sequence, from, ttl, length: end - start, mac });
      return;
    }
    if (message.kind !== 'destination-unreachable' && message.kind !== 'time-exceeded') return;
    const sequence = this.#quotedSequence(message.quoted);
    if (sequence === undefined) return;
    const text =
      message.kind === 'time-exceeded'
        ? 'Time to live exceeded'
        : (UNREACHABLE_TEXTS[message.code] ?? `Dest Unreachable, Bad Code: ${message.code}`);
    this.#options.onError({ sequence, from, text });
  }

  /** The sequence number of the request that an error quotes, when it is one of ours. */
  #quotedSequence(quoted: Uint8Array): number | undefined {
    if (quoted.length < IPV4_HEADER_LENGTH + 8 || readIpv4Protocol(quoted, 0) !== PROTOCOL_ICMP)
      return undefined;
    if (readIpv4Destination(quoted, 0) !== this.#options.destination) return undefined;
    return this.#sequenceAt(quoted, ipv4HeaderLength(quoted, 0));
  }

  #hearV6(bytes: Uint8Array, at: number): void {
    const found = findIpv6Payload(bytes, at);
    if (typeof found === 'string') return;
    const from = readIpv6Source(bytes, at);
    const addresses = addressSum(from, readIpv6Destination(bytes, at));
    const end = at + IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
    const message = decodeIcmpv6(bytes, found.at, end, addresses);
    if (typeof message === 'string') return;
    if (message.kind === 'echo-reply') {
      if (message.identifier !== this.#options.identifier) return;
      const ttl = readIpv6HopLimit(bytes, at);
      const mac = macInFrontOf(bytes, at);
      // iputils' ping tells the kernel that the neighbour lives, over IPv6 only (recording S13).
      this.#options.kernel.confirmNeighbour(from);
      this.#options.onReply({ sequence: message.sequence, from, ttl, length: end - found.at, mac });
      return;
    }
    const text = errorTextV6(message);
    if (text === undefined || !('quoted' in message)) return;
    const { quoted } = message;
    const payload = quoted.length < IPV6_HEADER_LENGTH ? undefined : findIpv6Payload(quoted, 0);
    if (payload === undefined || typeof payload === 'string') return;
    const sequence = this.#sequenceAt(quoted, payload.at);
    if (sequence === undefined) return;
    this.#options.onError({ sequence, from, text });
  }

  #sequenceAt(quoted: Uint8Array, at: number): number | undefined {
    if (quoted.length < at + 8) return undefined;
    const identifier = ((quoted[at + 4] as number) << 8) | (quoted[at + 5] as number);
    if (identifier !== this.#options.identifier) return undefined;
    return ((quoted[at + 6] as number) << 8) | (quoted[at + 7] as number);
  }
}

/** What ping says to an error. Source: iputils 20221126, ping6_common.c, print_icmp. */
function errorTextV6(message: Icmpv6Message): string | undefined {
  switch (message.kind) {
    case 'destination-unreachable': {
      const { code } = message;
      return UNREACHABLE_V6_TEXTS[code] ?? `Destination unreachable: Unknown code ${code}`;
    }
    case 'packet-too-big':
      return `Packet too big: mtu=${message.parameter}`;
    case 'time-exceeded':
      return message.code === 0
        ? 'Time exceeded: Hop limit'
        : 'Time exceeded: Defragmentation failure';
    default:
      return undefined;
  }
}

/** The source of the Ethernet frame around an IP packet; loopback has no such thing. */
function macInFrontOf(bytes: Uint8Array, at: number): MacAddress | undefined {
  if (at < 14) return undefined;
  const mac = readMac(bytes, at - 8);
  return mac === 0 ? undefined : mac;
}

/** ping's payload counts up: 0, 1, 2 … */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i & 0xff;
  return bytes;
}
