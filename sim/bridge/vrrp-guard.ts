/**
 * Keeps virtual routers from disturbing a real network: what they send to the outside about a VRID or a virtual address
 * that a real router was heard to speak for is held back, unless the user named the VRID. Adverts of other VRIDs are held
 * back too until the network was listened to for a while. Works on what leaves; the virtual LAN itself goes on as it is.
 */

import { type DurationUs, formatSeconds } from '../../daemon/base/time.ts';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  readEtherType,
} from '../../daemon/wire/ethernet.ts';
import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { PROTOCOL_AH, PROTOCOL_VRRP } from '../../daemon/wire/ipv4.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { type AdvertSight, findAdvert } from '../../daemon/wire/vrrp-sight.ts';

/** How long the network is listened to before adverts of VRIDs that nobody named leave: three intervals and more. */
export const LISTEN_DEFAULT_US = 4_000_000 as DurationUs;

const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Routers that are remembered; more on one network are no VRRP any more. */
const HEARD_MAX = 4096;

/** What the guard has to say; each thing once. */
export type GuardWord =
  | { readonly kind: 'heard'; readonly port: string; readonly advert: AdvertSight }
  | { readonly kind: 'refused'; readonly reason: string };

/** The guard of one bridge. */
export class VrrpGuard {
  /** Frames that were held back. */
  refused = 0;
  readonly #join: ReadonlySet<number>;
  readonly #listen: DurationUs;
  readonly #onWord: (word: GuardWord) => void;
  /** By family and VRID: who speaks for it. */
  readonly #vrids = new Map<string, IpAddress>();
  /** By virtual address: its VRID. */
  readonly #addresses = new Map<IpAddress, number>();
  readonly #said = new Set<string>();
  /** Frames that came from outside and may go out again by another port. */
  readonly #foreign = new WeakSet<Uint8Array>();

  constructor(options: {
    readonly join: ReadonlySet<number>;
    readonly listen: DurationUs;
    readonly onWord: (word: GuardWord) => void;
  }) {
    this.#join = options.join;
    this.#listen = options.listen;
    this.#onWord = options.onWord;
  }

  /** Real routers that were heard, one a VRID and family. */
  get heard(): number {
    return this.#vrids.size;
  }

  /** A frame came from outside. */
  hear(frame: Uint8Array, port: string): void {
    if (!mayMatter(frame)) return;
    this.#foreign.add(frame);
    const advert = findAdvert(frame);
    if (advert === undefined || this.#vrids.size >= HEARD_MAX) return;
    this.#vrids.set(keyOf(advert), advert.source);
    for (const address of advert.addresses) this.#addresses.set(address, advert.vrid);
    const once = `${keyOf(advert)} ${advert.source} ${port}`;
    if (this.#said.has(once)) return;
    this.#said.add(once);
    this.#onWord({ kind: 'heard', port, advert });
  }

  /** Whether a frame may leave at this moment (µs since the start). */
  admits(frame: Uint8Array, now: number): boolean {
    if (!mayMatter(frame) || this.#foreign.has(frame)) return true;
    const reason = this.#refusal(frame, now);
    if (reason === undefined) return true;
    this.refused++;
    if (!this.#said.has(reason)) {
      this.#said.add(reason);
      this.#onWord({ kind: 'refused', reason });
    }
    return false;
  }

  #refusal(frame: Uint8Array, now: number): string | undefined {
    const advert = findAdvert(frame);
    if (advert !== undefined) return this.#advertRefusal(advert, now);
    const address = claimedAddress(frame);
    const vrid = address === undefined ? undefined : this.#addresses.get(address);
    if (address === undefined || vrid === undefined || this.#join.has(vrid)) return undefined;
    const what = `${formatIp(address)} belongs to VRID ${vrid} of a real router`;
    return `${what}: nobody outside is told otherwise (--join-vrid ${vrid} takes part)`;
  }

  #advertRefusal(advert: AdvertSight, now: number): string | undefined {
    const { vrid } = advert;
    if (this.#join.has(vrid)) return undefined;
    const source = this.#vrids.get(keyOf(advert));
    if (source !== undefined) {
      const what = `VRID ${vrid} is spoken for by the real router ${formatIp(source)}`;
      return `${what}: adverts of virtual routers for it stay inside (--join-vrid ${vrid} takes part)`;
    }
    for (const address of advert.addresses) {
      const owner = this.#addresses.get(address);
      if (owner === undefined) continue;
      const what = `${formatIp(address)} of VRID ${vrid} belongs to VRID ${owner} of a real router`;
      return `${what}: adverts for it stay inside (--join-vrid ${vrid} lets them out)`;
    }
    if (now >= this.#listen) return undefined;
    const until = formatSeconds(this.#listen).replace(/\.?0+$/, '');
    return `VRID ${vrid}: adverts stay inside until ${until} s, while the network is listened to`;
  }
}

/** Cheap for every other frame: adverts, ARP, neighbour discovery, and whatever has an authentication header. */
function mayMatter(frame: Uint8Array): boolean {
  if (frame.length < ETHERNET_HEADER_LENGTH + 20) return false;
  const type = readEtherType(frame);
  if (type === ETHERTYPE_ARP) return true;
  if (type === ETHERTYPE_IPV4) return frame[23] === PROTOCOL_VRRP || frame[23] === PROTOCOL_AH;
  if (type !== ETHERTYPE_IPV6) return false;
  return (
    frame[20] === PROTOCOL_VRRP || (frame[20] === ICMPV6 && frame[54] === NEIGHBOUR_ADVERTISEMENT)
  );
}

/** The address that the sender of an ARP packet or neighbour advertisement says is its own. */
function claimedAddress(frame: Uint8Array): IpAddress | undefined {
  if (readEtherType(frame) === ETHERTYPE_ARP) {
    return frame.length < 32 ? undefined : readIpv4(frame, 28);
  }
  const isAdvertisement = readEtherType(frame) === ETHERTYPE_IPV6 && frame[20] === ICMPV6;
  return isAdvertisement && frame.length >= 78 ? readIpv6(frame, 62) : undefined;
}

function keyOf(advert: AdvertSight): string {
  return `${advert.family} ${advert.vrid}`;
}
