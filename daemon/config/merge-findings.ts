/** From what four passes found to one list: the same complaint at the same place once, in file order. */

import type { Problem } from './problem.ts';
import type { Finding } from './reporter.ts';

/** Merges and sorts. Files keep the order in which they were met, the main file first. */
export function mergeFindings(findings: readonly Finding[], mainFile: string): Problem[] {
  const merged = new Map<string, Finding>();
  const fileOrder = new Map<string, number>([[mainFile, 0]]);
  for (const finding of findings) {
    if (finding.startOnly === true) continue;
    if (!fileOrder.has(finding.file)) fileOrder.set(finding.file, fileOrder.size);
    const bare = finding.keepalivedLines.map(withoutPlace).join('\n');
    const said = bare === '' ? finding.message : bare;
    const key = `${finding.file}\n${finding.line}\n${finding.code}\n${said}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, finding);
    else if (prefersNewer(known, finding)) merged.set(key, withParent(known, finding));
  }
  return [...merged.values()]
    .map((finding, index) => ({ finding, index }))
    .sort((one, other) => {
      const files =
        (fileOrder.get(one.finding.file) ?? 0) - (fileOrder.get(other.finding.file) ?? 0);
      return files || one.finding.line - other.finding.line || one.index - other.index;
    })
    .map(({ finding }) => toProblem(finding));
}

/** The child's words name the file, the parent's only the line. */
function prefersNewer(known: Finding, finding: Finding): boolean {
  return known.process === 'parent' && finding.process !== 'parent';
}

/** On a line that was cut the two count differently: both are kept. */
function withParent(parent: Finding, child: Finding): Finding {
  const numberOf = (line: string | undefined) => /Line (\d+)\)/.exec(line ?? '')?.[1];
  const [first] = parent.keepalivedLines;
  if (numberOf(first) === numberOf(child.keepalivedLines[0])) return child;
  return { ...child, keepalivedLines: [...parent.keepalivedLines, ...child.keepalivedLines] };
}

function withoutPlace(line: string): string {
  return line.replace(/^\((?:.*: )?Line \d+\) /, '');
}

function toProblem(finding: Finding): Problem {
  const { code, severity, file, line, column, message, hint, startText, keepalivedLines } = finding;
  return {
    code,
    severity,
    file,
    line,
    column,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(startText === undefined ? {} : { startText }),
    ...(keepalivedLines.length === 0 ? {} : { keepalivedText: keepalivedLines.join('\n') }),
  };
}
