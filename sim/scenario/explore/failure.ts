/**
 * A failed run of a search, what it failed in, and whether keepalived itself is known to behave
 * like that. Known behaviour is classified and counted, never hidden.
 */

import type { HostRunEvent } from '../../host/host-events.ts';
import type { RunResult } from '../run.ts';
import type { Plan } from './plan.ts';

/** One schedule that breaks something. */
export interface Failure {
  /** Index of the run in the search, from 0. */
  readonly run: number;
  readonly plan: Plan;
  /** What is broken: the claim without its moments. */
  readonly signature: string;
  readonly got: string;
  /** A row of `KNOWN_BEHAVIOUR`. */
  readonly known?: string;
}

/** Behaviour of the real keepalived that breaks an invariant. */
interface Known {
  readonly code: string;
  /** Where it is described or recorded. */
  readonly reference: string;
  matches(signature: string, log: RunResult['log']): boolean;
}

/** The list; each row tied to a scenario of the repository that shows it. */
export const KNOWN_BEHAVIOUR: readonly Known[] = [
  {
    code: 'known:black-hole-after-partition',
    reference: 'scenarios/partition/black-hole-after-a-healed-partition.twin.yml',
    // The usurper's gratuitous ARP came last; the MASTER that stayed sends none.
    matches: (signature, log) => signature.startsWith('traffic') && wasUsurped(log),
  },
];

/** What a run failed in first; `undefined` when nothing failed. */
export function signatureOf(
  result: RunResult,
): { readonly signature: string; readonly got: string } | undefined {
  const failed = result.expectations.filter((one) => one.verdict === 'fail');
  const first = failed.find((one) => one.id.startsWith('always')) ?? failed[0];
  if (first === undefined) return undefined;
  const isTraffic = first.id.startsWith('steps');
  const claim = first.claim
    .replace(/ from [\d.]+ s on/, '')
    .replace(/^within [^:]*: /, '')
    .replace(/, except for .*$/, '');
  return { signature: isTraffic ? `traffic: ${claim}` : claim, got: first.got ?? '' };
}

/** The code of the known behaviour that a failure is, if it is any. */
export function knownCode(signature: string, log: RunResult['log']): string | undefined {
  return KNOWN_BEHAVIOUR.find((one) => one.matches(signature, log))?.code;
}

/**
 * Whether of some virtual router one MASTER is left in the end, and another router was MASTER later
 * than that one became it: the one that is left never took over again, so it told nobody.
 */
function wasUsurped(log: RunResult['log']): boolean {
  const routers = new Map<number, Map<string, { state: string; becameMaster: number }>>();
  for (const event of log) {
    if (event.kind !== 'daemon') continue;
    const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
    if (report.kind !== 'vrrp-state') continue;
    const hosts = routers.get(report.vrid) ?? new Map();
    routers.set(report.vrid, hosts);
    const before = hosts.get(event.node)?.becameMaster ?? -1;
    const becameMaster = report.to === 'MASTER' ? event.at : before;
    hosts.set(event.node, { state: report.to, becameMaster });
  }
  return [...routers.values()].some((hosts) => {
    const all = [...hosts.values()];
    const masters = all.filter((one) => one.state === 'MASTER');
    const [only] = masters;
    if (only === undefined || masters.length > 1) return false;
    return all.some((one) => one.becameMaster > only.becameMaster);
  });
}
