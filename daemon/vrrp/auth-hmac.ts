/**
 * auth_hmac (keepalived 2.4.0 and later): every advert carries a trailer that proves who sent it and that it is fresh.
 *
 * | advert                                  | enforce | permissive, receive-only |
 * |-----------------------------------------|---------|--------------------------|
 * | without trailer                         | refused | taken                    |
 * | type or reserved octets wrong           | refused | refused                  |
 * | seconds off by more than time_window    | refused | refused                  |
 * | key id that is not configured           | refused | refused                  |
 * | HMAC wrong                              | refused | refused                  |
 * | sequence not above the sender's last    | refused | refused                  |
 *
 * `anti_replay monotonic` leaves the third row out. Sequences are times, so that a restarted sender goes on; the last one of
 * each unicast peer is kept, and of the four multicast senders heard last. Source: see `wire/vrrp-auth-trailer.ts`.
 */

import type { IpAddress } from '../wire/ip-address.ts';
import {
  AUTH_TRAILER_LENGTH,
  AUTH_TRAILER_SHA256,
  readAuthTrailer,
  type SignedAdvert,
  signAdvert,
  verifyAuthTrailer,
} from '../wire/vrrp-auth-trailer.ts';
import { readVrrpVrid } from '../wire/vrrp-header.ts';
import type { VrrpInstanceConfig } from './vrrp-config.ts';
import { type AuthHmacFormat, type Instance, isUnicast, type VrrpMachine } from './vrrp-machine.ts';

/** Why a trailer is refused; undefined when it is good. */
export type TrailerFault = 'malformed' | 'stale' | 'unknown-key' | 'hmac' | 'replay';

const MULTICAST_SENDERS = 4;
const SECONDS_BITS = 32n;

/** Octets that the trailer adds to the instance's adverts. */
export function trailerLength({ authHmac }: VrrpInstanceConfig): number {
  return authHmac === undefined || authHmac.mode === 'receive-only' ? 0 : AUTH_TRAILER_LENGTH;
}

/** The sequence of the next advert; 2.4.0 and 2.4.1 count every copy to a peer, later versions once for all. */
export function nextSequence(
  machine: VrrpMachine,
  instance: Instance,
  wallClockUs: number,
): bigint {
  const { authHmac } = instance;
  const { authHmac: config } = instance.config;
  const clock = sequenceOf(machine.settings.authHmacFormat, wallClockUs);
  const ahead = Number((authHmac.lastSent >> SECONDS_BITS) - (clock >> SECONDS_BITS));
  const mayFallBack =
    machine.settings.authHmacFormat === 'draft' &&
    config?.timeWindow !== undefined &&
    ahead > config.timeWindow;
  authHmac.lastSent =
    isAfter(clock, authHmac.lastSent) || mayFallBack ? clock : authHmac.lastSent + 1n;
  return authHmac.lastSent;
}

/** Fills in the trailer at the end of `packet`; without the active key it stays zeros, which everybody refuses. */
export function sign(
  machine: VrrpMachine,
  instance: Instance,
  given: { readonly packet: Uint8Array; readonly vrrpAt: number; readonly sequence: bigint },
): void {
  const { config, source } = instance;
  const key = config.authHmac?.keys.get(config.authHmac.activeKey);
  if (key === undefined || config.authHmac === undefined || source === undefined) return;
  // The kernel writes the checksum of IPv6 later; only the newest versions read it as zero at the other end too.
  const isLater = config.family === 'inet6' || machine.settings.authHmacFormat === 'draft';
  const advert = {
    bytes: given.packet,
    vrrpAt: given.vrrpAt,
    trailerAt: given.packet.length - AUTH_TRAILER_LENGTH,
    version: config.version,
    vrid: config.vrid,
    source,
    checksum: isLater ? ('zero' as const) : ('as-sent' as const),
  };
  signAdvert(advert, { keyId: config.authHmac.activeKey, key, sequence: given.sequence });
}

/** Checks the trailer of a received advert, and remembers its sequence when it is good. */
export function trailerFault(
  machine: VrrpMachine,
  instance: Instance,
  packet: {
    readonly bytes: Uint8Array;
    readonly vrrpAt: number;
    readonly end: number;
    readonly source: IpAddress;
  },
  wallClockUs: number,
): TrailerFault | undefined {
  const { config } = instance;
  const trailerAt = packet.end - AUTH_TRAILER_LENGTH;
  const trailer = readAuthTrailer(packet.bytes, trailerAt);
  if (trailer.type !== AUTH_TRAILER_SHA256 || trailer.reserved !== 0) return 'malformed';
  const window = config.authHmac?.timeWindow;
  const now = BigInt(Math.floor(wallClockUs / 1_000_000));
  if (window !== undefined && !isWithin(trailer.sequence, now, window)) return 'stale';
  const key = config.authHmac?.keys.get(trailer.keyId);
  if (key === undefined) return 'unknown-key';
  const advert: SignedAdvert = {
    bytes: packet.bytes,
    vrrpAt: packet.vrrpAt,
    trailerAt,
    version: config.version,
    vrid: readVrrpVrid(packet.bytes, packet.vrrpAt),
    source: packet.source,
    checksum: machine.settings.authHmacFormat === 'draft' ? 'zero' : 'as-sent',
  };
  if (!verifyAuthTrailer(advert, key)) return 'hmac';
  const last = instance.authHmac.lastHeard.get(packet.source);
  // A mark outside of the window only orders what the window refuses anyway.
  const isMarked =
    last !== undefined &&
    (machine.settings.authHmacFormat !== 'draft' ||
      window === undefined ||
      isWithin(last, now, window));
  if (isMarked && !isAfter(trailer.sequence, last)) return 'replay';
  remember(instance, packet.source, trailer.sequence);
  return undefined;
}

function sequenceOf(format: AuthHmacFormat, wallClockUs: number): bigint {
  const whole = Math.floor(wallClockUs / 1_000_000);
  const seconds = BigInt(whole) << SECONDS_BITS;
  if (format === 'counter') return seconds;
  const fraction = Math.floor(((wallClockUs - whole * 1_000_000) * 65_536) / 1_000_000);
  return seconds | (BigInt(fraction) << 16n);
}

/** Serial number arithmetic. Source: RFC 1982. */
function isAfter(a: bigint, b: bigint): boolean {
  return BigInt.asIntN(64, a - b) > 0n;
}

function isWithin(sequence: bigint, nowSeconds: bigint, window: number): boolean {
  const delta = Number(BigInt.asIntN(32, nowSeconds - (sequence >> SECONDS_BITS)));
  return Math.abs(delta) <= window;
}

function remember(instance: Instance, source: IpAddress, sequence: bigint): void {
  const { lastHeard } = instance.authHmac;
  lastHeard.delete(source);
  lastHeard.set(source, sequence);
  const [oldest] = lastHeard.keys();
  if (isUnicast(instance.config) || lastHeard.size <= MULTICAST_SENDERS) return;
  if (oldest !== undefined) lastHeard.delete(oldest);
}
