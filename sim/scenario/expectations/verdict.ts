/** What a judged expectation comes to. */

import type { DurationUs, TimeUs } from '../../../daemon/base/time.ts';
import type { Place } from '../yaml-source.ts';

/** `unknown`: the run ended (or was cut off) before it could be told. */
export type Verdict = 'pass' | 'fail' | 'unknown';

/** One judged item of `expect`, `always` or `finally`. */
export interface ExpectationResult {
  /** `steps[0].expect[1]`, `always[0]`, `finally[2]`; indexes of the file. */
  readonly id: string;
  readonly place: Place;
  /** The claim: `within 3.7 s of 'power-off srv-1' 192.168.0.200 is held by srv-2`. */
  readonly claim: string;
  readonly verdict: Verdict;
  /** The moment at which it was decided. */
  readonly at: TimeUs;
  /** How long after its step it became true. */
  readonly took?: DurationUs;
  /** Why it failed or is unknown, in a few words. */
  readonly got?: string;
  /** Of a broken invariant: its worst violation. */
  readonly span?: { readonly from: TimeUs; readonly to: TimeUs };
  /** Hosts and switches that the claim names, for the story beside a failure. */
  readonly nodes: readonly string[];
}

/** A duration for people: `3.7 s`, `100 ms`, `12 µs`. */
export function durationWords(duration: number): string {
  const size = Math.abs(duration);
  if (size >= 1_000_000 || size === 0) return `${trim(duration / 1_000_000, 6)} s`;
  return size >= 1000 ? `${trim(duration / 1000, 3)} ms` : `${duration} µs`;
}

/** A moment for people: `13.609 s`. */
export function momentWords(at: number): string {
  return `${(at / 1_000_000).toFixed(3)} s`;
}

function trim(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)));
}
