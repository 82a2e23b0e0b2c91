/** The report for programs that read while it runs: one JSON object per line, one line per run. */

import { runJson } from './json-report.ts';
import type { ReportContext, Reporter } from './reporter.ts';

/** `--reporter ndjson`: a `run` line after every run, an `end` line with the counts. */
export function ndjsonReporter(context: ReportContext): Reporter {
  return {
    onFile: (outcome) => line({ type: 'run', lantwin: context.version, ...runJson(outcome) }),
    onEnd: (outcomes) => {
      const of = (verdict: string) =>
        outcomes.filter((one) => one.kind === 'ran' && one.result.verdict === verdict).length;
      return line({
        type: 'end',
        runs: outcomes.length,
        pass: of('pass'),
        fail: of('fail'),
        unknown: of('unknown'),
        invalid: outcomes.filter((one) => one.kind === 'invalid').length,
      });
    },
  };
}

function line(value: Record<string, unknown>): string {
  return `${JSON.stringify(value)}\n`;
}
