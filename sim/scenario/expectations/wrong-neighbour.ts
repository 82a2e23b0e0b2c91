/**
 * Who would send to the wrong station: a neighbour entry for an address that leads to a live or dead
 * host which does not hold the address now. Entries without a MAC lead nowhere and are not counted;
 * a host that holds the address itself asks nobody.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { formatMac, type MacAddress } from '../../../daemon/wire/mac-address.ts';
import { holdersOf, hostOfMac, isLive, macsOf, type World } from './world.ts';

/** One such entry. */
export interface WrongNeighbour {
  readonly host: string;
  /** The host that the entry leads to, or its MAC where nobody has that. */
  readonly leadsTo: string;
}

/** All wrong entries of live hosts at this moment, one a host and MAC. */
export function wrongNeighbours(world: World, address: IpAddress): readonly WrongNeighbour[] {
  const { lan } = world;
  const holders = holdersOf(lan, address);
  const right = new Set<MacAddress>(holders.flatMap((holder) => macsOf(lan, holder)));
  const wrong = new Map<string, WrongNeighbour>();
  for (const host of lan.hosts.values()) {
    if (!isLive(host) || holders.includes(host.name)) continue;
    for (const { address: of, mac, state } of host.kernel?.neighbours() ?? []) {
      if (of !== address || mac === undefined || state === 'FAILED' || right.has(mac)) continue;
      const leadsTo = hostOfMac(lan, mac) ?? formatMac(mac);
      wrong.set(`${host.name} ${mac}`, { host: host.name, leadsTo });
    }
  }
  return [...wrong.values()];
}
