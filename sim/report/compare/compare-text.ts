/** A comparison in words and as JSON. */

import { formatSeconds } from '../../../daemon/base/time.ts';
import type { Comparison } from './compare-captures.ts';
import type { Parting } from './match-sightings.ts';

/** Most lines of partings; the rest is counted. */
const LINES_MAX = 40;

/** Lines for people. */
export function comparisonLines(comparison: Comparison): readonly string[] {
  const { partings, counts, begins, from, to, offsetsUs, tolerated, races } = comparison;
  const lines = [
    `the capture begins at ${secondsText(begins)} of the twin; compared from ${secondsText(from)} to ${secondsText(to)}`,
    ...counts.map(
      (one) =>
        `  ${one.kind}: ${one.real} in reality, ${one.twin} in the twin, ${one.paired} paired`,
    ),
  ];
  if (offsetsUs.length > 0) {
    const at = (share: number) => offsetsUs[Math.floor((offsetsUs.length - 1) * share)] ?? 0;
    lines.push(
      `  reality is later by ${msText(at(0.5))} in the middle, ${msText(at(0))} to ${msText(at(1))} at the ends`,
    );
  }
  if (tolerated > 0) lines.push(`  ${tolerated} without a partner were let pass`);
  if (races > 0) lines.push(`  ${races} adverts came from the other of two masters, a race`);
  if (partings.length === 0) return [...lines, 'reality and twin agree'];
  lines.push(`they part ${partings.length} times, first at ${secondsText(partings[0]?.at ?? 0)}:`);
  lines.push(...partings.slice(0, LINES_MAX).map(partingLine));
  const left = partings.length - LINES_MAX;
  if (left > 0) lines.push(`… and ${left} more (--json has them all)`);
  return lines;
}

/** One parting. */
function partingLine(parting: Parting): string {
  const time = secondsText(parting.at).padStart(14);
  switch (parting.kind) {
    case 'only-real':
      return `${time}  in reality only: ${parting.key}${detailText(parting.detail)}`;
    case 'only-twin':
      return `${time}  in the twin only: ${parting.key}${detailText(parting.detail)}`;
    case 'timing':
      return `${time}  ${parting.key}: reality is ${lateText(parting.byUs)}`;
    case 'different':
      return `${time}  ${parting.key}: ${parting.real} in reality, ${parting.twin} in the twin`;
  }
}

function detailText(detail: string): string {
  return detail === '' ? '' : ` (${detail})`;
}

function lateText(us: number): string {
  return us >= 0 ? `${msText(us)} later` : `${msText(-us)} earlier`;
}

function msText(us: number): string {
  return `${(us / 1000).toFixed(1)} ms`;
}

function secondsText(us: number): string {
  const text = formatSeconds(Math.abs(Math.round(us)) as never).slice(0, -3);
  return `${us < 0 ? '-' : ''}${text} s`;
}
