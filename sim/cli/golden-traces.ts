/**
 * Golden traces: what happened in a run, as text with one event a line, beside the scenario under `__traces__/`.
 * Where there is one, a run of that seed must go the same way. Times are in milliseconds and process numbers are
 * left out, so that only what an observer would call a difference is one.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TimeUs } from '../../daemon/base/time.ts';
import { eventText, type KnownRunEvent } from '../report/event-text.ts';
import type { ExpectationResult } from '../scenario/expectations/verdict.ts';
import type { RunResult } from '../scenario/run.ts';
import { EnvironmentError } from './exit-codes.ts';
import { makeFolder } from './make-folder.ts';

/** Where golden traces lie, beside their scenarios. */
const TRACES_FOLDER = '__traces__';

/** Different lines that a failure shows. */
const LINES_SHOWN = 3;

/** The golden trace of a scenario and seed. */
function goldenPath(result: RunResult): string {
  const { file } = result.scenario;
  const base = basename(file).replace(/\.twin\.\w+$|\.ya?ml$/, '');
  return join(dirname(file), TRACES_FOLDER, `${base}-seed${result.seed}.trace.txt`);
}

/** A run as normalised text. */
function goldenText(result: RunResult): string {
  const lines = (result.log as readonly KnownRunEvent[]).map(lineOf);
  return lines.map((line) => `${line}\n`).join('');
}

function lineOf(event: KnownRunEvent): string {
  const time = (Math.round(event.at / 1000) / 1000).toFixed(3).padStart(10);
  const text = eventText(event)
    .replaceAll(/\[\d+\]/g, '[pid]')
    .replaceAll(/pid=\d+/g, 'pid=N')
    .replaceAll(/\s*\n\s*/g, ' ');
  return `${time}  ${event.node.padEnd(10)} ${text}`.trimEnd();
}

/** Writes the golden trace of a run that held; the path when it is new or has changed. */
export function updateGolden(result: RunResult): string | undefined {
  if (result.verdict === 'fail') return undefined;
  const path = goldenPath(result);
  const text = goldenText(result);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return undefined;
  try {
    makeFolder(dirname(path));
    writeFileSync(path, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the golden trace: ${reason}`, { cause: error });
  }
  return path;
}

/** The result with one expectation more where there is a golden trace. */
export function compareGolden(result: RunResult): RunResult {
  const path = goldenPath(result);
  if (!existsSync(path)) return result;
  const golden = readFileSync(path, 'utf8').split('\n');
  const seen = goldenText(result).split('\n');
  const index = seen.findIndex((line, i) => line !== golden[i]);
  const isSame = index < 0 && golden.length === seen.length;
  const first = index < 0 ? seen.length - 1 : index;
  const got = isSame ? {} : { got: differenceWords(golden, seen, first) };
  const expectation: ExpectationResult = {
    id: 'golden-trace',
    place: { line: 1, column: 1 },
    claim: `the run goes as in ${path}`,
    verdict: isSame ? 'pass' : 'fail',
    at: isSame ? result.end : timeOf(seen[first] ?? golden[first] ?? ''),
    nodes: [],
    ...got,
  };
  // A trace to compare with is something expected, where there was nothing else.
  const isOnly = result.expectations.length === 0 && result.stopped === 'end';
  const verdict = isOnly ? 'pass' : result.verdict;
  return {
    ...result,
    verdict: isSame ? verdict : 'fail',
    expectations: [...result.expectations, expectation],
  };
}

function differenceWords(
  golden: readonly string[],
  seen: readonly string[],
  first: number,
): string {
  const from = (lines: readonly string[], sign: string) =>
    lines.slice(first, first + LINES_SHOWN).map((line) => `${sign} ${line}`);
  const words = `line ${first + 1} differs (lantwin run -u accepts what is seen now)`;
  return [words, ...from(golden, '-'), ...from(seen, '+')].join('\n');
}

function timeOf(line: string): TimeUs {
  return Math.round(Number.parseFloat(line) * 1_000_000 || 0) as TimeUs;
}
