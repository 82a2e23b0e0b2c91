/**
 * A located problem as text, in the one form of all our tools:
 *
 *     keepalived.conf:3:15: warning: `12345` is not ... [config:bad-number]
 *         virtual_router_id 12345
 *                           ^
 *       hint: ...
 */

import type { Problem } from './problem.ts';

/** Longest source line shown; a longer one is cut around the column. */
const SHOWN_COLUMNS = 120;
const INDENT = '    ';

/** The problem as lines without a trailing line end. `sourceLine` is its line as written, when known. */
export function formatProblem(problem: Problem, sourceLine?: string): string {
  const lines = [`${place(problem)}${problem.severity}: ${problem.message} [${problem.code}]`];
  if (sourceLine !== undefined && problem.line > 0 && sourceLine.trim() !== '') {
    lines.push(...excerpt(sourceLine, problem.column));
  }
  if (problem.hint !== undefined) lines.push(`  hint: ${problem.hint}`);
  return lines.join('\n');
}

/** All problems, in their order; `linesOf` gives the lines of a file (see `sourceLines`), when it can. */
export function formatProblems(
  problems: readonly Problem[],
  linesOf: (file: string) => readonly string[] | undefined,
): string {
  return problems.map((one) => formatProblem(one, linesOf(one.file)?.[one.line - 1])).join('\n');
}

function place(problem: Problem): string {
  const parts = [printable(problem.file)];
  if (problem.line > 0) parts.push(`${problem.line}`);
  if (problem.line > 0 && problem.column > 0) parts.push(`${problem.column}`);
  return `${parts.join(':')}: `;
}

/** The source line and, when the column is known, a caret under it. Tabs keep their width under the caret. */
function excerpt(sourceLine: string, column: number): string[] {
  const characters = [...sourceLine];
  const first = Math.max(
    0,
    Math.min(column - SHOWN_COLUMNS / 2, characters.length - SHOWN_COLUMNS),
  );
  const window = characters.slice(first, first + SHOWN_COLUMNS);
  const head = first > 0 ? '...' : '';
  const tail = first + SHOWN_COLUMNS < characters.length ? '...' : '';
  const shown = `${INDENT}${head}${printable(window.join(''))}${tail}`.trimEnd();
  if (column === 0) return [shown];
  const before = window.slice(0, column - 1 - first);
  const pad = before.map((one) => (one === '\t' ? '\t' : ' ')).join('');
  return [shown, `${INDENT}${' '.repeat(head.length)}${pad}^`];
}

/** Control characters (terminals obey them) become `?`; tabs stay. */
function printable(text: string): string {
  let result = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    const control = (code < 0x20 && code !== 0x09) || (code >= 0x7f && code < 0xa0);
    result += control ? '?' : character;
  }
  return result;
}
