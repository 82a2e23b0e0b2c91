/** `lantwin doctor`: what this machine lacks, and how to mend it. Looks only, changes nothing. */

import { AREAS, type Area, examine, type Finding, works } from '../../daemon/linux/doctor.ts';
import { thisMachine } from '../../daemon/linux/doctor-machine.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Options of `doctor`. */
export interface DoctorCommandOptions {
  readonly json?: boolean;
}

/**
 * Examines one area or all. Exit code 4 when an area that was named does not work; without a name, when nothing works
 * that lantwin does everywhere (scenarios): a laptop without privileges is not ill.
 */
export function doctorCommand(
  area: string | undefined,
  options: DoctorCommandOptions,
  output: Output,
): ExitCode {
  if (area !== undefined && !isArea(area)) {
    const known = Object.keys(AREAS).join(', ');
    throw new UsageError(`'${area}' is none of ${known}`);
  }
  const findings = examine(thisMachine()).filter((one) => area === undefined || one.area === area);
  if (options.json === true) output.out(`${JSON.stringify(findings, undefined, 2)}\n`);
  else output.out(doctorText(findings, output));
  return works(findings, area ?? 'run') ? 0 : 4;
}

/** The findings in words, one area after the other. */
function doctorText(findings: readonly Finding[], { style }: Pick<Output, 'style'>): string {
  const lines: string[] = [];
  for (const [area, title] of Object.entries(AREAS)) {
    const own = findings.filter((one) => one.area === area);
    if (own.length === 0) continue;
    const verdict = verdictOf(own);
    const colour = { ready: style.good, 'with less': style.unsure, 'not here': style.bad }[verdict];
    lines.push(`${style.strong(title)}: ${colour(verdict)}`);
    for (const { what, state, detail, mend } of own) {
      const mark = {
        ok: style.good('ok'),
        worse: style.unsure('less'),
        missing: style.bad('MISSING'),
      };
      lines.push(`  ${mark[state]}  ${what}: ${detail}`);
      if (mend !== undefined) lines.push(`        mend: ${mend}`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

function verdictOf(findings: readonly Finding[]): 'ready' | 'with less' | 'not here' {
  if (findings.some((one) => one.state === 'missing')) return 'not here';
  return findings.some((one) => one.state === 'worse') ? 'with less' : 'ready';
}

function isArea(text: string): text is Area {
  return Object.hasOwn(AREAS, text);
}
