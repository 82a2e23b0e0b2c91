/**
 * What runs have reached: states and transitions with their causes, branches of the receive path,
 * checkers and groups, kinds of faults and pairs of them. Counted by name, so that parts of a search
 * can be merged in any order. Receive branches are known by what keepalived says in them, so that
 * the daemon carries no counters for a search.
 */

import type { HostRunEvent } from '../../host/host-events.ts';
import type { RunResult } from '../run.ts';
import type { Fault } from './fault.ts';

/** How often each point was reached, by name. */
export type Coverage = ReadonlyMap<string, number>;

/** The branches of the receive path, each with the words that keepalived says in it. */
export const RECEIVE_BRANCHES: readonly (readonly [name: string, words: RegExp])[] = [
  ['BACKUP: lower priority, discarded', /received lower priority .* - discarding$/],
  ['BACKUP: priority 0', /Backup received priority 0 advertisement$/],
  ['BACKUP: preempt delay starts', /start preempt delay/],
  ['BACKUP: preempt delay stops', /stop preempt delay/],
  ['BACKUP: interval of the master', /interval updated .* by master$/],
  ['MASTER: lower priority, resists', /with lower priority .*, ours/],
  ['MASTER: higher priority, yields', /Master received advert .* with higher priority/],
  ['MASTER: equal priority, higher address', /same priority .* but higher IP address/],
  ['MASTER: priority 0', /Master received priority 0 message$/],
  ['MASTER: interval of the new master', /interval updated .* by new master$/],
  ['MASTER: own address at another host', /equal priority advert .* with our IP address/],
  ['MASTER: two address owners', /both configured as address owner/],
  ['MASTER: AH sequence is taken over', /IPSEC-AH : Syncing seq_num/],
  ['refused: other address list', /not present in MASTER advert|unexpected ip number count/],
  ['refused: authentication', /invalid passwd|HMAC-MD5|auth, expecting|Invalid auth type/],
  ['refused: replayed AH sequence', /IPSEC-AH : sequence number .* already processed/],
  ['refused: other interval', /advertisement interval mismatch/],
  ['refused: version, type or length', /wrong version|Invalid packet type|packet too|ip_tot_len/],
  ['refused: checksum', /Invalid VRRPv. checksum/],
  ['refused: TTL or peer', /invalid TTL|not a unicast peer|not in range|cast packet but/],
];

/** The points of one run. */
export function pointsOf(result: RunResult, faults: readonly Fault[]): ReadonlySet<string> {
  const points = new Set<string>();
  const kinds = [...new Set(faults.map((fault) => fault.kind))].sort((a, b) => (a < b ? -1 : 1));
  for (const kind of kinds) points.add(`fault ${kind}`);
  for (const [i, first] of kinds.entries()) {
    for (const second of kinds.slice(i + 1)) points.add(`faults ${first} + ${second}`);
  }
  for (const event of result.log) {
    if (event.kind === 'journal') {
      const { line } = event as HostRunEvent & { readonly kind: 'journal' };
      if (line.identifier === 'Keepalived_vrrp') addBranch(points, line.text);
    } else if (event.kind === 'daemon') {
      addReport(points, (event as HostRunEvent & { readonly kind: 'daemon' }).report);
    }
  }
  return points;
}

function addBranch(points: Set<string>, text: string): void {
  for (const [name, words] of RECEIVE_BRANCHES) {
    if (words.test(text)) points.add(`receive ${name}`);
  }
}

function addReport(
  points: Set<string>,
  report: (HostRunEvent & { readonly kind: 'daemon' })['report'],
): void {
  if (report.kind === 'vrrp-state') {
    points.add(`state ${report.to}`);
    points.add(`transition ${report.from} -> ${report.to} (${report.cause})`);
  } else if (report.kind === 'group-state') points.add(`group ${report.to}`);
  else if (report.kind === 'checker') points.add(`checker ${report.up ? 'up' : 'down'}`);
}

/** Several counts as one. */
export function mergedCoverage(parts: readonly Coverage[]): Coverage {
  const all = new Map<string, number>();
  for (const part of parts) {
    for (const [point, count] of part) all.set(point, (all.get(point) ?? 0) + count);
  }
  return new Map([...all].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
