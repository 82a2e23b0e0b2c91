/** Reporters by name, and what `--reporter NAME[:FILE]` means. A new reporter is one new row. */

import { dotReporter } from '../report/dot-report.ts';
import { githubReporter } from '../report/github-report.ts';
import { htmlReporter } from '../report/html-report.ts';
import { jsonReporter } from '../report/json-report.ts';
import { junitReporter } from '../report/junit-report.ts';
import { minimalReporter } from '../report/minimal-report.ts';
import { ndjsonReporter } from '../report/ndjson-report.ts';
import type { ReporterFactory } from '../report/reporter.ts';
import { tapReporter } from '../report/tap-report.ts';
import { textReporter } from '../report/text-report.ts';
import { UsageError } from './exit-codes.ts';
import { REPORTER_NAMES, type ReporterName } from './reporter-names.ts';

const REPORTERS: ReadonlyMap<string, ReporterFactory> = new Map<ReporterName, ReporterFactory>([
  ['default', textReporter],
  ['verbose', (context) => textReporter({ ...context, verbose: true })],
  ['dot', dotReporter],
  ['json', jsonReporter],
  ['ndjson', ndjsonReporter],
  ['junit', junitReporter],
  ['tap', tapReporter],
  ['github', githubReporter],
  ['html', htmlReporter],
  ['minimal', minimalReporter],
]);

/** One reporter and where it writes to; no file is stdout. */
export interface ChosenReporter {
  readonly name: string;
  readonly factory: ReporterFactory;
  readonly file?: string;
}

/** What the command line and its surroundings say about reports. */
export interface ReporterWishes {
  /** The values of `--reporter`. */
  readonly values: readonly string[];
  /** `--json`: one more reporter. */
  readonly json: boolean;
  /** `--outputFile`: where the last reporter without a file of its own writes to. */
  readonly outputFile?: string;
  /** GITHUB_ACTIONS is true: `github` comes along by itself. */
  readonly onGithub?: boolean;
}

/** Reads the values of `--reporter`, which may be given several times. */
export function chooseReporters(wishes: ReporterWishes): readonly ChosenReporter[] {
  const named = wishes.values.map(chosen);
  if (wishes.json) named.push(chosen('json'));
  if (wishes.outputFile !== undefined) aim(named, wishes.outputFile);
  const isQuiet = named.every((one) => one.file !== undefined);
  if (isQuiet) named.unshift(chosen('default'));
  const hasGithub = named.some((one) => one.name === 'github');
  // A document on stdout stays one document: no annotations between its lines.
  const isDocument = named.some((one) => one.file === undefined && DOCUMENTS.has(one.name));
  if (wishes.onGithub === true && !hasGithub && !isDocument) named.push(chosen('github'));
  return named;
}

/** Reporters whose whole output is read by a program. */
const DOCUMENTS = new Set(['json', 'ndjson', 'junit', 'tap', 'html']);

function chosen(value: string): ChosenReporter {
  const colon = value.indexOf(':');
  const name = colon < 0 ? value : value.slice(0, colon);
  const factory = REPORTERS.get(name);
  if (factory === undefined) {
    const known = REPORTER_NAMES.join(', ');
    throw new UsageError(`there is no reporter '${name}', expected one of ${known}`);
  }
  return { name, factory, ...(colon < 0 ? {} : { file: value.slice(colon + 1) }) };
}

function aim(named: ChosenReporter[], file: string): void {
  const index = named.findLastIndex((one) => one.file === undefined);
  const found = named[index];
  if (found === undefined)
    throw new UsageError('--outputFile: expected a --reporter to write there');
  named[index] = { ...found, file };
}
