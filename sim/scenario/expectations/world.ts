/**
 * What conditions look at: the living LAN, the traffic, and what the LAN shows only on the wire.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../../daemon/wire/mac-address.ts';
import type { HostApi } from '../../host/host-api.ts';
import { isWithoutNeighbours } from '../../kernel/kernel-state.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { RunningTraffic } from '../traffic/request-book.ts';
import type { AdvertWatch } from './advert-watch.ts';
import type { Whose } from './condition-spec.ts';

/** Everything a condition may ask. */
export interface World {
  readonly lan: LivingLan;
  readonly traffic: ReadonlyMap<string, RunningTraffic>;
  /** Present when an expectation asks who sends adverts. */
  readonly adverts?: AdvertWatch;
}

/** Whether a host is live: it has power and is neither booting nor frozen. */
export function isLive(host: HostApi): boolean {
  return host.power === 'on';
}

/**
 * The live hosts that hold an address on an interface that is up, in the order of the file.
 *
 * Loopback does not count: an address on lo (a web server behind a director in DR mode) is no claim
 * on the LAN.
 */
export function holdersOf(lan: LivingLan, address: IpAddress): readonly string[] {
  const holders: string[] = [];
  for (const host of lan.hosts.values()) {
    if (isLive(host) && holds(host, address)) holders.push(host.name);
  }
  return holders;
}

function holds(host: HostApi, address: IpAddress): boolean {
  for (const link of host.kernel?.links() ?? []) {
    if (!link.up || isWithoutNeighbours(link)) continue;
    if (link.addresses.some((own) => own.address === address)) return true;
  }
  return false;
}

/** Whether a MAC address is the one that is meant. */
export function isWhose(lan: LivingLan, whose: Whose, mac: MacAddress): boolean {
  if (whose.kind === 'mac') return whose.mac === mac;
  return whose.kind === 'host' && macsOf(lan, whose.host).includes(mac);
}

/** The MAC addresses of a host: those of its cards, and of virtual links while it runs. */
export function macsOf(lan: LivingLan, host: string): readonly MacAddress[] {
  const cards = lan.spec.hosts.find((spec) => spec.name === host)?.nics ?? [];
  const links = lan.hosts.get(host)?.kernel?.links() ?? [];
  return [...cards.map((nic) => nic.mac), ...links.map((link) => link.mac)].filter(
    (mac) => mac !== 0,
  );
}

/** The host whose card has that MAC address, now and always. */
export function ownerOfCard(lan: LivingLan, mac: MacAddress): string | undefined {
  return lan.spec.hosts.find((host) => host.nics.some((nic) => nic.mac === mac))?.name;
}

/** The host whose card has that MAC address; of virtual MACs the first live host that has it up. */
export function hostOfMac(lan: LivingLan, mac: MacAddress): string | undefined {
  const owner = ownerOfCard(lan, mac);
  if (owner !== undefined) return owner;
  for (const host of lan.hosts.values()) {
    if (!isLive(host)) continue;
    if (host.kernel?.links().some((link) => link.up && link.mac === mac)) return host.name;
  }
  return undefined;
}
