import { describe, expect, test } from 'vitest';
import { eventJson } from '../../../sim/report/event-json.ts';
import { eventLine, eventText } from '../../../sim/report/event-text.ts';
import { jsonReporter } from '../../../sim/report/json-report.ts';
import { type FileOutcome, reproduceLine, shellWord } from '../../../sim/report/reporter.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { textReporter } from '../../../sim/report/text-report.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { expectGolden } from '../scenario/golden.ts';
import { loadText } from '../scenario/load-text.ts';

const SOURCE = `name: an address moves by hand
about: Two operators do not talk to each other.
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 } }
    b: { nics: { eth0: 10.0.0.2/24 } }
    c: { nics: { eth0: 10.0.0.3/24 } }
  cables:
    - [a:eth0, sw1:1]
    - [b:eth0, sw1:2]
    - [c:eth0, sw1:3]
traffic:
  pings: { ping: 10.0.0.100, from: c, every: 100ms, start: 2s }
steps:
  - at: 1s
    do: { address-add: { host: a, nic: eth0, address: 10.0.0.100/32 } }
    expect:
      - { within: 1s, vip: 10.0.0.100, owner: a }
  - at: 5s
    do: { unplug: a:eth0 }
    expect:
      - { within: 2s, traffic: pings, alive: false }
  - at: 10s
    do: { address-add: { host: b, nic: eth0, address: 10.0.0.100/32 } }
    expect:
      - { within: 1s, vip: 10.0.0.100, owner: b }
`;

function outcome(source = SOURCE): FileOutcome & { readonly kind: 'ran' } {
  const { scenario, sources, problems } = loadText(source);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const result = runScenario(scenario);
  return {
    kind: 'ran',
    file: scenario.file,
    result,
    wallMs: 12,
    written: [],
    warnings: [],
    sources,
  };
}

const context = {
  style: PLAIN_STYLE,
  fileCount: 1,
  version: '1.2.3',
  verbose: false,
  quiet: false,
};

describe('the text report', () => {
  // proves: reporter:default
  test('of a failure says what, when, where, what happened before, and how to repeat it', () => {
    const text = textReporter(context).onFile(outcome());
    expectGolden('report/failure.txt', text);
    expect(text.trimEnd().split('\n').at(-1)).toBe(
      '  repeat: npx lantwin run lan.twin.yml --seed 1',
    );
  });
  test('of one among many passed scenarios is one line', () => {
    const passed = outcome(SOURCE.replace('owner: b', 'holders: [a, b]'));
    const reporter = textReporter({ ...context, fileCount: 2 });
    const text = reporter.onFile(passed);
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toMatch(/^✓ an address moves by hand {2}3 of 3 · seed 1 · /);
    expect(reporter.onEnd([passed, outcome()])).toContain('1 passed, 1 failed of 2');
  });
  test('of another keepalived than the recorded one says so, as the JSON report does', () => {
    const note = 'keepalived 2.3.3 by its list of changes; not verified against a recording';
    const other = outcome(
      SOURCE.replace('jitter: none', "jitter: none\nkeepalived-version: '2.3.3'"),
    );
    const keepalivedOf = (one: typeof other) =>
      JSON.parse(jsonReporter(context).onEnd([one])).runs[0].keepalived;
    expect(textReporter({ ...context, fileCount: 2 }).onFile(other)).toContain(note);
    expect(keepalivedOf(other)).toEqual({ version: '2.3.3', verified: false });
    expect(textReporter(context).onFile(outcome())).not.toContain('not verified');
    expect(keepalivedOf(outcome())).toEqual({ version: '2.2.7', verified: true });
  });
  // proves: reporter:verbose
  test('verbose tells the story of what passed, too', () => {
    const passed = outcome(SOURCE.replace('owner: b', 'holders: [a, b]'));
    const among = { ...context, fileCount: 2 };
    const short = textReporter(among).onFile(passed);
    const long = textReporter({ ...among, verbose: true }).onFile(passed);
    expect(long.split('\n').length).toBeGreaterThan(short.split('\n').length);
    expect(long).toBe(textReporter(context).onFile(passed));
  });
  test('quiet keeps silent about what passed', () => {
    const passed = outcome(SOURCE.replace('owner: b', 'holders: [a, b]'));
    expect(textReporter({ ...context, quiet: true }).onFile(passed)).toBe('');
  });
  test('without expectations says why there is no verdict', () => {
    const source = `${SOURCE.slice(0, SOURCE.indexOf('steps:'))}until: 1s\n`;
    expect(textReporter(context).onFile(outcome(source))).toContain('nothing was expected');
  });
});

describe('the JSON report', () => {
  const ran = outcome();
  const report = JSON.parse(jsonReporter(context).onEnd([ran]));

  // proves: reporter:json
  test('has verdicts, hash, outages and moves with seconds as numbers', () => {
    expect(report).toMatchObject({
      format: 1,
      lantwin: '1.2.3',
      runs: [
        {
          file: 'lan.twin.yml',
          verdict: 'fail',
          seed: 1,
          traceHash: ran.result.traceHash,
          virtualSeconds: 16,
          expectations: [
            { id: 'steps[0].expect[0]', line: 20, column: 9, verdict: 'pass', at: 5, took: 0 },
            { verdict: 'pass' },
            { verdict: 'fail', got: 'held by a and b' },
          ],
          addressMoves: [
            { at: 1, host: 'a', change: 'added', address: '10.0.0.100' },
            { at: 10, host: 'b', change: 'added', address: '10.0.0.100' },
          ],
          reproduce: 'npx lantwin run lan.twin.yml --seed 1',
        },
      ],
    });
    expect(report.runs[0].traffic[0].outages[0].length).toBeGreaterThan(5);
    expect(report.runs[0].traceHash).toMatch(/^[0-9a-f]{16}$/);
  });
  test('of a file that was not run has its problems', () => {
    const { problems, sources } = loadText('nme: x\n');
    const invalid = { kind: 'invalid', file: 'lan.twin.yml', problems, sources } as const;
    const { runs } = JSON.parse(jsonReporter(context).onEnd([invalid]));
    expect(runs[0]).toMatchObject({ verdict: 'invalid', file: 'lan.twin.yml' });
    const codes = runs[0].problems.map((one: { code: string }) => one.code);
    expect(codes).toEqual(['scenario:missing-key', 'scenario:unknown-key']);
  });
});

describe('events in words', () => {
  test('every event of a run has a line and a JSON form', () => {
    for (const event of outcome().result.log) {
      expect(eventText(event)).not.toMatch(/undefined|\[object/);
      expect(eventText(event)).not.toMatch(/^\{/);
      expect(JSON.parse(eventJson(event))).toMatchObject({ kind: event.kind, node: event.node });
    }
  });
  test('addresses are text in JSON', () => {
    const neighbour = outcome().result.log.find((event) => event.kind === 'neighbour');
    expect(neighbour).toBeDefined();
    if (neighbour === undefined) return;
    expect(eventJson(neighbour)).toMatch(/"address":"[0-9a-f.:]+"/);
  });
  test('a line has the time in columns', () => {
    const event = { at: 1_234_567 as never, node: 'srv-1', kind: 'power', state: 'off' };
    expect(eventLine(event)).toBe('     1.234567  srv-1      power off');
  });
});

test('a file name with blanks is quoted in the line that repeats a run', () => {
  expect(shellWord("it's mine.yml")).toBe("'it'\\''s mine.yml'");
  expect(shellWord('a/b-c.twin.yml')).toBe('a/b-c.twin.yml');
  expect(reproduceLine(outcome().result)).toBe('npx lantwin run lan.twin.yml --seed 1');
});
