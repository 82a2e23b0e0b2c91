/**
 * What there is to know about a finding when it is classified: what is broken, from when to when,
 * which faults were in force, and what the routers had been before. Read from the run log alone, so
 * that the same is known of a run that was found and of one that is replayed.
 */

import type { HostRunEvent } from '../../host/host-events.ts';
import { UNTOLD } from '../expectations/invariants.ts';
import type { ExpectationResult } from '../expectations/verdict.ts';
import type { RunResult } from '../run.ts';
import type { Force } from './forces.ts';
import type { SearchBase } from './plan.ts';

/** Kinds of findings. */
export type FindingKind =
  | 'masters'
  | 'owners'
  | 'answers'
  | 'black-hole'
  | 'traffic'
  | 'together'
  | 'connections'
  | 'other';

/** The facts; moments in µs. */
export interface FindingFacts {
  readonly kind: FindingKind;
  readonly span: ExpectationResult['span'];
  readonly usesVirtualMac: boolean;
  /** Of a lost connection: no sync daemon had announced it to the director that lost it. */
  readonly isUntold: boolean;
  /** Until adverts that arrive again have ended a state of two masters. */
  readonly advertTime: number;
  /** Faults of these kinds were in force when it began and until `tail` before its end. */
  isDuring(kinds: readonly string[], tail: number): boolean;
  /** Only one router is MASTER, and another one became MASTER later than that one did. */
  wasUsurped(): boolean;
  /** Every burst of gratuitous ARP of the MASTER met a fault of these kinds. */
  burstsWereHit(kinds: readonly string[]): boolean;
  /** Somebody's keepalived wrote a line like this while it lasted. */
  said(words: RegExp): boolean;
  /** A client's neighbour entry for the address is not of a virtual MAC. */
  clientIsWrong(): boolean;
}

/** A router's state since some moment. */
interface Standing {
  state: string;
  becameMaster: number;
}

/** What must be known of a scenario besides its run. */
export type FactsBase = Pick<SearchBase, 'scenario' | 'configs' | 'traffic'>;

/** Gathers the facts of one finding. */
export function findingFacts(given: {
  readonly failed: ExpectationResult;
  readonly kind: FindingKind;
  readonly result: RunResult;
  /** The faults, whether a search drew them or a scenario's steps make them. */
  readonly forces: readonly Force[];
  readonly base: FactsBase;
}): FindingFacts {
  const { failed, kind, result, forces, base } = given;
  const { span } = failed;
  const at = span?.from ?? result.end;
  const instances = base.configs.flatMap((config) => config.vrrp.instances);
  const interval = Math.max(0, ...instances.map((one) => one.advertInterval));
  const isHit = (kinds: readonly string[], moment: number) =>
    forces.some((one) => kinds.includes(one.kind) && one.from <= moment && moment <= one.to);
  return {
    kind,
    span,
    usesVirtualMac: instances.some((one) => one.vmac !== undefined),
    isUntold: failed.got?.includes(UNTOLD) ?? false,
    advertTime: 2 * interval + SKEW_MAX,
    isDuring: (kinds, tail) => {
      const hits = forces.filter((one) => kinds.includes(one.kind));
      return span !== undefined && isCovered(span, hits, tail);
    },
    wasUsurped: () => standingsAt(result, at).some(isUsurped),
    burstsWereHit: (kinds) =>
      standingsAt(result, at).some((routers) => {
        const masters = [...routers.values()].filter((one) => one.state === 'MASTER');
        const delay = Math.max(0, ...instances.map((one) => one.garp.delay));
        return masters.some(
          ({ becameMaster }) => isHit(kinds, becameMaster) && isHit(kinds, becameMaster + delay),
        );
      }),
    said: (words) =>
      result.log.some((event) => {
        if (event.kind !== 'journal' || event.at < at || event.at > (span?.to ?? at)) return false;
        return words.test((event as HostRunEvent & { readonly kind: 'journal' }).line.text);
      }),
    clientIsWrong: () => realMacLearned(result, base, at),
  };
}

/** Whether faults one after another, each with its tail, last from before a span to its end. */
function isCovered(
  span: { readonly from: number; readonly to: number },
  hits: readonly { readonly from: number; readonly to: number }[],
  tail: number,
): boolean {
  let reached = span.from;
  for (;;) {
    const going = hits.filter((one) => one.from <= reached && one.to + tail >= reached);
    const next = Math.max(-1, ...going.map((one) => one.to + tail));
    if (next >= span.to) return true;
    if (next <= reached) return false;
    reached = next;
  }
}

/** The longest skew, of priority 0: a second. */
const SKEW_MAX = 1_000_000;
/** The routers of each virtual router just before a moment. */
function standingsAt(result: RunResult, at: number): readonly ReadonlyMap<string, Standing>[] {
  const routers = new Map<string, Map<string, Standing>>();
  for (const event of result.log) {
    if (event.at > at) break;
    if (event.kind !== 'daemon') continue;
    const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
    if (report.kind !== 'vrrp-state') continue;
    const hosts = routers.get(report.instance) ?? new Map<string, Standing>();
    routers.set(report.instance, hosts);
    const before = hosts.get(event.node)?.becameMaster ?? -1;
    const becameMaster = report.to === 'MASTER' ? event.at : before;
    hosts.set(event.node, { state: report.to, becameMaster });
  }
  return [...routers.values()];
}

function isUsurped(routers: ReadonlyMap<string, Standing>): boolean {
  const all = [...routers.values()];
  const [only, second] = all.filter((one) => one.state === 'MASTER');
  if (only === undefined || second !== undefined) return false;
  return all.some((one) => one.becameMaster > only.becameMaster);
}

/** Whether the last word of some client's neighbour table about an asked address is a real MAC. */
function realMacLearned(result: RunResult, base: FactsBase, at: number): boolean {
  const asked = new Set(
    base.scenario.traffic
      .filter((one) => base.traffic.includes(one.name))
      .map((one) => `${one.from} ${one.to}`),
  );
  const learned = new Map<string, boolean>();
  for (const event of result.log) {
    if (event.at > at) break;
    if (event.kind !== 'neighbour') continue;
    const { change, neighbour } = event as HostRunEvent & { readonly kind: 'neighbour' };
    const key = `${event.node} ${neighbour.address}`;
    if (!asked.has(key)) continue;
    const { mac } = neighbour;
    if (change === 'removed' || mac === undefined) learned.delete(key);
    else learned.set(key, Math.floor(mac / 0x10000) !== VIRTUAL_MAC_PREFIX);
  }
  return [...learned.values()].includes(true);
}

/** 00:00:5e:00, the first four octets of every virtual router's MAC. */
const VIRTUAL_MAC_PREFIX = 0x0000_5e00;
