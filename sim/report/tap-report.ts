/** The Test Anything Protocol, version 14: one point per expectation, details of failures as YAML. */

import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { versionNote } from './version-note.ts';

/** `--reporter tap`; the plan comes last, as the protocol allows. */
export function tapReporter(_context: ReportContext): Reporter {
  let number = 0;
  const next = () => ++number;
  return {
    onFile: (outcome) => {
      const head = number === 0 ? ['TAP version 14'] : [];
      const note = outcome.kind === 'ran' ? versionNote(outcome.result) : undefined;
      const comment = note === undefined ? [] : [`# ${note}`];
      return `${[...head, ...comment, ...pointsOf(outcome, next)].join('\n')}\n`;
    },
    onEnd: () => (number === 0 ? 'TAP version 14\n1..0\n' : `1..${number}\n`),
  };
}

function pointsOf(outcome: FileOutcome, next: () => number): readonly string[] {
  if (outcome.kind === 'invalid') {
    const errors = outcome.problems.filter((one) => one.severity === 'error');
    return errors.flatMap((one) => [
      `not ok ${next()} - ${described(`${outcome.file}: invalid: ${one.message}`)}`,
      ...details([
        ['code', one.code],
        ['file', one.file],
        ['line', String(one.line)],
      ]),
    ]);
  }
  const { result } = outcome;
  const name = result.scenario.name;
  if (result.expectations.length === 0) {
    return [`not ok ${next()} - ${described(name)} # TODO nothing was expected`];
  }
  return result.expectations.flatMap((one) => {
    const text = described(`${name} > ${one.claim}`);
    if (one.verdict === 'pass') return [`ok ${next()} - ${text}`];
    if (one.verdict === 'unknown') {
      return [`not ok ${next()} - ${text} # TODO ${described(one.got ?? 'unknown')}`];
    }
    return [
      `not ok ${next()} - ${text}`,
      ...details([
        ['got', one.got ?? 'not told'],
        ['file', outcome.file],
        ['line', String(one.place.line)],
        ['at', String(one.at / 1_000_000)],
        ['seed', String(result.seed)],
        ['repeat', reproduceLine(result)],
      ]),
    ];
  });
}

function details(entries: readonly (readonly [string, string])[]): readonly string[] {
  const lines = entries.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return ['  ---', ...lines, '  ...'];
}

/** `#` begins a directive and a line end the next point. */
function described(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('#', '\\#')
    .replaceAll(/\s*\n\s*/g, ' ');
}
