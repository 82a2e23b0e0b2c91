/** A received packet as the checks of an advert see it, and how a refusal is told. */

import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import { AUTH_TRAILER_LENGTH } from '../wire/vrrp-auth-trailer.ts';
import { readVrrpAddressCount, readVrrpVersion, VRRP_HEADER_LENGTH } from '../wire/vrrp-header.ts';
import { type Instance, log, type VrrpMachine } from './vrrp-machine.ts';

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

/** The length follows from what the packet says of itself, not from the configuration. */
export function lengths(
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

/** Where the VRRP packet ends: before a trailer, if the instance knows of such. */
export function vrrpEnd(instance: Instance, packet: ReceivedPacket): number {
  const { received, expected } = lengths(instance, packet);
  const isLonger = instance.config.authHmac !== undefined && received > expected;
  return isLonger ? packet.end - AUTH_TRAILER_LENGTH : packet.end;
}

/**
 * The line of a refusal. From 2.3.3 on it names the sender and comes once for each kind and sender,
 * until the state or the master changes; the words of that version are not verified.
 */
export function sayRefusal(
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
