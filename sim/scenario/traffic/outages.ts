/** What came of a traffic: outages, losses, who answered. Computed once, after the run. */

import { type DurationUs, elapsed, type TimeUs } from '../../../daemon/base/time.ts';
import type { RunningTraffic } from './request-book.ts';

/** From the last answer before it to the next answer. */
export interface Outage {
  readonly from: TimeUs;
  /** The next answer, or the end of the run when none came. */
  readonly to: TimeUs;
  readonly length: DurationUs;
  /** Requests of that time without an answer. */
  readonly lost: number;
  /** Whether it was still going on when the run ended. */
  readonly open: boolean;
}

/** The results of one traffic. */
export interface TrafficResult {
  readonly name: string;
  readonly sent: number;
  readonly answered: number;
  /** Requests that had their time and got no answer. */
  readonly lost: number;
  readonly outages: readonly Outage[];
  readonly longestOutage: DurationUs;
  /** Everybody who answered, with the number of answers, in order of the first. Of HTTP: what the page says. */
  readonly answeredBy: readonly { readonly host: string; readonly answers: number }[];
  /** Why requests failed, in order of the first; empty for pings, of which only silence is known. */
  readonly failures: readonly { readonly why: string; readonly count: number }[];
  /** How long answers took, one entry per percentile; empty when none came. */
  readonly latency: readonly Percentile[];
}

/** The percentiles that are reported. */
export const PERCENTILES = ['50%', '90%', '95%', '99%', '99.9%', '100%'] as const;

/** So many of the answers came within that time. */
export interface Percentile {
  readonly share: (typeof PERCENTILES)[number];
  readonly within: DurationUs;
}

/** The results of a traffic at the end of the run. */
export function trafficResult(traffic: RunningTraffic, end: TimeUs): TrafficResult {
  const outages = outagesOf(traffic, end);
  const counts = new Map<string, number>();
  for (const { by = 'unknown' } of traffic.answers) counts.set(by, (counts.get(by) ?? 0) + 1);
  return {
    name: traffic.spec.name,
    sent: traffic.sentAt.length,
    answered: traffic.answers.length,
    lost: traffic.lost,
    outages,
    longestOutage: outages.reduce(
      (longest, outage) => Math.max(longest, outage.length),
      0,
    ) as DurationUs,
    answeredBy: [...counts].map(([host, answers]) => ({ host, answers })),
    failures: [...traffic.failures].map(([why, count]) => ({ why, count })),
    latency: latencyOf(traffic),
  };
}

/** By nearest rank: the shortest time within which so many answers came. */
function latencyOf(traffic: RunningTraffic): readonly Percentile[] {
  const { answers, sentAt } = traffic;
  if (answers.length === 0) return [];
  const times = Float64Array.from(answers, ({ at, sequence }) => at - (sentAt[sequence] ?? at));
  times.sort((a, b) => a - b);
  return PERCENTILES.map((share) => {
    const rank = Math.ceil((Number.parseFloat(share) * times.length) / 100);
    return { share, within: (times[Math.max(rank, 1) - 1] ?? 0) as DurationUs };
  });
}

function outagesOf(traffic: RunningTraffic, end: TimeUs): readonly Outage[] {
  const lost = traffic.lostRequests(end);
  const outages: Outage[] = [];
  let nextLost = 0;
  const collect = (from: TimeUs, to: TimeUs, open: boolean): void => {
    const first = nextLost;
    while (nextLost < lost.length && (lost[nextLost] as TimeUs) < to) nextLost++;
    if (nextLost === first) return;
    outages.push({ from, to, length: elapsed(from, to), lost: nextLost - first, open });
  };
  let before = traffic.answers.at(0);
  if (before === undefined) {
    const first = traffic.sentAt[0];
    if (first !== undefined) collect(first, end, true);
    return outages;
  }
  while (nextLost < lost.length && (lost[nextLost] as TimeUs) < before.at) nextLost++;
  for (const answer of traffic.answers) {
    collect(before.at, answer.at, false);
    before = answer;
  }
  collect(before.at, end, true);
  return outages;
}
