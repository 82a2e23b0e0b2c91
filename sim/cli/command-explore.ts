/**
 * `explore FILE`: searches, shrinks what it finds to a small scenario beside the file, reports.
 * `explore merge`: the JSON reports of shards as one.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { shellWord } from '../report/reporter.ts';
import { mergedCoverage } from '../scenario/explore/coverage.ts';
import { blocksOf, type SearchOptions } from '../scenario/explore/explore.ts';
import type { Failure } from '../scenario/explore/failure.ts';
import { FAULT_KINDS } from '../scenario/explore/fault.ts';
import { plannedText } from '../scenario/explore/plan.ts';
import { shrink } from '../scenario/explore/shrink.ts';
import { readSeed, readShard } from './arguments.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import { readSearchBase } from './explore-base.ts';
import { searchInThreads } from './explore-threads.ts';
import type { Output } from './output.ts';

/** The options of `explore`. */
export interface ExploreCommandOptions {
  readonly runs?: string;
  readonly seed?: string;
  readonly faults?: string;
  readonly shard?: string;
  readonly workers?: string;
  readonly json?: boolean;
}

const DEFAULT_RUNS = 200;
const RUNS_MAX = 1_000_000;

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
  failures: z.array(
    z.strictObject({ run: z.int(), signature: z.string(), known: z.string().optional() }),
  ),
  found: z.array(foundSchema),
  coverage: z.record(z.string(), z.int()),
});
type Report = z.output<typeof reportSchema>;

/** Searches: 1 when something was found that keepalived is not known for, 0 when not. */
export async function exploreCommand(
  paths: readonly string[],
  options: ExploreCommandOptions,
  output: Output,
): Promise<ExitCode> {
  const seed = options.seed === undefined ? 1 : readSeed(options.seed);
  const runs = readCount('--runs', options.runs, DEFAULT_RUNS);
  const kinds = readKinds(options.faults);
  const shard = options.shard === undefined ? { index: 1, count: 1 } : readShard(options.shard);
  const workers = readCount('--workers', options.workers, availableParallelism());
  const base = readSearchBase(paths, output);
  if (base === undefined) return 3;
  const search: SearchOptions = { base, seed, ...(kinds === undefined ? {} : { kinds }) };
  let done = 0;
  let failed = 0;
  const part = await searchInThreads({
    options: search,
    paths,
    blocks: blocksOf(runs, shard),
    workers,
    onPart: (one) => {
      done += one.runs;
      failed += one.failures.length;
      output.err(`${done} of ${runs} runs, ${failed} failed\n`);
    },
  });
  const found = firstOfEach(part.failures).map((failure) => writeFound(search, failure));
  const report: Report = {
    format: 1,
    seed,
    runs: part.runs,
    failures: part.failures.map(({ run, signature, known }) => ({
      run,
      signature,
      ...(known === undefined ? {} : { known }),
    })),
    found,
    coverage: Object.fromEntries(part.coverage),
  };
  tell(report, options.json === true, output);
  return codeOf(report);
}

/** Merges reports; the same as one search over all runs. */
export function mergeCommand(
  files: readonly string[],
  options: ExploreCommandOptions,
  output: Output,
): ExitCode {
  if (files.length === 0) throw new UsageError('explore merge: expected JSON reports of shards');
  const reports: Report[] = [];
  for (const file of files) {
    const report = readReport(file);
    if (report === undefined) {
      output.err(`${file}: error: this is no report of lantwin explore --json [run:unreadable]\n`);
      return 3;
    }
    reports.push(report);
  }
  const byRun = (a: { readonly run: number }, b: { readonly run: number }) => a.run - b.run;
  const coverage = mergedCoverage(reports.map((one) => new Map(Object.entries(one.coverage))));
  const merged: Report = {
    format: 1,
    seed: reports[0]?.seed ?? 0,
    runs: reports.reduce((sum, one) => sum + one.runs, 0),
    failures: reports.flatMap((one) => one.failures).toSorted(byRun),
    found: firstOfEach(reports.flatMap((one) => one.found).toSorted(byRun)),
    coverage: Object.fromEntries(coverage),
  };
  tell(merged, options.json === true, output);
  return codeOf(merged);
}

/** What a failure is grouped by. */
interface Grouped {
  readonly signature: string;
  readonly known?: string | undefined;
}

/** Of each kind of failure the first. */
function firstOfEach<T extends Grouped>(all: readonly T[]): T[] {
  const seen = new Set<string>();
  return all.filter((one) => {
    const key = `${one.known ?? ''} ${one.signature}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function writeFound(search: SearchOptions, failure: Failure): Report['found'][number] {
  const small = shrink(search, failure);
  const { signature, got, known, plan, run } = small.failure;
  const text = plannedText(small.base, plan, signature);
  const file = join(dirname(search.base.scenario.file), `found-${hashOf(text)}.twin.yml`);
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write what was found: ${reason}`, { cause: error });
  }
  const faults = plan.faults.length;
  return { signature, ...(known === undefined ? {} : { known }), run, faults, got, file };
}

function tell(report: Report, json: boolean, output: Output): void {
  if (json) {
    output.out(`${JSON.stringify(report, undefined, 2)}\n`);
    return;
  }
  output.out('reached:\n');
  for (const [point, count] of Object.entries(report.coverage)) {
    output.out(`  ${String(count).padStart(6)}  ${point}\n`);
  }
  const known = report.failures.filter((one) => one.known !== undefined).length;
  const unknown = report.failures.length - known;
  output.out(`\n${report.runs} runs, seed ${report.seed}: ${unknown} broke something`);
  output.out(`, ${known} as keepalived is known to\n`);
  for (const one of report.found) {
    const count = report.failures.filter(
      (other) => other.signature === one.signature && other.known === one.known,
    ).length;
    const code = one.known === undefined ? '' : ` [${one.known}]`;
    output.out(`\n✗ ${one.signature}${code}: ${count} runs, first run ${one.run}\n`);
    output.out(
      `    shrunk to ${one.faults} ${one.faults === 1 ? 'fault' : 'faults'}; ${one.got}\n`,
    );
    output.out(`  repeat: npx lantwin run ${shellWord(one.file)}\n`);
  }
}

function codeOf(report: Report): ExitCode {
  return report.failures.some((one) => one.known === undefined) ? 1 : 0;
}

function readReport(file: string): Report | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return reportSchema.safeParse(parsed).data;
  } catch {
    return undefined;
  }
}

function readCount(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= RUNS_MAX) return count;
  throw new UsageError(`${option}: expected a whole number from 1, read '${text}'`);
}

function readKinds(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  const known = FAULT_KINDS.map((kind) => kind.name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  throw new UsageError(`--faults: there is no '${wrong}', expected some of ${known.join(', ')}`);
}

/** FNV-1a, 32 bits: a short name for a text. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}
