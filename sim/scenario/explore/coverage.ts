/**
 * What runs have reached: states and transitions with their causes, reasons for refused adverts,
 * checkers and groups, each also together with the kinds of faults that were in the run. Counted by
 * name, so that parts of a search can be merged in any order.
 */

import type { HostRunEvent } from '../../host/host-events.ts';
import type { RunResult } from '../run.ts';
import type { Fault } from './fault.ts';

/** How often each point was reached, by name. */
export type Coverage = ReadonlyMap<string, number>;

/** The points of one run. */
export function pointsOf(result: RunResult, faults: readonly Fault[]): ReadonlySet<string> {
  const points = new Set<string>();
  for (const { kind } of faults) points.add(`fault ${kind}`);
  for (const event of result.log) {
    if (event.kind !== 'daemon') continue;
    const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
    if (report.kind === 'vrrp-state') {
      points.add(`state ${report.to}`);
      points.add(`transition ${report.from} -> ${report.to} (${report.cause})`);
    } else if (report.kind === 'advert-refused') points.add(`receive ${report.reason}`);
    else if (report.kind === 'group-state') points.add(`group ${report.to}`);
    else if (report.kind === 'checker') points.add(`checker ${report.up ? 'up' : 'down'}`);
  }
  return points;
}

/** Several counts as one. */
export function mergedCoverage(parts: readonly Coverage[]): Coverage {
  const all = new Map<string, number>();
  for (const part of parts) {
    for (const [point, count] of part) all.set(point, (all.get(point) ?? 0) + count);
  }
  return new Map([...all].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
