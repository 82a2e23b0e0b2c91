/**
 * JUnit XML with the elements and attributes that Vitest writes, which CI systems read: one
 * testsuite per run, one testcase per expectation, the seed among the properties. The time of a
 * testcase is real time shared evenly, since the run has only one.
 */

import { momentWords } from '../scenario/expectations/verdict.ts';
import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { versionNote } from './version-note.ts';

/** Characters that XML 1.0 has no form for. */
const UNPRINTABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** `--reporter junit`. */
export function junitReporter(context: ReportContext): Reporter {
  return {
    onFile: () => '',
    onEnd: (outcomes) => {
      const suites = outcomes.map((outcome) => suiteOf(outcome, context));
      const sum = (key: 'tests' | 'failures' | 'errors' | 'seconds') =>
        suites.reduce((total, suite) => total + suite[key], 0);
      const head = element('testsuites', {
        name: 'lantwin',
        tests: sum('tests'),
        failures: sum('failures'),
        errors: sum('errors'),
        time: sum('seconds').toFixed(3),
      });
      const lines = suites.flatMap((suite) => suite.lines);
      const xml = '<?xml version="1.0" encoding="UTF-8" ?>';
      return `${[xml, `<${head}>`, ...lines, '</testsuites>'].join('\n')}\n`;
    },
  };
}

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly seconds: number;
  readonly lines: readonly string[];
}

function suiteOf(outcome: FileOutcome, context: ReportContext): Suite {
  return outcome.kind === 'invalid' ? invalidSuite(outcome, context) : ranSuite(outcome, context);
}

function ranSuite(outcome: FileOutcome & { readonly kind: 'ran' }, context: ReportContext): Suite {
  const { result, file } = outcome;
  const count = result.expectations.length;
  const seconds = outcome.wallMs / 1000;
  const share = count === 0 ? '0' : (seconds / count).toFixed(6);
  const cases = result.expectations.flatMap((one) => {
    const head = element('testcase', {
      classname: file,
      file,
      line: one.place.line,
      name: `${result.scenario.name} > ${one.claim}`,
      time: share,
    });
    if (one.verdict === 'pass') return [`        <${head}>`, '        </testcase>'];
    const got = one.got ?? 'not told';
    if (one.verdict === 'unknown') {
      const skipped = element('skipped', { message: got });
      return [`        <${head}>`, `            <${skipped}/>`, '        </testcase>'];
    }
    const failure = element('failure', { message: firstLine(got), type: 'ExpectationFailed' });
    const told = [
      `expected: ${one.claim}`,
      `got: ${got}`,
      ` ❯ ${file}:${one.place.line}:${one.place.column} at ${momentWords(one.at)}`,
      `repeat: ${reproduceLine(result)}`,
    ];
    return [
      `        <${head}>`,
      `            <${failure}>`,
      escaped(told.join('\n')),
      '            </failure>',
      '        </testcase>',
    ];
  });
  const failures = result.expectations.filter((one) => one.verdict === 'fail').length;
  const skipped = result.expectations.filter((one) => one.verdict === 'unknown').length;
  const numbers = { tests: count, failures, errors: 0, skipped, seconds };
  const note = versionNote(result);
  const properties = [
    ['seed', String(result.seed)],
    ['traceHash', result.traceHash],
    ['virtualSeconds', String(result.end / 1_000_000)],
    ['lantwin', context.version],
    ...(note === undefined ? [] : [['keepalived', note] as const]),
  ].map(([name, value]) => `            <${element('property', { name, value })}/>`);
  return {
    ...numbers,
    lines: [
      `    <${suiteHead(file, numbers, context)}>`,
      '        <properties>',
      ...properties,
      '        </properties>',
      ...cases,
      '    </testsuite>',
    ],
  };
}

function invalidSuite(
  outcome: FileOutcome & { readonly kind: 'invalid' },
  context: ReportContext,
): Suite {
  const errors = outcome.problems.filter((one) => one.severity === 'error');
  const numbers = { tests: errors.length, failures: 0, errors: errors.length, skipped: 0 };
  const cases = errors.flatMap((one) => {
    const { file, line, message, code } = one;
    const head = element('testcase', { classname: file, file, line, name: code, time: '0' });
    const text = `${file}:${line}:${one.column}: ${message}`;
    return [
      `        <${head}>`,
      `            <${element('error', { message, type: code })}>`,
      escaped(text),
      '            </error>',
      '        </testcase>',
    ];
  });
  const head = suiteHead(outcome.file, { ...numbers, seconds: 0 }, context);
  return { ...numbers, seconds: 0, lines: [`    <${head}>`, ...cases, '    </testsuite>'] };
}

function suiteHead(
  name: string,
  numbers: Omit<Suite, 'lines'> & { readonly skipped: number },
  context: ReportContext,
): string {
  const { timestamp, hostname } = context.surroundings ?? {
    timestamp: '1970-01-01T00:00:00.000Z',
    hostname: 'localhost',
  };
  const { tests, failures, errors, skipped } = numbers;
  const time = numbers.seconds.toFixed(6);
  return element('testsuite', {
    ...{ name, timestamp, hostname, tests, failures, errors, skipped, time },
  });
}

function element(name: string, attributes: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(attributes).map(
    ([key, value]) => `${key}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`,
  );
  return [name, ...parts].join(' ');
}

function escaped(text: string): string {
  return text
    .replaceAll(UNPRINTABLE, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
