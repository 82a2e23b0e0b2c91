/**
 * `explore FILE`: searches, shrinks what it finds to a small scenario beside the file, reports.
 * `explore merge`: the JSON reports of shards as one. Ctrl+C ends the search with what there is.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { shellWord } from '../report/reporter.ts';
import { blocksOf, mergeParts, type SearchOptions } from '../scenario/explore/explore.ts';
import type { Failure } from '../scenario/explore/failure.ts';
import { FAULT_KINDS } from '../scenario/explore/fault.ts';
import { plannedText } from '../scenario/explore/plan.ts';
import { shrink } from '../scenario/explore/shrink.ts';
import { readSeed, readShard } from './arguments.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import { readSearchBase } from './explore-base.ts';
import { ExploreProgress } from './explore-progress.ts';
import {
  codeOf,
  type ExploreReport,
  type FoundFile,
  firstOfEach,
  mergedReport,
  readReport,
  reportOf,
  tellReport,
} from './explore-report.ts';
import { type DoneBlock, hashOf, readState, searchKey, writeState } from './explore-state.ts';
import { searchInThreads } from './explore-threads.ts';
import { makeFolder } from './make-folder.ts';
import type { Output } from './output.ts';
import { RUN_FOLDER } from './run-file.ts';
import { scenarioLoader } from './scenario-loader.ts';

/** The options of `explore`. */
export interface ExploreCommandOptions {
  readonly runs?: string;
  readonly seed?: string;
  readonly faults?: string;
  readonly shard?: string;
  readonly workers?: string;
  readonly resume?: string;
  readonly knownOk?: boolean;
  readonly json?: boolean;
}

/** What surrounds the command; tests hand in their own. */
export interface ExploreSurroundings {
  readonly output: Output;
  readonly version: string;
  /** Calls back on Ctrl+C; the returned function ends listening. By default SIGINT and SIGTERM. */
  onInterrupt?(stop: () => void): () => void;
}

const DEFAULT_RUNS = 200;
const RUNS_MAX = 1_000_000;

/** Searches: 1 when something was found, 0 when not, 2 when interrupted before. */
export async function exploreCommand(
  paths: readonly string[],
  options: ExploreCommandOptions,
  given: ExploreSurroundings,
): Promise<ExitCode> {
  const { output, version } = given;
  const seed = options.seed === undefined ? 1 : readSeed(options.seed);
  const runs = readCount('--runs', options.runs, DEFAULT_RUNS);
  const kinds = readKinds(options.faults);
  const shard = options.shard === undefined ? { index: 1, count: 1 } : readShard(options.shard);
  const workers = readCount('--workers', options.workers, availableParallelism());
  const base = readSearchBase(paths, output, await scenarioLoader(paths));
  if (base === undefined) return 3;
  const search: SearchOptions = { base, seed, ...(kinds === undefined ? {} : { kinds }) };
  const key = searchKey(search, version);
  const blocks = blocksOf(runs, shard);
  const earlier = options.resume === undefined ? [] : readState(options.resume, key);
  if (typeof earlier === 'string') {
    output.err(`${options.resume}: error: ${earlier} [explore:other-search]\n`);
    return 3;
  }
  const done = earlier.filter(({ block, part }) =>
    blocks.some((one) => one.block === block && one.runs === part.runs),
  );
  const total = blocks.reduce((sum, one) => sum + one.runs, 0);
  const progress = new ExploreProgress(output, total, process.stderr.isTTY === true);
  for (const one of done) progress.add(one.part, false);
  let stopped = false;
  const unlisten = (given.onInterrupt ?? onSignals)(() => {
    stopped = true;
  });
  const known = new Set(done.map((one) => one.block));
  await searchInThreads({
    options: search,
    paths,
    blocks: blocks.filter((one) => !known.has(one.block)),
    workers,
    isStopped: () => stopped,
    onBlock: (one) => {
      done.push(one);
      progress.add(one.part, true);
    },
  });
  unlisten();
  progress.end();
  const interrupted = done.length < blocks.length;
  if (interrupted || options.resume !== undefined) {
    const file = options.resume ?? join(RUN_FOLDER, `explore-${key}.json`);
    writeState(file, key, done);
    if (interrupted) output.err(`go on: ${resumeLine(paths, options, file)}\n`);
  }
  const report = reported(search, done, { seed, interrupted });
  tellReport(report, options.json === true, output);
  return codeOf(report, options.knownOk === true);
}

function reported(
  search: SearchOptions,
  done: readonly DoneBlock[],
  given: { readonly seed: number; readonly interrupted: boolean },
): ExploreReport {
  const part = mergeParts(done.map((one) => one.part));
  const found = firstOfEach(part.failures).map((failure) => writeFound(search, failure));
  return reportOf(part, { ...given, found });
}

/** The command that goes on where this one was interrupted. */
function resumeLine(
  paths: readonly string[],
  options: ExploreCommandOptions,
  file: string,
): string {
  const flags = (['runs', 'seed', 'faults', 'shard'] as const).flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  const words = [...paths, ...flags, '--resume', file].map(shellWord);
  return `npx lantwin explore ${words.join(' ')}`;
}

/** Merges reports; the same as one search over all runs. */
export function mergeCommand(
  files: readonly string[],
  options: ExploreCommandOptions,
  output: Output,
): ExitCode {
  if (files.length === 0) throw new UsageError('explore merge: expected JSON reports of shards');
  const reports: ExploreReport[] = [];
  for (const file of files) {
    const report = readReport(file);
    if (report === undefined) {
      output.err(`${file}: error: this is no report of lantwin explore --json [run:unreadable]\n`);
      return 3;
    }
    reports.push(report);
  }
  const merged = mergedReport(reports);
  tellReport(merged, options.json === true, output);
  return codeOf(merged, options.knownOk === true);
}

function writeFound(search: SearchOptions, failure: Failure): FoundFile {
  const small = shrink(search, failure);
  const { signature, got, known, plan, run } = small.failure;
  const text = plannedText(small.base, plan, signature);
  const file = join(dirname(search.base.scenario.file), `found-${hashOf(text)}.twin.yml`);
  try {
    writeFileSync(file, text);
    // What it names must lie beside it: configurations that only a program had come along.
    for (const [name, bytes] of search.base.scenario.unwritten ?? []) {
      const path = join(dirname(file), name);
      makeFolder(dirname(path));
      if (!existsSync(path)) writeFileSync(path, bytes);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write what was found: ${reason}`, { cause: error });
  }
  const faults = plan.faults.length;
  return { signature, ...(known === undefined ? {} : { known }), run, faults, got, file };
}

function onSignals(stop: () => void): () => void {
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
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
