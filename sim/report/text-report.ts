/**
 * The report for people: one line per scenario, the story where it helps, and for a failure
 * everything that is needed to understand it: the sentence, the moment, the lines of the file, the
 * last changes, expected and got, and how to repeat it.
 */

import { formatSeconds } from '../../daemon/base/time.ts';
import {
  durationWords,
  type ExpectationResult,
  momentWords,
  type Verdict,
} from '../scenario/expectations/verdict.ts';
import type { RunResult } from '../scenario/run.ts';
import type { TrafficResult } from '../scenario/traffic/outages.ts';
import { problemCount, problemPrinter } from './problem-text.ts';
import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { lastChanges, type StoryLine, storyOf } from './story.ts';
import type { Paint, Style } from './style.ts';
import { outageWords, trafficSummary } from './traffic-words.ts';
import { versionNote } from './version-note.ts';

/** Most lines of a story; what is left out is counted. */
const STORY_LIMIT = 60;
const CHANGES_SHOWN = 8;
const LINES_AROUND = 2;

type Ran = FileOutcome & { readonly kind: 'ran' };

/** The default reporter. */
export function textReporter(context: ReportContext): Reporter {
  return {
    onFile: (outcome) => `${fileLines(outcome, context).join('\n')}\n`.replace(/^\n$/, ''),
    onEnd: (outcomes) => endLines(outcomes, context),
  };
}

function fileLines(outcome: FileOutcome, context: ReportContext): readonly string[] {
  const { style } = context;
  if (outcome.kind === 'invalid') {
    const texts = outcome.problems.map(problemPrinter(outcome.sources, style));
    const count = problemCount(outcome.problems);
    return [...texts, `${style.bad('✗')} ${outcome.file} was not run: ${count}`];
  }
  const failed = outcome.result.verdict !== 'pass';
  if (context.quiet && !failed) return [];
  const told = context.verbose || context.fileCount === 1;
  const shown = told ? outcome.warnings : [];
  const warnings = shown.map(problemPrinter(outcome.sources, style));
  return [
    ...warnings,
    headLine(outcome, style),
    ...versionLines(outcome.result, style),
    ...(told ? aboutLines(outcome.result, style) : []),
    ...(told ? storyLines(storyOf(outcome.result), style) : []),
    ...(told ? resultLines(outcome.result, style) : []),
    ...(failed ? failureLines(outcome, context) : []),
    ...(failed ? [] : outcome.written.map((path) => `    ${style.faint('written:')} ${path}`)),
  ];
}

function headLine(outcome: Ran, style: Style): string {
  const { result, wallMs } = outcome;
  const passed = result.expectations.filter((one) => one.verdict === 'pass').length;
  const facts = [
    `${passed} of ${result.expectations.length}`,
    `seed ${result.seed}`,
    `${formatSeconds(result.end)
      .replace(/0{3,6}$/, '')
      .replace(/\.$/, '')} s in ${Math.round(wallMs)} ms`,
    ...result.traffic.filter((one) => one.sent > 0).map(trafficWords),
    ...(outcome.warnings.length > 0 ? [problemCount(outcome.warnings)] : []),
  ];
  const name = style.strong(result.scenario.name);
  return `${glyph(result.verdict, style)} ${name}  ${style.faint(facts.join(' · '))}`;
}

function trafficWords(traffic: TrafficResult): string {
  if (traffic.answered === 0) return `${traffic.name} never answered`;
  if (traffic.outages.length === 0) return `${traffic.name} without a gap`;
  const longest = durationWords(Math.round(traffic.longestOutage / 1000) * 1000);
  return `${traffic.name} out for ${longest} at most`;
}

function versionLines(result: RunResult, style: Style): readonly string[] {
  const note = versionNote(result);
  return note === undefined ? [] : [`    ${style.faint(note)}`];
}

function aboutLines(result: RunResult, style: Style): readonly string[] {
  const about = result.scenario.about;
  if (about === undefined) return [];
  return about.split('\n').map((line) => `    ${style.faint(line)}`.trimEnd());
}

function storyLines(story: readonly StoryLine[], style: Style): readonly string[] {
  const shown = story.slice(0, STORY_LIMIT).map((line) => storyLine(line, style));
  const left = story.length - shown.length;
  if (left > 0) shown.push(style.faint(`    … ${left} more, see lantwin events`));
  return shown;
}

function storyLine(line: StoryLine, style: Style): string {
  const time = style.faint(formatSeconds(line.at).slice(0, -3).padStart(11));
  if (line.isStep) return `${time}  ${style.strong(`▸ ${line.text}`)}`;
  const node = line.node === '' ? '' : `${line.node.padEnd(10)} `;
  return `${time}    ${node}${line.text}`;
}

function resultLines(result: RunResult, style: Style): readonly string[] {
  const items = result.expectations.map((one) => {
    const took = one.took === undefined ? '' : ` ${style.faint(`(${durationWords(one.took)})`)}`;
    return `    ${glyph(one.verdict, style)} ${one.claim}${took}`;
  });
  const traffic = result.traffic.flatMap((one) => [
    ...(one.sent === 0 ? [] : [`    ${style.faint('·')} ${one.name}: ${trafficSummary(one)}`]),
    ...outageWords(one.outages).map((what) => `    ${style.faint('·')} ${one.name}: ${what}`),
  ]);
  return [...items, ...traffic];
}

function failureLines(outcome: Ran, context: ReportContext): readonly string[] {
  const { result } = outcome;
  const { style, version } = context;
  const wrong = result.expectations.filter((one) => one.verdict !== 'pass');
  const blocks = wrong.flatMap((one) => failureBlock(result, one, style));
  const why: string[] = [];
  if (result.expectations.length === 0) {
    why.push('', `  ${style.unsure('?')} nothing was expected, so there is no verdict`);
  }
  if (result.stopped === 'event-limit') {
    const at = momentWords(result.end);
    why.push(
      '',
      `  ${style.unsure('?')} stopped at ${at} after ${result.eventCount} events: a loop?`,
    );
  }
  return [
    ...why,
    ...blocks,
    '',
    ...outcome.written.map((path) => `  ${style.faint('written:')} ${path}`),
    `  ${style.faint('version:')} lantwin ${version}`,
    `  ${style.faint('repeat:')} ${outcome.repeat ?? reproduceLine(result)}`,
  ];
}

function failureBlock(result: RunResult, one: ExpectationResult, style: Style): readonly string[] {
  const { file } = result.scenario;
  const place = `${file}:${one.place.line}:${one.place.column}`;
  const changes = lastChanges(result, { nodes: one.nodes, until: one.at, count: CHANGES_SHOWN });
  const got = (one.got ?? 'not told').split('\n');
  return [
    '',
    `  ${glyph(one.verdict, style)} ${style.strong(one.claim)}`,
    `    ${style.faint('at')} ${momentWords(one.at)}${onNodes(one)}  ${style.faint(place)}`,
    ...sourceLines(result, one, style),
    ...(changes.length === 0 ? [] : [style.faint('    last changes:')]),
    ...changes.map((line) => storyLine(line, style)),
    `    ${style.faint('expected:')} ${one.claim}`,
    `    ${style.faint('got:')}      ${got[0]}`,
    ...got.slice(1).map((line) => `              ${line}`),
  ];
}

function onNodes(one: ExpectationResult): string {
  return one.nodes.length === 0 ? '' : ` on ${one.nodes.join(', ')}`;
}

function sourceLines(result: RunResult, one: ExpectationResult, style: Style): readonly string[] {
  const lines = result.scenario.text.split(/\r?\n/);
  const { line, column } = one.place;
  const from = Math.max(1, line - LINES_AROUND);
  const to = Math.min(lines.length, line + LINES_AROUND);
  const shown: string[] = [];
  for (let number = from; number <= to; number++) {
    const text = (lines[number - 1] ?? '').replaceAll('\t', ' ');
    const mark = number === line ? style.bad('>') : ' ';
    shown.push(`  ${mark} ${style.faint(`${String(number).padStart(4)} |`)} ${text}`.trimEnd());
    if (number === line) {
      shown.push(`         ${style.faint('|')} ${' '.repeat(column - 1)}${style.bad('^')}`);
    }
  }
  return shown;
}

function endLines(outcomes: readonly FileOutcome[], context: ReportContext): string {
  const { style } = context;
  if (outcomes.length < 2) return '';
  const count = (wanted: Verdict) =>
    outcomes.filter((one) => one.kind === 'ran' && one.result.verdict === wanted).length;
  const invalid = outcomes.filter((one) => one.kind === 'invalid').length;
  const parts = [
    style.good(`${count('pass')} passed`),
    ...(count('fail') > 0 ? [style.bad(`${count('fail')} failed`)] : []),
    ...(count('unknown') > 0 ? [style.unsure(`${count('unknown')} without a verdict`)] : []),
    ...(invalid > 0 ? [style.bad(`${invalid} invalid`)] : []),
  ];
  const warned = outcomes.some((one) => one.kind === 'ran' && one.warnings.length > 0);
  const lines = ['', `${parts.join(', ')} ${style.faint(`of ${outcomes.length}`)}`];
  if (warned)
    lines.push(style.faint('warnings in full: lantwin check, or lantwin run of one file'));
  const first = outcomes.find((one) => one.kind === 'ran' && one.result.verdict === 'fail');
  if (first?.kind === 'ran') lines.push(`${style.faint('repeat:')} ${reproduceLine(first.result)}`);
  return `${lines.join('\n')}\n`;
}

function glyph(verdict: Verdict, style: Style): string {
  const glyphs: Readonly<Record<Verdict, readonly [Paint, string]>> = {
    pass: [style.good, '✓'],
    fail: [style.bad, '✗'],
    unknown: [style.unsure, '?'],
  };
  const [paint, sign] = glyphs[verdict];
  return paint(sign);
}
