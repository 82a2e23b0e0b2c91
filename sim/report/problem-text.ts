/**
 * Located problems as text: `file:line:col: severity: message [code]`, the source line, a caret,
 * the hint.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import type { Style } from './style.ts';

/** Widest source line that is shown whole; longer ones are cut around the caret. */
const WIDEST = 120;

/** One problem, several lines without a line end at the last. */
export function problemText(
  problem: Problem,
  sources: ReadonlyMap<string, string>,
  style: Style,
): string {
  return problemPrinter(sources, style)(problem);
}

/** The same for many problems: each source is cut into lines once. */
export function problemPrinter(
  sources: ReadonlyMap<string, string>,
  style: Style,
): (problem: Problem) => string {
  const linesOf = new Map<string, readonly string[]>();
  return (problem) => {
    let lines = linesOf.get(problem.file);
    if (lines === undefined) {
      lines = sources.get(problem.file)?.split(/\r?\n/) ?? [];
      linesOf.set(problem.file, lines);
    }
    return textOf(problem, problem.line === 0 ? undefined : lines[problem.line - 1], style);
  };
}

function textOf(problem: Problem, line: string | undefined, style: Style): string {
  const lines = [headLine(problem, style)];
  const source = line === undefined ? undefined : printable(line);
  if (source !== undefined) {
    const number = String(problem.line).padStart(5);
    const { text, caret } = cut(source, problem.column);
    lines.push(style.faint(`${number} | `) + text);
    if (problem.column > 0) {
      const indent = ' '.repeat(Math.max(0, caret - 1));
      lines.push(`${style.faint('      | ')}${indent}${paintOf(problem, style)('^')}`);
    }
  }
  if (problem.hint !== undefined) {
    lines.push(`      ${style.faint('=')} ${shortened(printable(problem.hint))}`);
  }
  return lines.join('\n');
}

/** `2 errors, 1 warning`. */
export function problemCount(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const parts: string[] = [];
  if (errors > 0) parts.push(`${errors} ${errors === 1 ? 'error' : 'errors'}`);
  if (warnings > 0) parts.push(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`);
  return parts.length === 0 ? 'no problems' : parts.join(', ');
}

function headLine(problem: Problem, style: Style): string {
  const { file, line, column, severity, code } = problem;
  const message = shortened(printable(problem.message));
  const place = line === 0 ? file : column === 0 ? `${file}:${line}` : `${file}:${line}:${column}`;
  return `${style.strong(place)}: ${paintOf(problem, style)(severity)}: ${message} [${code}]`;
}

function paintOf(problem: Problem, style: Style) {
  return problem.severity === 'error' ? style.bad : style.unsure;
}

/** Tabs become one blank and control characters a dot, so that the caret stands right. */
function printable(line: string): string {
  return line.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\ufffd]/gu, '.');
}

/** A message quotes what was read; of a binary file that may be a whole screen. */
function shortened(text: string): string {
  return text.length <= 4 * WIDEST ? text : `${text.slice(0, 4 * WIDEST)}…`;
}

function cut(line: string, column: number): { readonly text: string; readonly caret: number } {
  if (line.length <= WIDEST) return { text: line, caret: column };
  const from = Math.max(0, Math.min(column - WIDEST / 2, line.length - WIDEST));
  const head = from > 0 ? '…' : '';
  return { text: `${head}${line.slice(from, from + WIDEST)}…`, caret: column - from + head.length };
}
