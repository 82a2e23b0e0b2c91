/**
 * GitHub Actions: annotations at the lines of the scenario, and a summary of the job. GitHub shows
 * ten errors per step and drops the rest without a word, so the most important come first and the
 * last one says how many were left out. Source: "Workflow commands for GitHub Actions".
 */

import type { Problem } from '../../daemon/config/problem.ts';
import type { ExpectationResult } from '../scenario/expectations/verdict.ts';
import { durationWords, momentWords } from '../scenario/expectations/verdict.ts';
import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { versionNote, versionNotes } from './version-note.ts';

/** Annotations of one kind that GitHub shows per step. */
const SHOWN_PER_STEP = 10;
/** Where the step summary is cut, in characters; GitHub takes 1 MiB of bytes. */
const SUMMARY_LIMIT = 240_000;

/** `--reporter github`: nothing until the end, since what is important is only known then. */
export function githubReporter(_context: ReportContext): Reporter {
  return { onFile: () => '', onEnd: annotations };
}

interface Annotation {
  readonly level: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly title: string;
  readonly text: string;
  /** Lower comes first. */
  readonly rank: number;
}

function annotations(outcomes: readonly FileOutcome[]): string {
  const all = outcomes.flatMap(annotationsOf).toSorted((a, b) => a.rank - b.rank);
  const errors = all.filter((one) => one.level === 'error');
  const warnings = all.filter((one) => one.level === 'warning');
  const lines = [...limited(errors, 'error'), ...limited(warnings, 'warning')];
  return lines.map((line) => `${line}\n`).join('');
}

function limited(all: readonly Annotation[], level: 'error' | 'warning'): readonly string[] {
  if (all.length <= SHOWN_PER_STEP) return all.map(command);
  const shown = all.slice(0, SHOWN_PER_STEP - 1);
  const left = all.length - shown.length;
  const text = `${left} more ${level}s are left out here; the step summary lists them.`;
  return [...shown.map(command), `::${level} title=lantwin::${data(text)}`];
}

function annotationsOf(outcome: FileOutcome): readonly Annotation[] {
  if (outcome.kind === 'invalid') return outcome.problems.map((one) => ofProblem(one, 0));
  const { result } = outcome;
  const wrong = result.expectations.filter((one) => one.verdict !== 'pass');
  return [
    ...wrong.map((one) => ofExpectation(one, outcome)),
    ...(result.expectations.length > 0
      ? []
      : [
          {
            level: 'warning' as const,
            file: outcome.file,
            line: 1,
            column: 1,
            title: result.scenario.name,
            text: 'nothing was expected, so there is no verdict',
            rank: 4,
          },
        ]),
    ...outcome.warnings.map((one) => ofProblem(one, 5)),
    ...ofVersion(outcome),
  ];
}

/** A run of a version that nothing verifies says so at its file. */
function ofVersion(outcome: FileOutcome & { readonly kind: 'ran' }): readonly Annotation[] {
  const { file, result } = outcome;
  const text = versionNote(result);
  if (text === undefined) return [];
  const title = result.scenario.name;
  return [{ level: 'warning', file, line: 1, column: 1, title, text, rank: 6 }];
}

function ofExpectation(
  one: ExpectationResult,
  outcome: FileOutcome & { readonly kind: 'ran' },
): Annotation {
  const { result } = outcome;
  const text = [
    `expected: ${one.claim}`,
    `got: ${one.got ?? 'not told'}`,
    `at ${momentWords(one.at)}`,
    reproduceLine(result),
  ];
  const failed = one.verdict === 'fail';
  return {
    level: failed ? 'error' : 'warning',
    file: outcome.file,
    line: one.place.line,
    column: one.place.column,
    title: `${result.scenario.name} (seed ${result.seed})`,
    text: text.join('\n'),
    rank: failed ? 1 : 3,
  };
}

function ofProblem(problem: Problem, rank: number): Annotation {
  const { severity, file, line, column, code } = problem;
  const hint = problem.hint === undefined ? '' : `\n${problem.hint}`;
  const text = problem.message + hint;
  return { level: severity, file, line, column, title: code, text, rank };
}

function command(one: Annotation): string {
  const place = [`file=${property(one.file)}`];
  if (one.line > 0) place.push(`line=${one.line}`);
  if (one.line > 0 && one.column > 0) place.push(`col=${one.column}`);
  return `::${one.level} ${place.join(',')},title=${property(one.title)}::${data(one.text)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/**
 * The summary of the job in Markdown, failures first. It stays below the 1 MiB that GitHub takes
 * and says what was left out.
 */
export function githubSummary(outcomes: readonly FileOutcome[], version: string): string {
  const rank = (one: FileOutcome) =>
    one.kind === 'invalid'
      ? 0
      : one.result.verdict === 'fail'
        ? 1
        : one.result.verdict === 'pass'
          ? 3
          : 2;
  const sorted = outcomes.toSorted((a, b) => rank(a) - rank(b));
  const head = [
    '## lantwin',
    '',
    `${outcomes.length} runs, lantwin ${version}`,
    '',
    ...versionNotes(outcomes).flatMap((one) => [`⚠️ ${one}`, '']),
    '| | scenario | seed | expectations | longest outage |',
    '|---|---|---|---|---|',
  ].join('\n');
  let text = `${head}\n`;
  let left = 0;
  const add = (part: string) => {
    if (text.length + part.length > SUMMARY_LIMIT) left++;
    else text += part;
  };
  for (const outcome of sorted) add(`${summaryRow(outcome)}\n`);
  text += '\n';
  for (const outcome of sorted) for (const part of failureParts(outcome)) add(part);
  return left === 0 ? text : `${text}\n… ${left} more entries were left out.\n`;
}

function summaryRow(outcome: FileOutcome): string {
  if (outcome.kind === 'invalid') {
    return `| ❗ invalid | ${cell(outcome.file)} | | ${outcome.problems.length} problems | |`;
  }
  const { result } = outcome;
  const signs = { pass: '✅ pass', fail: '❌ fail', unknown: '❔ unknown' };
  const passed = result.expectations.filter((one) => one.verdict === 'pass').length;
  const longest = Math.max(0, ...result.traffic.map((one) => one.longestOutage));
  const outage =
    result.traffic.length === 0 ? '' : durationWords(Math.round(longest / 1000) * 1000);
  const name = cell(result.scenario.name);
  const held = `${passed} of ${result.expectations.length}`;
  return `| ${signs[result.verdict]} | ${name} | ${result.seed} | ${held} | ${outage} |`;
}

function failureParts(outcome: FileOutcome): readonly string[] {
  if (outcome.kind === 'invalid') {
    return outcome.problems.map(
      (one) => `- \`${one.file}:${one.line}:${one.column}\` ${markdown(one.message)}\n`,
    );
  }
  const { result } = outcome;
  return result.expectations
    .filter((one) => one.verdict === 'fail')
    .map((one) => {
      const place = `${outcome.file}:${one.place.line}`;
      const got = markdown(one.got ?? 'not told');
      const repeat = `\`${reproduceLine(result)}\``;
      return `- \`${place}\` ${markdown(one.claim)}: ${got}. Repeat: ${repeat}\n`;
    });
}

function cell(text: string): string {
  return markdown(text).replaceAll('|', '\\|');
}

function markdown(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll(/\s*\n\s*/g, ' ');
}
