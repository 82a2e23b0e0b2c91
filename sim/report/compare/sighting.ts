/**
 * What one frame says to somebody who compares two networks: an advert, an announcement of an address, a question or an
 * answer of ARP and neighbour discovery. Two sightings with the same key are the same thing happening; their details say
 * whether it happened the same way.
 */

import { ARP_REPLY, decodeArp } from '../../../daemon/wire/arp.ts';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
  readEtherType,
  readSourceMac,
} from '../../../daemon/wire/ethernet.ts';
import { formatIp, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import { readIpv6Source } from '../../../daemon/wire/ipv6.ts';
import { readIpv6 } from '../../../daemon/wire/ipv6-address.ts';
import { formatMac, type MacAddress } from '../../../daemon/wire/mac-address.ts';
import { type AdvertSight, findAdvert } from '../../../daemon/wire/vrrp-sight.ts';

/** Kinds of things that are compared, by the names that `--kinds` takes. */
export const SIGHTING_KINDS = ['adverts', 'announcements', 'answers', 'requests'] as const;

/** One of the kinds. */
export type SightingKind = (typeof SIGHTING_KINDS)[number];

/** One thing that was seen. */
export interface Sighting {
  readonly kind: SightingKind;
  /** µs on the clock of its own network. */
  readonly at: number;
  /** What happened, without how: `advert of VRID 51 from 10.0.0.1`. */
  readonly key: string;
  /** How: `priority 100, version 2`; '' when the key says all, and until MACs are named. */
  readonly detail: string;
  /** The address that an announcement, question or answer is about. */
  readonly about: IpAddress | undefined;
  readonly mac: MacAddress;
  /** Of an advert: its group, and how often it says it comes (µs). */
  readonly advert?: Pick<AdvertSight, 'family' | 'vrid' | 'priority' | 'intervalUs'>;
  /** The sender's own address, where the frame tells it. */
  readonly source: IpAddress | undefined;
}

const ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;

/** What a frame says; `undefined` for all others. */
export function sightingOf(frame: Uint8Array, at: number): Sighting | undefined {
  if (frame.length < ETHERNET_HEADER_LENGTH) return undefined;
  const advert = findAdvert(frame);
  const mac = readSourceMac(frame);
  if (advert !== undefined) {
    const { vrid, source, version, priority, addresses, family, intervalUs } = advert;
    const list = [...addresses].map((one) => formatIp(one)).sort(compareText);
    return {
      kind: 'adverts',
      at,
      key: `advert of VRID ${vrid} from ${formatIp(source)}`,
      detail: `VRRPv${version}, priority ${priority}, ${list.join(' ')}`,
      about: undefined,
      mac,
      advert: { family, vrid, priority, intervalUs },
      source,
    };
  }
  if (readEtherType(frame) === ETHERTYPE_ARP) return arpSighting(frame, at, mac);
  return readEtherType(frame) === ETHERTYPE_IPV6 ? ndSighting(frame, at, mac) : undefined;
}

function arpSighting(frame: Uint8Array, at: number, mac: MacAddress): Sighting | undefined {
  const packet = decodeArp(frame, ETHERNET_HEADER_LENGTH, frame.length);
  if (typeof packet === 'string') return undefined;
  const { senderProtocolAddress: sender, targetProtocolAddress: target } = packet;
  if (sender === target) return announcement(sender, at, mac);
  if (packet.operation === ARP_REPLY) return answer(sender, at, mac);
  return request(target, { at, mac, source: sender });
}

function ndSighting(frame: Uint8Array, at: number, mac: MacAddress): Sighting | undefined {
  const ip = ETHERNET_HEADER_LENGTH;
  if (frame.length < ip + 64 || frame[ip + 6] !== ICMPV6) return undefined;
  const type = frame[ip + 40];
  const target = readIpv6(frame, ip + 48);
  const source = readIpv6Source(frame, ip);
  if (type === SOLICITATION) return request(target, { at, mac, source });
  if (type !== ADVERTISEMENT) return undefined;
  const isSolicited = ((frame[ip + 44] as number) & 0x40) !== 0;
  return isSolicited ? answer(target, at, mac) : announcement(target, at, mac);
}

function announcement(about: IpAddress, at: number, mac: MacAddress): Sighting {
  const key = `announcement of ${formatIp(about)}`;
  return { kind: 'announcements', at, key, detail: '', about, mac, source: undefined };
}

function answer(about: IpAddress, at: number, mac: MacAddress): Sighting {
  const key = `answer for ${formatIp(about)}`;
  return { kind: 'answers', at, key, detail: '', about, mac, source: about };
}

function request(
  about: IpAddress,
  from: { readonly at: number; readonly mac: MacAddress; readonly source: IpAddress },
): Sighting {
  const key = `question for ${formatIp(about)} by ${formatIp(from.source)}`;
  return { kind: 'requests', ...from, key, detail: '', about };
}

/**
 * Sightings of one network with names for its stations: MACs differ between reality and twin, so a station is called by the
 * address that it has of its own, one that no advert claims.
 */
export function nameStations(sightings: readonly Sighting[]): readonly Sighting[] {
  const virtual = virtualAddresses(sightings);
  const names = new Map<MacAddress, string>();
  // Both networks must choose the same of several addresses: first what adverts come from, then IPv4, then IPv6.
  const rounds: readonly ((one: Sighting) => boolean)[] = [
    (one) => one.kind === 'adverts',
    (one) => typeof one.source === 'number',
    () => true,
  ];
  for (const isAsked of rounds) {
    for (const one of sightings) {
      const { mac, source } = one;
      if (source === undefined || source === 0 || source === 0n || !isAsked(one)) continue;
      if (!names.has(mac) && !virtual.has(formatIp(source))) names.set(mac, formatIp(source));
    }
  }
  return sightings.map((one) =>
    one.kind === 'announcements' || one.kind === 'answers'
      ? { ...one, detail: `by ${names.get(one.mac) ?? formatMac(one.mac)}` }
      : one,
  );
}

/** The addresses that adverts speak of, as text. */
export function virtualAddresses(sightings: readonly Sighting[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const one of sightings) {
    if (one.kind !== 'adverts') continue;
    for (const address of one.detail.split(', ').at(-1)?.split(' ') ?? []) found.add(address);
  }
  return found;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
