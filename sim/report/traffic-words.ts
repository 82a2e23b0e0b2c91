/** What came of a traffic: losses with their reasons, who answered how much, how long it took, and its outages. */

import { durationWords, momentWords } from '../scenario/expectations/verdict.ts';
import type { Outage, TrafficResult } from '../scenario/traffic/outages.ts';

/** Names of those who answered that are told one by one. */
const NAMES_MAX = 8;
/** Most lines about outages: every second request to a dead server is one. */
const OUTAGES_MAX = 4;

/** All of it but the outages, in one line; percentages are rounded to whole ones. */
export function trafficSummary(traffic: TrafficResult): string {
  const { sent, answered, lost } = traffic;
  const parts = [`${sent} sent, ${answered} answered, ${lost} lost${reasons(traffic)}`];
  if (traffic.answeredBy.length > 1 && traffic.answeredBy.length <= NAMES_MAX) {
    parts.push(traffic.answeredBy.map((one) => shareWords(one, answered)).join(', '));
  }
  const median = withinWords(traffic, '50%');
  const most = withinWords(traffic, '99%');
  if (median !== undefined && most !== undefined) parts.push(`half ${median}, 99% ${most}`);
  return parts.join('; ');
}

function reasons(traffic: TrafficResult): string {
  if (traffic.failures.length === 0) return '';
  return ` (${traffic.failures.map(({ why, count }) => `${count} ${why}`).join(', ')})`;
}

function shareWords(one: TrafficResult['answeredBy'][number], answered: number): string {
  return `${one.host} ${Math.round((one.answers * 100) / answered)}%`;
}

function withinWords(traffic: TrafficResult, share: string): string | undefined {
  const found = traffic.latency.find((one) => one.share === share);
  return found === undefined ? undefined : `within ${durationWords(found.within)}`;
}

/** The outages in their order; of many the longest ones, and the others in one line. */
export function outageWords(outages: readonly Outage[]): readonly string[] {
  if (outages.length <= OUTAGES_MAX) return outages.map(outageLine);
  const byLength = [...outages].sort((a, b) => b.length - a.length);
  const long = new Set(byLength.slice(0, OUTAGES_MAX - 1));
  const short = byLength.slice(OUTAGES_MAX - 1);
  const most = short.reduce((longest, { length }) => Math.max(longest, length), 0);
  const lost = short.reduce((sum, outage) => sum + outage.lost, 0);
  return [
    ...outages.filter((outage) => long.has(outage)).map(outageLine),
    `out ${short.length} more times for ${lengthWords(most)} at most, ${lost} lost`,
  ];
}

function outageLine({ from, length, lost, open }: Outage): string {
  const end = open ? ', still going on at the end' : '';
  return `out for ${lengthWords(length)} from ${momentWords(from)} on, ${lost} lost${end}`;
}

/** In whole milliseconds; `length` in µs. */
function lengthWords(length: number): string {
  return durationWords(Math.round(length / 1000) * 1000);
}
