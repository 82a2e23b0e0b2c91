/**
 * A black hole: exactly one live host holds the address that a traffic asks, nothing between the two
 * is cut, dead, slow or lossy, and yet the traffic is not answered. That is what stale neighbour
 * entries and stale tables of switches look like to a client.
 */

import type { LivingLan } from '../../topology/living-lan.ts';
import { Segments } from './segments.ts';
import { holdersOf, isLive, type World } from './world.ts';

/** Who holds the address at this moment, if it is a black hole. */
export function blackHole(world: World, name: string): { readonly holder: string } | undefined {
  const traffic = world.traffic.get(name);
  if (traffic === undefined || traffic.alive) return undefined;
  const { lan } = world;
  const asker = lan.hosts.get(traffic.spec.from);
  if (asker === undefined || !isLive(asker)) return undefined;
  const [holder, second] = holdersOf(lan, traffic.spec.to);
  if (holder === undefined || second !== undefined) return undefined;
  return isSoundBetween(lan, asker.name, holder) ? { holder } : undefined;
}

/** Some card of one and some card of the other hear each other by sound cables alone. */
function isSoundBetween(lan: LivingLan, from: string, to: string): boolean {
  const segments = new Segments(lan, { sound: true });
  const of = (host: string) => segmentsOf(lan, segments, host);
  const near = of(from);
  return [...of(to)].some((segment) => near.has(segment));
}

function segmentsOf(lan: LivingLan, segments: Segments, host: string): ReadonlySet<string> {
  const ends = lan.cables.flatMap((cable) => [cable.a.id, cable.b.id]);
  return new Set(ends.filter((id) => id.startsWith(`${host}:`)).map((id) => segments.of(id)));
}
