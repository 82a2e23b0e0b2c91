/** The report of a search: JSON that shards are merged from, and the text for people. */

import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { shellWord } from '../report/reporter.ts';
import { mergedCoverage, RECEIVE_BRANCHES } from '../scenario/explore/coverage.ts';
import type { SearchPart } from '../scenario/explore/explore.ts';
import { FAULT_KINDS } from '../scenario/explore/fault.ts';
import { KNOWN_BEHAVIOUR } from '../scenario/explore/known-behaviour.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';

const foundSchema = z.strictObject({
  signature: z.string(),
  known: z.string().optional(),
  run: z.int(),
  faults: z.int(),
  got: z.string(),
  file: z.string(),
});
const reportSchema = z.strictObject({
  format: z.literal(1),
  seed: z.int(),
  runs: z.int(),
  /** It was interrupted before all runs were made. */
  interrupted: z.boolean(),
  failures: z.array(
    z.strictObject({ run: z.int(), signature: z.string(), known: z.string().optional() }),
  ),
  found: z.array(foundSchema),
  coverage: z.record(z.string(), z.int()),
});

/** One report. */
export type ExploreReport = z.output<typeof reportSchema>;
/** One kind of finding, shrunk and written. */
export type FoundFile = ExploreReport['found'][number];

/** What a failure is grouped by. */
interface Grouped {
  readonly signature: string;
  readonly known?: string | undefined;
}

/** Makes the report of a search. */
export function reportOf(
  part: SearchPart,
  given: {
    readonly seed: number;
    readonly found: readonly FoundFile[];
    readonly interrupted: boolean;
  },
): ExploreReport {
  return {
    format: 1,
    seed: given.seed,
    runs: part.runs,
    interrupted: given.interrupted,
    failures: part.failures.map(({ run, signature, known }) => ({
      run,
      signature,
      ...(known === undefined ? {} : { known }),
    })),
    found: [...given.found],
    coverage: Object.fromEntries(part.coverage),
  };
}

/** The reports of shards as one; the same as the report of one search over all runs. */
export function mergedReport(reports: readonly ExploreReport[]): ExploreReport {
  const byRun = (a: { readonly run: number }, b: { readonly run: number }) => a.run - b.run;
  const coverage = mergedCoverage(reports.map((one) => new Map(Object.entries(one.coverage))));
  return {
    format: 1,
    seed: reports[0]?.seed ?? 0,
    runs: reports.reduce((sum, one) => sum + one.runs, 0),
    interrupted: reports.some((one) => one.interrupted),
    failures: reports.flatMap((one) => one.failures).toSorted(byRun),
    found: firstOfEach(reports.flatMap((one) => one.found).toSorted(byRun)),
    coverage: Object.fromEntries(coverage),
  };
}

/** Reads a report of `--json`; `undefined` when it is none. */
export function readReport(file: string): ExploreReport | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return reportSchema.safeParse(parsed).data;
  } catch {
    return undefined;
  }
}

/** Of each kind of failure the first. */
export function firstOfEach<T extends Grouped>(all: readonly T[]): T[] {
  const seen = new Set<string>();
  return all.filter((one) => {
    const key = keyOf(one);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * 1 when something was found, 0 when not, 2 when cut short. What keepalived is known for breaks a
 * setup as well, unless the caller has said that it does not matter.
 */
export function codeOf(report: ExploreReport, knownOk: boolean): ExitCode {
  if (report.failures.some((one) => !knownOk || one.known === undefined)) return 1;
  return report.interrupted ? 2 : 0;
}

/** Prints a report. */
export function tellReport(report: ExploreReport, json: boolean, output: Output): void {
  if (json) {
    output.out(`${JSON.stringify(report, undefined, 2)}\n`);
    return;
  }
  tellCoverage(new Map(Object.entries(report.coverage)), output);
  const known = report.failures.filter((one) => one.known !== undefined).length;
  const unknown = report.failures.length - known;
  const cut = report.interrupted ? ' (interrupted)' : '';
  output.out(`\n${report.runs} runs, seed ${report.seed}${cut}: ${unknown} broke something`);
  output.out(`, ${known} as keepalived is known to\n`);
  const ranked = report.found.toSorted(
    (a, b) => Number(a.known !== undefined) - Number(b.known !== undefined),
  );
  for (const one of ranked) tellFound(one, report, output);
}

function tellFound(one: FoundFile, report: ExploreReport, output: Output): void {
  const { style } = output;
  const count = report.failures.filter((other) => keyOf(other) === keyOf(one)).length;
  const runs = `${count} ${count === 1 ? 'run' : 'runs'}, first run ${one.run}`;
  const faults = `${one.faults} ${one.faults === 1 ? 'fault' : 'faults'}`;
  if (one.known === undefined) output.out(`\n${style.bad('✗')} ${one.signature}: ${runs}\n`);
  else {
    const title = KNOWN_BEHAVIOUR.find((row) => row.code === one.known)?.title ?? '';
    output.out(`\n${style.unsure('~')} ${one.signature} [${one.known}]: ${runs}\n`);
    output.out(`    keepalived is known for it: ${title}\n`);
  }
  output.out(`    shrunk to ${faults}; ${one.got}\n`);
  output.out(`  repeat: npx lantwin run ${shellWord(one.file)}\n`);
  output.out(`  why:    npx lantwin why ${shellWord(one.file)}\n`);
}

/** Parts of the coverage, by the first word of their points. */
const PARTS = ['state', 'transition', 'group', 'checker'] as const;

function tellCoverage(coverage: ReadonlyMap<string, number>, output: Output): void {
  const rows = [...coverage];
  for (const part of PARTS) {
    const points = rows.filter(([name]) => name.startsWith(`${part} `));
    for (const [name, count] of points) output.out(`  ${String(count).padStart(6)}  ${name}\n`);
  }
  const branches = RECEIVE_BRANCHES.map(([name]) => name);
  tellOf('receive path', branches, (name) => coverage.get(`receive ${name}`), output);
  const kinds = FAULT_KINDS.map((kind) => kind.name);
  tellOf('faults tried', kinds, (name) => coverage.get(`fault ${name}`), output);
  const pairs = rows.filter(([name]) => name.startsWith('faults ')).length;
  output.out(`  pairs of faults tried: ${pairs} of ${(kinds.length * (kinds.length - 1)) / 2}\n`);
}

function tellOf(
  title: string,
  names: readonly string[],
  countOf: (name: string) => number | undefined,
  output: Output,
): void {
  const missing = names.filter((name) => countOf(name) === undefined);
  output.out(`  ${title}: ${names.length - missing.length} of ${names.length}\n`);
  for (const name of names) {
    const count = countOf(name);
    if (count !== undefined) output.out(`  ${String(count).padStart(6)}    ${name}\n`);
  }
  if (missing.length > 0) output.out(`          not reached: ${missing.join('; ')}\n`);
}

function keyOf(one: Grouped): string {
  return `${one.known ?? ''} ${one.signature}`;
}
