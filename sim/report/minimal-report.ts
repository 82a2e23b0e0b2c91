/**
 * Only what is wrong, without decoration, and one line of counts: for scripts and coding agents
 * that pay for every line they read.
 */

import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { versionNotes } from './version-note.ts';

/** `--reporter minimal`: one line per failed expectation, then the counts. */
export function minimalReporter(_context: ReportContext): Reporter {
  return {
    onFile: (outcome) =>
      minimalLines(outcome)
        .map((line) => `${line}\n`)
        .join(''),
    onEnd: (outcomes) => {
      const of = (verdict: string) =>
        outcomes.filter((one) => one.kind === 'ran' && one.result.verdict === verdict).length;
      const invalid = outcomes.filter((one) => one.kind === 'invalid').length;
      const counts = `${of('pass')} pass, ${of('fail')} fail, ${of('unknown')} unknown`;
      const notes = versionNotes(outcomes).map((one) => `note: ${one}\n`);
      return `${notes.join('')}${counts}, ${invalid} invalid\n`;
    },
  };
}

function minimalLines(outcome: FileOutcome): readonly string[] {
  if (outcome.kind === 'invalid') {
    return outcome.problems
      .filter((one) => one.severity === 'error')
      .map((one) => `${one.file}:${one.line}:${one.column}: ${one.message} [${one.code}]`);
  }
  const { result } = outcome;
  if (result.verdict === 'pass') return [];
  const wrong = result.expectations.filter((one) => one.verdict !== 'pass');
  const lines = wrong.map((one) => {
    const place = `${outcome.file}:${one.place.line}`;
    return `${place}: ${one.verdict}: ${one.claim}; got: ${oneLine(one.got ?? 'not told')}`;
  });
  if (lines.length === 0) lines.push(`${outcome.file}: unknown: nothing was expected`);
  return [...lines, `repeat: ${reproduceLine(result)}`];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
