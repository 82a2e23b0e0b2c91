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
import { addressSum } from '../wire/checksum.ts';
import { AUTH_TRAILER_LENGTH } from '../wire/vrrp-auth-trailer.ts';
import {
  readVrrpAddressCount,
  readVrrpIntervalCentiseconds,
  readVrrpIntervalSeconds,
  readVrrpPriority,
  readVrrpType,
  readVrrpVersion,
} from '../wire/vrrp-header.ts';
import { verifyVrrpV2Checksum } from '../wire/vrrp-v2.ts';
import { verifyVrrpV3Checksum } from '../wire/vrrp-v3.ts';
import { isKnownAdvert, keepKnownAdvert } from './known-advert.ts';
import { refuseText } from './log-text.ts';
import { acceptsMismatch, checkAddressing } from './receive-addresses.ts';
import { checkAuthentication, checkTrailer } from './receive-authentication.ts';
import {
  lengths,
  type ReceivedPacket,
  type Refusal,
  sayRefusal,
  vrrpEnd,
} from './received-packet.ts';
import { type Instance, isUnicast, type VrrpMachine } from './vrrp-machine.ts';

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
