/** Reporters by name, and what `--reporter NAME[:FILE]` means. A new reporter is one new row. */

import { jsonReporter } from '../report/json-report.ts';
import type { ReporterFactory } from '../report/reporter.ts';
import { textReporter } from '../report/text-report.ts';
import { UsageError } from './exit-codes.ts';

const REPORTERS: ReadonlyMap<string, ReporterFactory> = new Map<string, ReporterFactory>([
  ['default', textReporter],
  ['verbose', (context) => textReporter({ ...context, verbose: true })],
  ['json', jsonReporter],
]);

/** One reporter and where it writes to; no file is stdout. */
export interface ChosenReporter {
  readonly name: string;
  readonly factory: ReporterFactory;
  readonly file?: string;
}

/** Reads the values of `--reporter`, which may be given several times; `--json` is one more. */
export function chooseReporters(
  values: readonly string[],
  json: boolean,
): readonly ChosenReporter[] {
  const named = values.map((value): ChosenReporter => {
    const colon = value.indexOf(':');
    const name = colon < 0 ? value : value.slice(0, colon);
    const factory = REPORTERS.get(name);
    if (factory === undefined) {
      const known = [...REPORTERS.keys()].join(', ');
      throw new UsageError(`there is no reporter '${name}', expected one of ${known}`);
    }
    return { name, factory, ...(colon < 0 ? {} : { file: value.slice(colon + 1) }) };
  });
  if (json) named.push({ name: 'json', factory: jsonReporter });
  if (named.some((one) => one.file === undefined)) return named;
  return [{ name: 'default', factory: textReporter }, ...named];
}
