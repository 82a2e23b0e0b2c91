/**
 * A failed run of a search, what it failed in, and whether keepalived itself is known to behave
 * like that. Known behaviour is classified and counted, never hidden.
 */

import type { ExpectationResult } from '../expectations/verdict.ts';
import type { RunResult } from '../run.ts';
import { type FactsBase, type FindingKind, findingFacts } from './finding-facts.ts';
import { type Force, forcesOfPlan } from './forces.ts';
import { knownCode } from './known-behaviour.ts';
import type { Plan, SearchBase } from './plan.ts';

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

/**
 * The failure of a run, if it is one. What keepalived is not known for comes first: a run that broke
 * two things is filed under the one that matters.
 */
export function failureOf(given: {
  readonly result: RunResult;
  readonly plan: Plan;
  readonly base: SearchBase;
  readonly run: number;
}): Failure | undefined {
  const { result, plan, base, run } = given;
  if (result.stopped === 'event-limit') {
    const got = `${result.eventCount} events and no end`;
    return { run, plan, signature: 'the run comes to its end', got };
  }
  const failed = result.expectations.filter((one) => one.verdict === 'fail');
  const forces = forcesOfPlan(plan);
  const all = failed.map((one): Failure => {
    const known = knownFor({ failed: one, result, forces, base });
    const code = known === undefined ? {} : { known };
    return { run, plan, signature: signatureOf(one), got: one.got ?? '', ...code };
  });
  const ranked = all.toSorted((a, b) => rankOf(a) - rankOf(b));
  return ranked[0];
}

/** The code of the known behaviour that a failed claim shows, if it shows one. */
export function knownFor(given: {
  readonly failed: ExpectationResult;
  readonly result: RunResult;
  readonly forces: readonly Force[];
  readonly base: FactsBase;
}): string | undefined {
  return knownCode(findingFacts({ ...given, kind: kindOf(given.failed) }));
}

/** Unknown before known; a stable sort keeps the order of the file otherwise. */
function rankOf(failure: Failure): number {
  return failure.known === undefined ? 0 : 1;
}

function signatureOf(failed: ExpectationResult): string {
  const claim = failed.claim
    .replace(/ from [\d.]+ s on/, '')
    .replace(/^within [^:]*: /, '')
    .replace(/, except for .*$/, '');
  return failed.id.startsWith('steps') ? `traffic: ${claim}` : claim;
}

const KINDS: readonly (readonly [start: string, kind: FindingKind])[] = [
  ['always at most', 'masters'],
  ['always answered', 'black-hole'],
  ['always MASTER together', 'together'],
  ['directors lose', 'connections'],
];

function kindOf(failed: ExpectationResult): FindingKind {
  if (failed.id.startsWith('steps')) {
    return / is answered$/.test(failed.claim) ? 'traffic' : 'other';
  }
  const found = KINDS.find(([start]) => failed.claim.startsWith(start))?.[1] ?? 'other';
  if (found !== 'masters') return found;
  if (failed.claim.includes('answer to ARP requests')) return 'answers';
  return failed.claim.includes('owner') ? 'owners' : 'masters';
}
