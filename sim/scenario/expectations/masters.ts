/**
 * Who is MASTER of which virtual router, counted per connected segment: two masters that cannot
 * hear each other are two routers of two LANs.
 */

import type { HostApi } from '../../host/host-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { Segments } from './segments.ts';
import { isLive } from './world.ts';

/** The masters of one virtual router on one segment. */
export interface SegmentMasters {
  readonly vrid: number;
  readonly segment: string;
  readonly hosts: readonly string[];
}

/** All masters of live hosts; segments are only computed where a VRID has several. */
export function mastersBySegment(lan: LivingLan): readonly SegmentMasters[] {
  const byVrid = new Map<number, { readonly host: string; readonly port: string }[]>();
  for (const host of lan.hosts.values()) {
    if (!isLive(host)) continue;
    for (const instance of host.keepalived()?.instances ?? []) {
      if (instance.state !== 'MASTER') continue;
      const port = `${host.name}:${cardOf(host, instance.interface)}`;
      const masters = byVrid.get(instance.vrid) ?? [];
      masters.push({ host: host.name, port });
      byVrid.set(instance.vrid, masters);
    }
  }
  let segments: Segments | undefined;
  const found: SegmentMasters[] = [];
  for (const [vrid, masters] of byVrid) {
    const groups = new Map<string, string[]>();
    for (const { host, port } of masters) {
      if (masters.length > 1) segments ??= new Segments(lan);
      const segment = segments?.of(port) ?? '';
      groups.set(segment, [...(groups.get(segment) ?? []), host]);
    }
    for (const [segment, hosts] of groups) found.push({ vrid, segment, hosts });
  }
  return found;
}

/** The card below a virtual interface. */
function cardOf(host: HostApi, link: string): string {
  let name = link;
  for (let depth = 0; depth < 4; depth++) {
    const base = host.kernel?.link(name)?.base;
    if (base === undefined) break;
    name = base;
  }
  return name;
}
