import { describe, expect, test } from 'vitest';
import { dotReporter } from '../../../sim/report/dot-report.ts';
import { githubReporter, githubSummary } from '../../../sim/report/github-report.ts';
import { htmlReporter } from '../../../sim/report/html-report.ts';
import { junitReporter } from '../../../sim/report/junit-report.ts';
import { minimalReporter } from '../../../sim/report/minimal-report.ts';
import { ndjsonReporter } from '../../../sim/report/ndjson-report.ts';
import type { FileOutcome, ReporterFactory } from '../../../sim/report/reporter.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { tapReporter } from '../../../sim/report/tap-report.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from '../scenario/load-text.ts';

const source = (claims: string, name = 'two hosts') => `name: "${name}"
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 } }
    b: { nics: { eth0: 10.0.0.2/24 } }
  cables: [[a:eth0, sw1:1], [b:eth0, sw1:2]]
traffic: { p: { ping: 10.0.0.1, from: b, every: 100ms } }
until: 2s
finally:
${claims}`;
const HOLDS = '  - { vip: 10.0.0.1, owner: a }\n';
const FAILS = '  - { vip: 10.0.0.1, owner: b }\n';

function ran(text: string): FileOutcome & { readonly kind: 'ran' } {
  const { scenario, sources, problems } = loadText(text);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const result = runScenario(scenario);
  const { file } = scenario;
  return { kind: 'ran', file, result, wallMs: 500, written: [], warnings: [], sources };
}

function invalid(): FileOutcome {
  const { problems, sources } = loadText('lan: 5\n');
  return { kind: 'invalid', file: 'bad.twin.yml', problems, sources };
}

function reportOf(factory: ReporterFactory, outcomes: readonly FileOutcome[]): string {
  const context = {
    style: PLAIN_STYLE,
    fileCount: outcomes.length,
    version: '1.2.3',
    verbose: false,
    quiet: false,
  };
  const reporter = factory(context);
  return outcomes.map((one) => reporter.onFile(one)).join('') + reporter.onEnd(outcomes);
}

const BOTH = () => [ran(source(HOLDS)), ran(source(HOLDS + FAILS)), invalid()];

const UNVERIFIED = 'keepalived 2.3.3 by its list of changes; not verified against a recording';

describe('a run of a keepalived that no recording verifies', () => {
  const other = () => ran(source(HOLDS).replace('lan:', "keepalived-version: '2.3.3'\nlan:"));
  test.each([
    ['dot', dotReporter, `\n${UNVERIFIED}\n`],
    ['github', githubReporter, `::${UNVERIFIED}`],
    ['junit', junitReporter, `<property name="keepalived" value="${UNVERIFIED}"/>`],
    ['minimal', minimalReporter, `note: ${UNVERIFIED}\n`],
    ['tap', tapReporter, `\n# ${UNVERIFIED}\n`],
    ['ndjson', ndjsonReporter, '"keepalived":{"version":"2.3.3","verified":false}'],
    ['html', htmlReporter, UNVERIFIED],
  ])('%s says so', (_name, factory, mark) => {
    expect(reportOf(factory, [other()])).toContain(mark);
    expect(reportOf(factory, [ran(source(HOLDS))])).not.toContain(mark);
  });
  test('the summary of a job says so once', () => {
    const summary = githubSummary([other(), other()], '1.2.3');
    expect(summary.split(UNVERIFIED)).toHaveLength(2);
  });
});

describe('reporters for CI', () => {
  // proves: reporter:dot
  test('dot prints one character per run and the failures in full', () => {
    const text = reportOf(dotReporter, BOTH());
    expect(text.split('\n')[0]).toBe('·x!');
    expect(text).toContain('held by a');
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^repeat: npx lantwin run .* --seed 1$/);
  });
  // proves: reporter:ndjson
  test('ndjson prints one JSON object per run and the counts', () => {
    const lines = reportOf(ndjsonReporter, BOTH()).trimEnd().split('\n');
    const [first, second, third, end] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({ type: 'run', verdict: 'pass', seed: 1 });
    expect(first.traceHash).toMatch(/^[0-9a-f]{16}$/);
    expect([second.verdict, third.verdict]).toEqual(['fail', 'invalid']);
    expect(end).toEqual({ type: 'end', runs: 3, pass: 1, fail: 1, unknown: 0, invalid: 1 });
  });
  // proves: reporter:junit
  test('junit has one testcase per expectation, with file, line and the seed as property', () => {
    const xml = reportOf(junitReporter, BOTH());
    expect(xml).toContain('<testsuites name="lantwin" tests="4" failures="1" errors="1"');
    expect(xml.match(/<testcase /g)).toHaveLength(4);
    expect(xml).toContain('<property name="seed" value="1"/>');
    expect(xml).toMatch(
      /<testsuite name="[^"]+" timestamp="[^"]+" hostname="[^"]+" tests="2" failures="1" errors="0" skipped="0" time="0.500000">/,
    );
    expect(xml).toMatch(
      /<testcase classname="lan.twin.yml" file="lan.twin.yml" line="13" name="two hosts &gt; /,
    );
    expect(xml).toContain('<failure message="held by a" type="ExpectationFailed">');
  });
  test('junit escapes what a stranger writes and drops what XML cannot hold', () => {
    const xml = reportOf(junitReporter, [ran(source(HOLDS, '<a & \\"b\\" \\u0007>'))]);
    expect(xml).toContain('&lt;a &amp; &quot;b&quot; &gt;');
    expect(xml).not.toContain('\u0007');
  });
  // proves: reporter:tap
  test('tap counts expectations and has the plan at the end', () => {
    const lines = reportOf(tapReporter, BOTH()).trimEnd().split('\n');
    expect(lines[0]).toBe('TAP version 14');
    expect(lines.filter((line) => /^ok \d/.test(line))).toHaveLength(2);
    const wrong = lines.filter((line) => /^not ok \d/.test(line));
    expect(wrong.length).toBeGreaterThanOrEqual(2);
    expect(lines.at(-1)).toBe(`1..${2 + wrong.length}`);
    expect(lines).toContain('  got: "held by a"');
  });
  // proves: reporter:minimal
  test('minimal prints failures, their repeat line and the counts only', () => {
    const text = reportOf(minimalReporter, [ran(source(HOLDS)), ran(source(FAILS))]);
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^lan.twin.yml:12: fail: .*; got: held by a$/);
    expect(lines[2]).toBe('1 pass, 1 fail, 0 unknown, 0 invalid');
  });
});

describe('the github reporter', () => {
  // proves: reporter:github
  test('annotates the line of the expectation, with escaped data', () => {
    const text = reportOf(githubReporter, [ran(source(FAILS, '50% a:b,c'))]);
    expect(text).toMatch(
      /^::error file=lan.twin.yml,line=12,col=\d+,title=50%25 a%3Ab%2Cc \(seed 1\)::expected: /,
    );
    expect(text).toContain('%0Agot: held by a%0A');
    expect(text.trimEnd().split('\n')).toHaveLength(1);
  });
  test('puts invalid files first and says how many annotations are left out', () => {
    const failing = ran(source(FAILS.repeat(14)));
    const lines = reportOf(githubReporter, [failing, invalid()]).trimEnd().split('\n');
    const errors = lines.filter((line) => line.startsWith('::error'));
    expect(errors).toHaveLength(10);
    expect(errors[0]).not.toContain('seed 1');
    const count = 14 + invalidCount() - 9;
    expect(errors[9]).toBe(
      `::error title=lantwin::${count} more errors are left out here; the step summary lists them.`,
    );
  });
  test('has a summary with every run, failures first, below 1 MiB', () => {
    const text = githubSummary([ran(source(HOLDS)), ran(source(FAILS))], '1.2.3');
    const rows = text.split('\n').filter((line) => /^\| [✅❌]/u.test(line));
    expect(rows.map((row) => row.slice(2, 3))).toEqual(['❌', '✅']);
    const one = ran(source(FAILS, 'x'.repeat(2000)));
    const many = githubSummary(
      Array.from({ length: 400 }, () => one),
      '1.2.3',
    );
    expect(new TextEncoder().encode(many).length).toBeLessThan(1024 * 1024);
    expect(many).toMatch(/… \d+ more entries were left out/);
  });
});

function invalidCount(): number {
  const one = invalid();
  return one.kind === 'invalid' ? one.problems.filter((p) => p.severity === 'error').length : 0;
}

describe('the html report', () => {
  test('is one file without anything from elsewhere', () => {
    const html = reportOf(htmlReporter, BOTH());
    // Links lead to places of the page itself.
    expect(html).not.toMatch(/src\s*=|href\s*=\s*(?!"#)|@import|url\(/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('1 passed, 1 failed, 0 without a verdict, 1 invalid');
  });
  // proves: reporter:html
  test('shows verdicts, timeline and events', () => {
    const html = reportOf(htmlReporter, [ran(source(FAILS))]);
    expect(html).toContain('held by a');
    expect(html).toMatch(/<rect [^>]*><title>p: answered from /);
    expect(html).toMatch(/<td>a<\/td><td>/);
  });
  test('escapes every text of the scenario', () => {
    const html = reportOf(htmlReporter, [ran(source(HOLDS, '<script>alert(1)</script>'))]);
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('&lt;script&gt;alert(1)');
  });
});
