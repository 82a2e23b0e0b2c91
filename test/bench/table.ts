/** The bench's table: one line per workload and side. */

import type { BenchResult } from './bench-result.ts';

/** A workload with what both sides took. */
export interface ComparedCase {
  readonly id: string;
  readonly ours: BenchResult;
  readonly ns3?: BenchResult;
  readonly target?: number;
  readonly targetRealTime?: number;
  readonly optimisedFactor?: number;
  readonly memoryTarget?: true;
  readonly growthMaxMiB?: number;
  /** What it may cost beside another workload, and what it did: the middle of pairs. */
  readonly flat?: { readonly against: string; readonly most: number; readonly reached: number };
}

const HEAD = [
  'workload',
  'by',
  'events',
  'link frames',
  'host frames',
  'events/s',
  'link frames/s',
  'x real time',
  'wall s',
  'cpu s',
  'peak RSS MiB',
  'µs/link frame',
];

/** How many times faster than ns-3, in wall time. */
export function ratioOf(compared: ComparedCase): number | undefined {
  return compared.ns3 === undefined
    ? undefined
    : compared.ns3.wallSeconds / compared.ours.wallSeconds;
}

/** The middle of several runs by wall time; of an even number the better of the two in the middle. */
export function medianOf(runs: readonly BenchResult[]): BenchResult {
  const sorted = runs.toSorted((a, b) => a.wallSeconds - b.wallSeconds);
  const middle = sorted[(sorted.length - 1) >> 1];
  if (middle === undefined) throw new Error('no runs');
  return middle;
}

/** The middle of several ratios; of an even number the lower of the two in the middle. */
export function middleOf(ratios: readonly number[]): number {
  return ratios.toSorted((a, b) => a - b)[(ratios.length - 1) >> 1] ?? Number.NaN;
}

/** The table as text, columns aligned. */
export function formatTable(cases: readonly ComparedCase[]): string {
  const rows = [HEAD];
  for (const compared of cases) {
    rows.push(cells(compared.ours, 'lantwin'));
    if (compared.ns3 !== undefined) rows.push(cells(compared.ns3, 'ns-3'));
  }
  return aligned(rows, 2);
}

function cells(result: BenchResult, by: string): string[] {
  const { workload, events, linkFrames, hostFrames, simulatedSeconds, wallSeconds } = result;
  return [
    workload,
    by,
    count(events),
    count(linkFrames),
    count(hostFrames),
    count(events / wallSeconds),
    count(linkFrames / wallSeconds),
    simulatedSeconds === 0 ? '-' : count(simulatedSeconds / wallSeconds),
    wallSeconds.toFixed(3),
    result.cpuSeconds.toFixed(3),
    result.peakRssMiB.toFixed(0),
    linkFrames === 0 ? '-' : ((wallSeconds / linkFrames) * 1e6).toFixed(2),
  ];
}

/** 1234 as 1.23 k. */
function count(value: number): string {
  if (value === 0) return '-';
  for (const [unit, size] of [
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`;
  }
  return value.toFixed(value < 10 ? 1 : 0);
}

/** Rows of equal length as text; the first `left` columns stand left, numbers right. */
export function aligned(rows: readonly (readonly string[])[], left: number): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}
