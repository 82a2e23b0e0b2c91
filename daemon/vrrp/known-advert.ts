/**
 * The last advert that passed all checks. A master says the same every interval, so what comes from it next needs a comparison
 * and no checks: a third of what a backup spends on an advert (docs/performance.md).
 *
 * Kept is only what nothing but the octets and the configuration decides. Not kept: adverts with AH or a trailer (sequence
 * numbers), and those that pass although something is said about them.
 */

import type { IpAddress } from '../wire/ip-address.ts';
import type { ReceivedPacket } from './received-packet.ts';
import type { VrrpInstanceConfig } from './vrrp-config.ts';
import type { Instance, VrrpMachine, VrrpSettings } from './vrrp-machine.ts';

/** What passed, and under what it did. A reload replaces configuration and settings. */
export interface KnownAdvert {
  readonly config: VrrpInstanceConfig;
  readonly settings: VrrpSettings;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly ttl: number;
  /** From the VRRP header to the end. */
  readonly octets: Uint8Array;
  /** Whether its addresses were looked at (skip_check_adv_addr). */
  readonly checkedAddresses: boolean;
}

/** Whether such an advert has passed before. */
export function isKnownAdvert(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  checkAddresses: boolean,
): boolean {
  const known = instance.knownAdvert;
  return (
    known !== undefined &&
    known.config === instance.config &&
    known.settings === machine.settings &&
    known.source === packet.source &&
    known.destination === packet.destination &&
    known.ttl === packet.ttl &&
    (known.checkedAddresses || !checkAddresses) &&
    packet.ahAt === undefined &&
    packet.claimedEnd === packet.end &&
    isAt(known.octets, packet)
  );
}

function isAt(octets: Uint8Array, packet: ReceivedPacket): boolean {
  const { bytes, vrrpAt, end } = packet;
  if (octets.length !== end - vrrpAt) return false;
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] !== bytes[vrrpAt + i]) return false;
  }
  return true;
}

/** Keeps an advert that passed; see the head of the file for which. */
export function keepKnownAdvert(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  checkedAddresses: boolean,
): void {
  const { config } = instance;
  const { settings } = machine;
  const mayBeTold =
    settings.acceptAddressMismatch || (config.version === 3 && settings.tellsIntervalMismatch);
  const isCounted = packet.ahAt !== undefined || config.authHmac !== undefined;
  if (mayBeTold || isCounted || packet.claimedEnd !== packet.end) return;
  const { source, destination, ttl } = packet;
  const octets = packet.bytes.slice(packet.vrrpAt, packet.end);
  instance.knownAdvert = { config, settings, source, destination, ttl, octets, checkedAddresses };
}
