/** What came of a traffic, in one line: losses with their reasons, who answered how much, how long it took. */

import { durationWords } from '../scenario/expectations/verdict.ts';
import type { TrafficResult } from '../scenario/traffic/outages.ts';

/** Names of those who answered that are told one by one. */
const NAMES_MAX = 8;

/** The line; percentages are rounded to whole ones. */
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
