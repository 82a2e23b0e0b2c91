/**
 * Whether a received advert comes from somebody who knows the secret: type and password or AH of version 2, and the trailer
 * of auth_hmac. Second part of `receive-checks.ts`, which has the order.
 */

import type { TimeUs } from '../base/time.ts';
import { readAhNextHeader, readAhSequence, readAhSpi, verifyAh } from '../wire/ah.ts';
import { readVrrpAuthType } from '../wire/vrrp-header.ts';
import { readVrrpV2AuthData } from '../wire/vrrp-v2.ts';
import { authTypeOf } from './advert.ts';
import { trailerFault } from './auth-hmac.ts';
import { refuseText } from './log-text.ts';
import { type ReceivedPacket, type Refusal, sayRefusal, vrrpEnd } from './received-packet.ts';
import { type Instance, isUnicast, log, type VrrpMachine } from './vrrp-machine.ts';

/** auth_hmac: behind version, in front of the old authentication; where 2.4 does it exactly is not known. */
export function checkTrailer(
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

/** Type and secret of a version 2 advert over IPv4. */
export function checkAuthentication(
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

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
