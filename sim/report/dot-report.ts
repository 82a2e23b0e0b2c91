/**
 * One character per run, failures told in full at the end: for many small scenarios or seeds.
 */

import type { FileOutcome, ReportContext, Reporter } from './reporter.ts';
import { textReporter } from './text-report.ts';
import { versionNotes } from './version-note.ts';

/** Characters of one line. */
const LINE_WIDTH = 80;

/** `--reporter dot`: `·` passed, `x` failed, `?` no verdict, `!` invalid. */
export function dotReporter(context: ReportContext): Reporter {
  const text = textReporter({ ...context, quiet: true });
  let count = 0;
  return {
    onFile: (outcome) => {
      count++;
      return dotOf(outcome, context) + (count % LINE_WIDTH === 0 ? '\n' : '');
    },
    onEnd: (outcomes) => {
      const wrong = outcomes.map((outcome) => text.onFile(outcome)).join('');
      const notes = versionNotes(outcomes).map((one) => `${one}\n`);
      const front = count % LINE_WIDTH === 0 ? '' : '\n';
      return `${front}${wrong}${notes.join('')}${text.onEnd(outcomes)}`;
    },
  };
}

function dotOf(outcome: FileOutcome, { style }: ReportContext): string {
  if (outcome.kind === 'invalid') return style.bad('!');
  const { verdict } = outcome.result;
  if (verdict === 'pass') return style.good('·');
  return verdict === 'fail' ? style.bad('x') : style.unsure('?');
}
