/**
 * The checks of a received advert, in keepalived 2.2.7's order, with one log line for a refusal.
 *
 * | check               | refused when                              | counter              |
 * |---------------------|-------------------------------------------|----------------------|
 * | length              | not what count and header add up to       | packetLengthErrors   |
 * | TTL                 | not 255, multicast only                   | ttlErrors            |
 * | version             | not the own                               |                      |
 * | auth type           | not 0..2 / not the own                    | invalidAuthType, …   |
 * | password, AH        | different                                 | authFailures         |
 * | interval (v2)       | not the own                               | advertIntervalErrors |
 * | packet type         | not 1                                     | invalidTypeReceived  |
 * | number of addresses | not the own                               | addressListErrors    |
 * | IP length           | not what arrived                          | packetLengthErrors   |
 * | checksum            | wrong                                     |                      |
 * | cast                | unicast where multicast is due, reverse   | addressListErrors    |
 * | addresses           | an own VIP is missing                     | addressListErrors    |
 * | unicast source, TTL | not a peer, or out of its range           | ttlErrors            |
 *
 * Plain VRRP and AH are two sockets, so that the two never meet needs no check here.
 * Source: RFC 9568 section 7.1; keepalived's order, section b.4 of the project's fact sheet.
 */

import type { TimeUs } from '../base/time.ts';
import { readAhNextHeader, readAhSequence, readAhSpi, verifyAh } from '../wire/ah.ts';
import { addressSum } from '../wire/checksum.ts';
import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import { isMulticastIpv4 } from '../wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../wire/ipv6-address.ts';
import { AUTH_TRAILER_LENGTH } from '../wire/vrrp-auth-trailer.ts';
import {
  readVrrpAddressCount,
  readVrrpAuthType,
  readVrrpIntervalCentiseconds,
  readVrrpIntervalSeconds,
  readVrrpIpv4,
  readVrrpIpv6,
  readVrrpPriority,
  readVrrpType,
  readVrrpVersion,
  VRRP_HEADER_LENGTH,
} from '../wire/vrrp-header.ts';
import { readVrrpV2AuthData, verifyVrrpV2Checksum } from '../wire/vrrp-v2.ts';
import { verifyVrrpV3Checksum } from '../wire/vrrp-v3.ts';
import { authTypeOf } from './advert.ts';
import { trailerFault } from './auth-hmac.ts';
import { isKnownAdvert, keepKnownAdvert } from './known-advert.ts';
import { refuseText } from './log-text.ts';
import { type Instance, isUnicast, log, type VrrpMachine } from './vrrp-machine.ts';

/** A received packet, taken apart as far as needed to find the instance. */
export interface ReceivedPacket {
  readonly bytes: Uint8Array;
  /**
   * Where the IP header begins, where the AH header, where the VRRP header, and where the packet
   * ends.
   */
  readonly at: number;
  readonly ahAt: number | undefined;
  readonly vrrpAt: number;
  readonly end: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly ttl: number;
  /** The length that the IP header claims. */
  readonly claimedEnd: number;
}

/** A refusal: a short fixed word for the report. */
export type Refusal = string;

/**
 * Checks everything; says why in the log and returns a word, or `undefined` when the advert is
 * good.
 */
export function checkAdvert(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  options: { readonly checkAddresses: boolean; readonly now: TimeUs },
): Refusal | undefined {
  const { checkAddresses } = options;
  const isKnown = isKnownAdvert(machine, instance, packet, checkAddresses);
  if (isKnown) instance.statistics.advertsReceived++;
  const refusal = isKnown ? undefined : checkAnew(machine, instance, packet, options);
  if (refusal === undefined) {
    if (!isKnown) keepKnownAdvert(machine, instance, packet, checkAddresses);
    const isLast = readVrrpPriority(packet.bytes, packet.vrrpAt) === 0;
    if (isLast) instance.statistics.priorityZeroReceived++;
  }
  return refusal;
}

function checkAnew(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  options: { readonly checkAddresses: boolean; readonly now: TimeUs },
): Refusal | undefined {
  return (
    checkEnvelope(machine, instance, packet) ??
    checkTrailer(machine, instance, packet, options.now) ??
    (instance.config.version === 2
      ? checkVersion2(machine, instance, packet)
      : tellInterval(machine, instance, packet)) ??
    checkContent(machine, instance, packet, options) ??
    checkAddressing(machine, instance, packet, options)
  );
}

function checkEnvelope(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config, statistics } = instance;
  const { received, expected } = lengths(instance, packet);
  const hasTrailer = config.authHmac !== undefined && received === expected + AUTH_TRAILER_LENGTH;
  if (received !== expected && !hasTrailer) {
    sayRefusal(machine, instance, packet, refuseText.length(config.name, received, expected));
    statistics.packetLengthErrors++;
    return 'length';
  }
  if (!isUnicast(config) && packet.ttl !== 255) {
    sayRefusal(machine, instance, packet, refuseText.ttl(config.name, packet.ttl));
    statistics.ttlErrors++;
    return 'ttl';
  }
  const version = readVrrpVersion(packet.bytes, packet.vrrpAt);
  if (version !== config.version) {
    sayRefusal(machine, instance, packet, refuseText.version(config.name, version, config.version));
    return 'version';
  }
  return undefined;
}

/** auth_hmac: behind version, in front of the old authentication; where 2.4 does it exactly is not known. */
function checkTrailer(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  now: TimeUs,
): Refusal | undefined {
  const { config, statistics } = instance;
  if (config.authHmac === undefined) return undefined;
  if (vrrpEnd(instance, packet) === packet.end) {
    if (config.authHmac.mode !== 'enforce') return undefined;
    sayRefusal(machine, instance, packet, refuseText.trailer(config.name, 'missing'));
    statistics.authFailures++;
    return 'auth-trailer';
  }
  const fault = trailerFault(machine, instance, packet, machine.host.wallClockUs(now));
  if (fault === undefined) return undefined;
  sayRefusal(machine, instance, packet, refuseText.trailer(config.name, fault));
  statistics.authFailures++;
  return 'auth-trailer';
}

/** Where the VRRP packet ends: before a trailer, if the instance knows of such. */
function vrrpEnd(instance: Instance, packet: ReceivedPacket): number {
  const { received, expected } = lengths(instance, packet);
  const isLonger = instance.config.authHmac !== undefined && received > expected;
  return isLonger ? packet.end - AUTH_TRAILER_LENGTH : packet.end;
}

/** The length follows from what the packet says of itself, not from the configuration. */
function lengths(
  instance: Instance,
  packet: ReceivedPacket,
): { readonly received: number; readonly expected: number } {
  const isInet = instance.config.family === 'inet';
  const count = readVrrpAddressCount(packet.bytes, packet.vrrpAt);
  const isVersion2 = readVrrpVersion(packet.bytes, packet.vrrpAt) === 2;
  const auth = isVersion2 && isInet ? 8 : 0;
  const vrrp = VRRP_HEADER_LENGTH + count * (isInet ? 4 : 16) + auth;
  // For IPv6 the kernel hands over what follows the IP header only.
  const from = isInet ? packet.at : packet.vrrpAt;
  return { received: packet.end - from, expected: packet.vrrpAt - from + vrrp };
}

/**
 * From 2.3.3 on another interval in a v3 advert is told; it is accepted all the same, since backups
 * follow the master's. Source: the list of changes of 2.3.3; the words are ours.
 */
function tellInterval(machine: VrrpMachine, instance: Instance, packet: ReceivedPacket): undefined {
  const { config } = instance;
  if (!machine.settings.tellsIntervalMismatch) return;
  const received = readVrrpIntervalCentiseconds(packet.bytes, packet.vrrpAt) * 10;
  const mine = Math.trunc(config.advertInterval / 1000);
  if (received === mine) return;
  sayRefusal(machine, instance, packet, refuseText.intervalV3(config.name, mine, received));
}

function checkVersion2(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config, statistics } = instance;
  const { bytes, vrrpAt } = packet;
  if (config.family === 'inet') {
    const refusal = checkAuthentication(machine, instance, packet);
    if (refusal !== undefined) return refusal;
  }
  const mine = Math.trunc(config.advertInterval / 1_000_000);
  const received = readVrrpIntervalSeconds(bytes, vrrpAt);
  if (config.advertInterval !== received * 1_000_000) {
    sayRefusal(machine, instance, packet, refuseText.interval(config.name, mine, received));
    statistics.advertIntervalErrors++;
    return 'interval';
  }
  return undefined;
}

function checkAuthentication(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config, statistics } = instance;
  const { bytes, vrrpAt } = packet;
  const type = readVrrpAuthType(bytes, vrrpAt);
  if (type > 2) {
    sayRefusal(machine, instance, packet, refuseText.invalidAuth(config.name, type));
    statistics.invalidAuthType++;
    return 'auth-type';
  }
  const expected = authTypeOf(instance);
  if (type !== expected) {
    sayRefusal(machine, instance, packet, refuseText.authMismatch(config.name, type, expected));
    statistics.authTypeMismatch++;
    return 'auth-type';
  }
  const { authentication } = config;
  if (authentication?.type === 'PASS') {
    if (sameBytes(readVrrpV2AuthData(bytes, vrrpAt), authentication.key)) return undefined;
    sayRefusal(machine, instance, packet, refuseText.password(config.name));
    statistics.authFailures++;
    return 'password';
  }
  if (authentication?.type !== 'AH' || packet.ahAt === undefined) return undefined;
  return checkAh(machine, instance, packet, packet.ahAt, authentication.key);
}

function checkAh(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  ahAt: number,
  key: Uint8Array,
): Refusal | undefined {
  const { bytes, source } = packet;
  const { name } = instance.config;
  // Somebody else's IPsec: not for us, and not worth a line.
  if (readAhNextHeader(bytes, ahAt) !== 112) return 'ah-protocol';
  const sequence = readAhSequence(bytes, ahAt);
  const spi = readAhSpi(bytes, ahAt);
  let text: string | undefined;
  const secret = { key, unicast: isUnicast(instance.config) };
  if (!verifyAh(bytes, packet.at, secret)) text = refuseText.ahDigest(name);
  else if (spi !== source) text = refuseText.ahSpi(spi, Number(source));
  else if (sequence <= instance.ahSequence) {
    text = refuseText.ahReplay(name, sequence, instance.ahSequence);
  }
  if (text !== undefined) {
    log(machine, text);
    instance.statistics.authFailures++;
    return 'ah';
  }
  instance.ahSequence = sequence;
  if (instance.state === 'BACKUP') instance.ahCycle = false;
  return undefined;
}

function checkContent(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  options: { readonly checkAddresses: boolean },
): Refusal | undefined {
  const { config, statistics } = instance;
  const { bytes, vrrpAt } = packet;
  const type = readVrrpType(bytes, vrrpAt);
  if (type !== 1) {
    sayRefusal(machine, instance, packet, refuseText.type(config.name, type));
    statistics.invalidTypeReceived++;
    return 'type';
  }
  const count = readVrrpAddressCount(bytes, vrrpAt);
  if (options.checkAddresses && count !== config.addresses.length && !acceptsMismatch(machine)) {
    sayRefusal(
      machine,
      instance,
      packet,
      refuseText.count(config.name, count, config.addresses.length),
    );
    statistics.addressListErrors++;
    return 'address-count';
  }
  if (config.family === 'inet' && packet.claimedEnd !== packet.end) {
    const claimed = packet.claimedEnd - packet.at;
    sayRefusal(
      machine,
      instance,
      packet,
      refuseText.ipLength(config.name, claimed, packet.end - packet.at),
    );
    statistics.packetLengthErrors++;
    return 'ip-length';
  }
  if (!checksumIsRight(instance, packet)) {
    sayRefusal(machine, instance, packet, refuseText.checksum(config.name, config.version));
    return 'checksum';
  }
  return undefined;
}

function checkAddressing(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  options: { readonly checkAddresses: boolean },
): Refusal | undefined {
  const { config, statistics } = instance;
  const { destination } = packet;
  const isMulticast =
    typeof destination === 'number' ? isMulticastIpv4(destination) : isMulticastIpv6(destination);
  if (isMulticast === isUnicast(config)) {
    sayRefusal(machine, instance, packet, refuseText.cast(config.name, isUnicast(config)));
    statistics.addressListErrors++;
    return 'cast';
  }
  statistics.advertsReceived++;
  if (!options.checkAddresses) return undefined;
  return checkVips(machine, instance, packet) ?? checkPeer(machine, instance, packet);
}

function checkVips(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config } = instance;
  for (const { address } of config.addresses) {
    if (carries(instance, packet, address)) continue;
    sayRefusal(machine, instance, packet, refuseText.address(config.name, config.vrid, address));
    instance.statistics.addressListErrors++;
    return acceptsMismatch(machine) ? undefined : 'addresses';
  }
  return undefined;
}

function checkPeer(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config } = instance;
  const checksTtl = config.unicastPeers.some(
    (peer) => peer.minTtl !== undefined || peer.maxTtl !== undefined,
  );
  if (!isUnicast(config) || !(config.checkUnicastSource || checksTtl)) return undefined;
  const peer = config.unicastPeers.find((p) => p.address === packet.source);
  if (peer === undefined) {
    if (!config.checkUnicastSource) return undefined;
    sayRefusal(machine, instance, packet, refuseText.notPeer(config.name, packet.source));
    return 'unicast-source';
  }
  const min = peer.minTtl ?? 0;
  const max = peer.maxTtl ?? 255;
  if (packet.ttl >= min && packet.ttl <= max) return undefined;
  instance.statistics.ttlErrors++;
  sayRefusal(machine, instance, packet, refuseText.peerTtl(config.name, packet.ttl, min, max));
  return 'unicast-ttl';
}

function carries(instance: Instance, packet: ReceivedPacket, address: IpAddress): boolean {
  const { bytes, vrrpAt } = packet;
  const count = readVrrpAddressCount(bytes, vrrpAt);
  const isInet = instance.config.family === 'inet';
  for (let i = 0; i < count; i++) {
    const carried = isInet ? readVrrpIpv4(bytes, vrrpAt, i) : readVrrpIpv6(bytes, vrrpAt, i);
    if (carried === address) return true;
  }
  return false;
}

/**
 * A unicast peer may compute the v3 checksum the old way, over the group; then so do we from now
 * on.
 */
function checksumIsRight(instance: Instance, packet: ReceivedPacket): boolean {
  const { bytes, vrrpAt, source, destination } = packet;
  const { config } = instance;
  // The kernel computes that of IPv6 over all there is.
  const end = config.family === 'inet6' ? packet.end : vrrpEnd(instance, packet);
  if (config.family === 'inet' && config.version === 2) {
    return verifyVrrpV2Checksum(bytes, vrrpAt, end);
  }
  const sum = addressSum(source, destination);
  if (config.family === 'inet6') return verifyVrrpV3Checksum(bytes, vrrpAt, end, sum);
  if (config.v3ChecksumAsV2) return verifyVrrpV3Checksum(bytes, vrrpAt, end, 'as-v2');
  if (verifyVrrpV3Checksum(bytes, vrrpAt, end, sum)) return true;
  const old = addressSum(source, config.multicastGroup);
  if (!isUnicast(config) || !verifyVrrpV3Checksum(bytes, vrrpAt, end, old)) return false;
  instance.oldUnicastChecksum = true;
  return true;
}

/**
 * The line of a refusal. From 2.3.3 on it names the sender and comes once for each kind and sender,
 * until the state or the master changes; the words of that version are not verified.
 */
function sayRefusal(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  text: string,
): void {
  if (!machine.settings.limitsRefusals) {
    log(machine, text);
    return;
  }
  const from = formatIp(packet.source);
  const kind = `${from} ${text.replaceAll(/\d+/g, '')}`;
  if (instance.refusalsTold.has(kind)) return;
  instance.refusalsTold.add(kind);
  log(machine, `${text} (from ${from})`);
}

function acceptsMismatch(machine: VrrpMachine): boolean {
  return machine.settings.acceptAddressMismatch;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
