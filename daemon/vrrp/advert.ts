/**
 * Building and sending adverts, header included.
 *
 * IPv4: TOS 0xc0, TTL 255 (unicast_ttl to peers), identification counting up per advert (recording
 * S01). With AH the sequence number counts up too. Without, only the identification changes from one advert to the next, so
 * the last one is kept and numbered anew, as keepalived does. Read RFC 9568 section 5.
 */

import type { TimeUs } from '../base/time.ts';
import { AH_HEADER_LENGTH, AH_ICV_LENGTH, encodeAh, signAh } from '../wire/ah.ts';
import { addressSum, internetChecksum, pseudoHeaderSum } from '../wire/checksum.ts';
import { writeUint16 } from '../wire/integers.ts';
import type { IpAddress } from '../wire/ip-address.ts';
import {
  encodeIpv4Header,
  IPV4_HEADER_LENGTH,
  NO_OPTIONS,
  PROTOCOL_AH,
  PROTOCOL_VRRP,
  writeIpv4Identification,
} from '../wire/ipv4.ts';
import type { Ipv4Address } from '../wire/ipv4-address.ts';
import type { Ipv6Address } from '../wire/ipv6-address.ts';
import { readIpv6 } from '../wire/ipv6-address.ts';
import {
  VRRP_AUTH_AH,
  VRRP_AUTH_NONE,
  VRRP_AUTH_PASS,
  VRRP_TTL,
  VRRP_TYPE_ADVERTISEMENT,
} from '../wire/vrrp-header.ts';
import { encodeVrrpV2, NO_AUTH_DATA, vrrpV2Length } from '../wire/vrrp-v2.ts';
import { encodeVrrpV3, vrrpV3Length } from '../wire/vrrp-v3.ts';
import { nextSequence, sign, trailerLength } from './auth-hmac.ts';
import { instanceText } from './log-text.ts';
import { addressInterface, outInterface } from './source-address.ts';
import { writeIpv6Header } from './unsolicited-na.ts';
import type { AddressView } from './vrrp-actions.ts';
import type { VrrpInstanceConfig } from './vrrp-config.ts';
import { type Instance, isUnicast, log, type VrrpMachine } from './vrrp-machine.ts';

/** Class "internetwork control": DSCP 48. */
const TRAFFIC_CLASS = 0xc0;
const IPV6_HEADER_LENGTH = 40;
const MICROSECONDS_PER_CENTISECOND = 10_000;
const MICROSECONDS_PER_SECOND = 1_000_000;
/** An AH sequence number never wraps: here it stays, until the router becomes MASTER anew and counts from the beginning. */
const AH_SEQUENCE_MAX = 0xffff_fffe;
const CHECKSUM_AT = 6;
const NO_ICV = new Uint8Array(AH_ICV_LENGTH);

/** Sends one advert with `priority`, to the group or as one copy to each peer. */
export function sendAdvert(
  machine: VrrpMachine,
  instance: Instance,
  priority: number,
  now: TimeUs,
): void {
  instance.statistics.advertsSent++;
  const { source, config } = instance;
  if (source === undefined) return;
  const interfaceName = outInterface(machine, instance);
  countPacket(instance);
  if (!maySendFrom(machine, instance, source)) {
    const { name } = config;
    if (!isUnicast(config)) log(machine, instanceText.cannotSendToGroup(name));
    for (const peer of config.unicastPeers)
      log(machine, instanceText.cannotSend(name, peer.address));
    return;
  }
  const destinations = isUnicast(config)
    ? config.unicastPeers.map((peer) => peer.address)
    : [config.multicastGroup];
  let sequence: bigint | undefined;
  for (const destination of destinations) {
    const packet = buildAdvert(instance, { priority, source, destination });
    if (trailerLength(config) > 0) {
      const isNew = sequence === undefined || machine.settings.authHmacFormat !== 'draft';
      if (isNew) sequence = nextSequence(machine, instance, machine.host.wallClockUs(now));
      const vrrpAt = typeof destination === 'number' ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
      finishTrailer(machine, instance, { packet, vrrpAt, sequence: sequence ?? 0n });
    }
    machine.actions.push({ kind: 'ip-send', interface: interfaceName, packet });
  }
}

/** Signs, and for IPv6 writes the checksum that the kernel writes there: over the trailer, too. */
function finishTrailer(
  machine: VrrpMachine,
  instance: Instance,
  given: { readonly packet: Uint8Array; readonly vrrpAt: number; readonly sequence: bigint },
): void {
  const { packet, vrrpAt } = given;
  if (vrrpAt === IPV6_HEADER_LENGTH) packet.set([0, 0], vrrpAt + CHECKSUM_AT);
  sign(machine, instance, given);
  if (vrrpAt !== IPV6_HEADER_LENGTH) return;
  const addresses = addressSum(readIpv6(packet, 8), readIpv6(packet, 24));
  const length = packet.length - vrrpAt;
  const sum = pseudoHeaderSum({ addresses, protocol: PROTOCOL_VRRP, length });
  writeUint16(internetChecksum(packet, vrrpAt, length, sum), packet, vrrpAt + CHECKSUM_AT);
}

/**
 * The kernel takes an IPv6 source only while the host has it: an interface that was set down has lost it for good
 * (test/reference/traces-own/v6-admin-down, v6-unicast-admin). IPv4 headers are the daemon's own, and nobody asks.
 */
function maySendFrom(machine: VrrpMachine, instance: Instance, source: IpAddress): boolean {
  if (typeof source === 'number') return true;
  const isUsable = (one: AddressView) => one.address === source && one.tentative !== true;
  const own = machine.host.interfaceNamed(addressInterface(instance) ?? '');
  if (own?.addresses.some(isUsable) === true) return true;
  return machine.host.interfaces().some((link) => link.addresses.some(isUsable));
}

/** Where one advert goes, and what it says. */
export interface AdvertOptions {
  readonly priority: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

/** An advert that was sent, and what it was built from; a reload replaces the configuration. */
export interface BuiltAdvert {
  readonly config: VrrpInstanceConfig;
  readonly priority: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly oldUnicastChecksum: boolean;
  readonly packet: Uint8Array;
}

/** One whole IP packet; identification and sequence number are the instance's present ones. */
export function buildAdvert(instance: Instance, options: AdvertOptions): Uint8Array {
  const { priority, source, destination } = options;
  if (typeof source !== 'number' || typeof destination !== 'number') {
    return buildInet6(instance, options);
  }
  const { config, builtAdvert: built, oldUnicastChecksum } = instance;
  const isAsBuilt =
    built !== undefined &&
    built.config === config &&
    built.priority === priority &&
    built.source === source &&
    built.destination === destination &&
    built.oldUnicastChecksum === oldUnicastChecksum;
  if (isAsBuilt) return numberAnew(built.packet, instance.packetId);
  const packet = buildInet(instance, priority, source, destination);
  if (config.authentication?.type !== 'AH' && trailerLength(config) === 0) {
    const kept = { config, priority, source, destination, oldUnicastChecksum };
    instance.builtAdvert = { ...kept, packet: packet.slice() };
  }
  return packet;
}

/** The same packet with another identification. */
function numberAnew(packet: Uint8Array, identification: number): Uint8Array {
  const copy = packet.slice();
  writeIpv4Identification(identification, copy, 0);
  return copy;
}

function countPacket(instance: Instance): void {
  instance.packetId = instance.packetId === 0xffff ? 1 : instance.packetId + 1;
  if (instance.config.authentication?.type !== 'AH') return;
  if (instance.ahSequence >= AH_SEQUENCE_MAX) instance.ahCycle = true;
  else instance.ahSequence++;
}

function buildInet(
  instance: Instance,
  priority: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): Uint8Array {
  const { config } = instance;
  const withAh = config.authentication?.type === 'AH';
  const count = config.addresses.length;
  const vrrpLength = config.version === 2 ? vrrpV2Length(count) : vrrpV3Length(count, 'inet');
  const totalLength =
    IPV4_HEADER_LENGTH + (withAh ? AH_HEADER_LENGTH : 0) + vrrpLength + trailerLength(config);
  const packet = new Uint8Array(totalLength);
  let at = encodeIpv4Header(
    {
      tos: TRAFFIC_CLASS,
      totalLength,
      identification: instance.packetId,
      flags: 0,
      fragmentOffset: 0,
      ttl: isUnicast(config) ? config.unicastTtl : VRRP_TTL,
      protocol: withAh ? PROTOCOL_AH : PROTOCOL_VRRP,
      source,
      destination,
      options: NO_OPTIONS,
    },
    packet,
    0,
  );
  if (withAh) {
    const sequence = instance.ahSequence;
    at = encodeAh({ nextHeader: PROTOCOL_VRRP, spi: source, sequence, icv: NO_ICV }, packet, at);
  }
  if (config.version === 2) writeV2(instance, priority, packet, at);
  else writeV3(instance, priority, packet, at, v3Checksum(instance, source, destination));
  if (withAh && config.authentication !== undefined) {
    signAh(packet, 0, { key: config.authentication.key, unicast: isUnicast(config) });
  }
  return packet;
}

/**
 * What the v3 checksum of IPv4 covers; with the old unicast checksum the pseudo header names the
 * group.
 */
function v3Checksum(
  instance: Instance,
  source: Ipv4Address,
  destination: Ipv4Address,
): number | 'as-v2' {
  if (instance.config.v3ChecksumAsV2) return 'as-v2';
  const group = instance.config.multicastGroup;
  return addressSum(source, instance.oldUnicastChecksum ? group : destination);
}

function writeV2(instance: Instance, priority: number, packet: Uint8Array, at: number): void {
  const { config } = instance;
  encodeVrrpV2(
    {
      version: 2,
      type: VRRP_TYPE_ADVERTISEMENT,
      vrid: config.vrid,
      priority,
      addresses: config.addresses.map((vip) => vip.address as Ipv4Address),
      authType: authTypeOf(instance),
      advertIntervalSeconds: Math.trunc(config.advertInterval / MICROSECONDS_PER_SECOND),
      authData: config.authentication?.type === 'PASS' ? config.authentication.key : NO_AUTH_DATA,
    },
    packet,
    at,
  );
}

function writeV3(
  instance: Instance,
  priority: number,
  packet: Uint8Array,
  at: number,
  checksum: number | 'as-v2',
): void {
  const { config } = instance;
  encodeVrrpV3(
    {
      version: config.version,
      type: VRRP_TYPE_ADVERTISEMENT,
      vrid: config.vrid,
      priority,
      addresses: config.addresses.map((vip) => vip.address),
      reserved: 0,
      // Version 2 over IPv6 keeps its seconds in the low octet of the same word.
      advertIntervalCentiseconds: Math.trunc(
        config.advertInterval /
          (config.version === 2 ? MICROSECONDS_PER_SECOND : MICROSECONDS_PER_CENTISECOND),
      ),
    },
    packet,
    at,
    checksum,
  );
}

/**
 * keepalived sets a hop limit for groups only: to IPv6 peers packets leave with the kernel's own,
 * whatever unicast_ttl says (test/reference/traces-own/v6-unicast).
 */
const UNICAST_HOP_LIMIT = 64;

/** IPv6: version 2 keeps its own header words and has no authentication field. */
function buildInet6(instance: Instance, options: AdvertOptions): Uint8Array {
  const { config } = instance;
  const length = vrrpV3Length(config.addresses.length, 'inet6') + trailerLength(config);
  const packet = new Uint8Array(IPV6_HEADER_LENGTH + length);
  const at = writeIpv6Header(packet, 0, {
    trafficClass: TRAFFIC_CLASS,
    length,
    next: PROTOCOL_VRRP,
    hopLimit: isUnicast(config) ? UNICAST_HOP_LIMIT : VRRP_TTL,
    source: options.source as Ipv6Address,
    destination: options.destination as Ipv6Address,
  });
  const checksum = addressSum(options.source, options.destination);
  writeV3(instance, options.priority, packet, at, checksum);
  return packet;
}

/** The authentication type as the wire numbers it. */
export function authTypeOf(instance: Instance): number {
  const type = instance.config.authentication?.type;
  if (type === 'PASS') return VRRP_AUTH_PASS;
  return type === 'AH' ? VRRP_AUTH_AH : VRRP_AUTH_NONE;
}
