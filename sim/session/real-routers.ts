/**
 * The real routers behind the cables to the outside, as far as their adverts tell: who speaks for a VRID is its master until
 * it says goodbye (priority 0), falls silent for its own down time, or hears a better advert of ours. Nothing else is known
 * of real machines. RFC 9568 section 6.4 is what they are expected to follow; one that goes on in spite of a better advert
 * (another password, another subnet) is believed to be master until it falls silent.
 */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import type { AdvertSight } from '../../daemon/wire/vrrp-sight.ts';

/** Routers that are remembered; more on one network are no VRRP any more. */
const ROUTERS_MAX = 256;

/** One that spoke for a VRID. */
export interface RealRouter {
  /** The node that stands for its network. */
  readonly node: string;
  readonly source: IpAddress;
  readonly vrid: number;
  readonly version: number;
  readonly priority: number;
  readonly addresses: readonly IpAddress[];
  /** Since when it is heard without a gap, µs. */
  readonly since: number;
}

interface Known {
  router: RealRouter;
  readonly key: string;
  /** When it is master no more unless it is heard again, µs. */
  silentAt: number;
  /** A better advert of ours has gone out to it. */
  hasYielded: boolean;
  /** It went on in spite of one. */
  isStubborn: boolean;
}

/** See the head of the file. */
export class RealRouters {
  readonly #known = new Map<string, Known>();

  /** Those that are masters now, in the order in which they were heard first. */
  get masters(): readonly RealRouter[] {
    return [...this.#known.values()].filter((one) => !one.hasYielded).map((one) => one.router);
  }

  /** An advert came in from the outside; `true` when that changes who is master. */
  hear(at: number, node: string, advert: AdvertSight): boolean {
    const key = `${node} ${advert.source} ${advert.vrid}`;
    const known = this.#known.get(key);
    if (advert.priority === 0) {
      this.#known.delete(key);
      return known?.hasYielded === false;
    }
    if (known === undefined && this.#known.size >= ROUTERS_MAX) return false;
    const isNew = known === undefined || known.hasYielded;
    const { source, vrid, version, priority, addresses } = advert;
    const since = isNew ? at : known.router.since;
    const router = { node, source, vrid, version, priority, addresses, since };
    const silentAt = at + downTimeUs(advert);
    const isStubborn = known?.isStubborn === true || known?.hasYielded === true;
    const family = `${node} ${advert.family} ${vrid}`;
    this.#known.set(key, { router, key: family, silentAt, hasYielded: false, isStubborn });
    const before = known?.router.addresses.join(' ');
    return isNew || before !== addresses.join(' ');
  }

  /** An advert of ours went out: a worse master is expected to yield. `true` when that changes who is master. */
  answer(node: string, advert: AdvertSight): boolean {
    let isChange = false;
    for (const one of this.#known.values()) {
      if (one.key !== `${node} ${advert.family} ${advert.vrid}`) continue;
      if (one.isStubborn || one.hasYielded || !isBetter(advert, one.router)) continue;
      one.hasYielded = true;
      isChange = true;
    }
    return isChange;
  }

  /** Takes out the next one that fell silent before a moment; returns when that was, `undefined` when there is none. */
  expire(now: number): number | undefined {
    let first: [string, Known] | undefined;
    for (const entry of this.#known) {
      if (entry[1].silentAt > now) continue;
      if (first === undefined || entry[1].silentAt < first[1].silentAt) first = entry;
    }
    if (first === undefined) return undefined;
    this.#known.delete(first[0]);
    return first[1].silentAt;
  }
}

/** How a real router is called where virtual hosts have names; no name of a host has a blank. */
export function realName(source: IpAddress): string {
  return `real ${formatIp(source)}`;
}

/** Whether a name of a holder is that of a real router. */
export function isRealName(name: string): boolean {
  return name.startsWith('real ');
}

/** What the router's own advert lets a backup wait. RFC 9568 section 6.1; in version 2 an interval is 1 s at least. */
function downTimeUs({ intervalUs, priority }: AdvertSight): number {
  return 3 * intervalUs + Math.floor(((256 - priority) * intervalUs) / 256);
}

function isBetter(advert: AdvertSight, than: RealRouter): boolean {
  if (advert.priority !== than.priority) return advert.priority > than.priority;
  return advert.source > than.source;
}
