/**
 * A black hole: a host that could answer a traffic is there, nothing between it and the asker is cut,
 * dead, slow or lossy, and yet nobody answers. Two kinds look the same to a client. Somebody holds
 * the address, and a stale neighbour entry or a stale table of a switch leads elsewhere. Or nobody
 * whom the asker can reach holds it, and a healthy router does not take over.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { HostApi } from '../../host/host-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { Segments } from './segments.ts';
import { holdersOf, isLive, type World } from './world.ts';

/** Who could answer and does not, at this moment; each counted by itself. */
export interface BlackHole {
  readonly host: string;
  readonly holds: boolean;
}

/** All black holes of a traffic. */
export function blackHoles(world: World, name: string): readonly BlackHole[] {
  const traffic = world.traffic.get(name);
  if (traffic === undefined || traffic.alive) return [];
  const { lan } = world;
  const asker = lan.hosts.get(traffic.spec.from);
  if (asker === undefined || !isLive(asker)) return [];
  const holders = holdersOf(lan, traffic.spec.to);
  if (holders.length > 1) return [];
  const sound = reachable(lan, asker.name, true);
  const [holder] = holders;
  if (holder !== undefined && sound(holder)) return [{ host: holder, holds: true }];
  if (holder !== undefined && reachable(lan, asker.name, false)(holder)) return [];
  return [...lan.hosts.values()]
    .filter((host) => isLive(host) && couldHold(host, traffic.spec.to) && sound(host.name))
    .map((host) => ({ host: host.name, holds: false }));
}

/** Its keepalived runs, knows the address and is not in FAULT. */
function couldHold(host: HostApi, address: IpAddress): boolean {
  return (host.keepalived()?.instances ?? []).some(
    (one) => one.state === 'BACKUP' && one.addresses.some((own) => own.address === address),
  );
}

/** Whether some card of a host and some card of the asker hear each other. */
function reachable(lan: LivingLan, from: string, sound: boolean): (to: string) => boolean {
  const segments = new Segments(lan, { sound });
  const ends = lan.cables.flatMap((cable) => [cable.a.id, cable.b.id]);
  const of = (host: string) =>
    ends.filter((id) => id.startsWith(`${host}:`)).map((id) => segments.of(id));
  const near = new Set(of(from));
  return (to) => of(to).some((segment) => near.has(segment));
}
