/** What `run` can be told besides files: golden traces, changes, variables; `list` and `watch`. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSeed } from '../../../sim/cli/arguments.ts';
import { changedFiles } from '../../../sim/cli/changed-files.ts';
import { listCommand } from '../../../sim/cli/command-list.ts';
import { type RunCommandOptions, runCommand } from '../../../sim/cli/command-run.ts';
import { watchCommand } from '../../../sim/cli/command-watch.ts';
import { mirrorEnvironment, variableOf } from '../../../sim/cli/environment-mirror.ts';
import { EnvironmentError, UsageError } from '../../../sim/cli/exit-codes.ts';
import { runFiles } from '../../../sim/cli/run-files.ts';
import { sink } from './output-sink.ts';

const SCENARIO = `name: two hosts
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, files: { /etc/x: ./x.txt } }
    b: { nics: { eth0: 10.0.0.2/24 } }
  cables: [[a:eth0, sw1:1], [b:eth0, sw1:2]]
steps:
  - at: 1s
    do: { address-add: { host: b, nic: eth0, address: 10.0.0.9/32 } }
    expect: [{ within: 1s, vip: 10.0.0.9, owner: b }]
`;

let folder = '';
const file = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-choices-'));
  writeFileSync(file('lan.twin.yml'), SCENARIO);
  writeFileSync(file('x.txt'), 'x\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(options: RunCommandOptions = {}) {
  const { got, output } = sink();
  const code = runCommand([file('lan.twin.yml')], options, { output, version: '1' });
  return { code, ...got };
}

describe('golden traces', () => {
  const golden = () => file('__traces__/lan-seed1.trace.txt');

  test('are written on demand, one event a line, and then compared with', () => {
    const written = run({ update: true });
    expect(written.code).toBe(0);
    expect(written.out).toContain(golden());
    const lines = readFileSync(golden(), 'utf8').trimEnd().split('\n');
    expect(lines).toContain('     1.000  b          10.0.0.9/32 added to eth0');
    expect(lines.every((line) => /^ +\d+\.\d{3} {2}\S*/.test(line))).toBe(true);
    expect(run().out).toContain('✓ the run goes as in');
    expect(run({ update: true }).out).not.toContain('written');
  });
  test('fail a run that goes another way, with the first difference', () => {
    run({ update: true });
    writeFileSync(file('lan.twin.yml'), SCENARIO.replaceAll('10.0.0.9', '10.0.0.8'));
    const { code, out } = run();
    expect(code).toBe(1);
    expect(out).toContain('✗ the run goes as in');
    expect(out).toMatch(/- +1\.000 {2}b +10\.0\.0\.9\/32 added to eth0/);
    expect(out).toMatch(/\+ +1\.000 {2}b +10\.0\.0\.8\/32 added to eth0/);
    expect(run({ update: true }).code).toBe(0);
    expect(run().code).toBe(0);
  });
  test('are an expectation where there is none else, and each seed has its own', () => {
    writeFileSync(file('lan.twin.yml'), SCENARIO.replace(/ {4}expect:.*\n/, ''));
    expect(run().code).toBe(2);
    run({ update: true });
    expect(run().code).toBe(0);
    expect(run({ seed: '2' }).code).toBe(2);
  });
  test('are not accepted in CI, nor those of a failed run', () => {
    expect(() => run({ update: true, inCi: true })).toThrow(UsageError);
    writeFileSync(file('lan.twin.yml'), SCENARIO.replace('owner: b', 'owner: a'));
    expect(run({ update: true }).out).not.toContain('__traces__');
  });
});

describe('--changed', () => {
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...words], {
      cwd: folder,
      stdio: 'pipe',
    });

  test('runs what hangs on a changed file, and nothing else', async () => {
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'x');
    writeFileSync(file('other.twin.yml'), SCENARIO.replace('two hosts', 'fresh'));
    const before = process.cwd();
    process.chdir(folder);
    try {
      const changed = changedFiles(true);
      expect([...changed].map((path) => path.split('/').at(-1))).toEqual(['other.twin.yml']);
      const runChanged = async () => {
        const { got, output } = sink();
        const options = { changed: true as const, reporter: ['minimal'] };
        return { code: await runFiles(['.'], options, { output, version: '1' }), ...got };
      };
      expect((await runChanged()).out).toContain('1 pass, 0 fail');
      writeFileSync('x.txt', 'other\n');
      expect((await runChanged()).out).toContain('2 pass, 0 fail');
      git('add', '.');
      git('commit', '-qm', 'y');
      expect(await runChanged()).toMatchObject({ code: 0, err: 'no scenario changed\n' });
      expect(changedFiles('HEAD~1').size).toBe(2);
      expect(() => changedFiles('nowhere')).toThrow(EnvironmentError);
      expect(() => changedFiles('--output=x')).toThrow(EnvironmentError);
    } finally {
      process.chdir(before);
    }
  });
});

describe('list', () => {
  test('names what run would run, and what is invalid', async () => {
    mkdirSync(file('sub'));
    writeFileSync(file('sub/bad.twin.yml'), 'lan: 1\n');
    const { got, output } = sink();
    expect(await listCommand([folder], {}, output)).toBe(3);
    expect(got.out).toMatch(/lan\.twin\.yml +two hosts\n.*bad\.twin\.yml +invalid/);
    const json = sink();
    expect(await listCommand([folder], { json: true, testNamePattern: 'TWO' }, json.output)).toBe(
      0,
    );
    expect(JSON.parse(json.got.out).scenarios).toMatchObject([{ steps: 1, expectations: 1 }]);
  });
});

describe('watch', () => {
  test('runs again what hangs on a changed file, all on Enter, and ends on q', async () => {
    const { got, output } = sink();
    let press: (key: string) => void = () => {};
    const keys = (listener: (key: string) => void) => {
      press = listener;
      return () => {};
    };
    const options = { reporter: ['minimal'] };
    const given = { output, version: '1', isInteractive: true, keys };
    const ended = watchCommand([folder], options, given);
    const runs = () => got.out.split('1 pass, 0 fail').length - 1;
    const waits = () => got.err.split('watching 1 scenario').length - 1;
    await expect.poll(waits, { timeout: 10_000 }).toBe(1);
    expect(runs()).toBe(1);
    writeFileSync(file('x.txt'), 'changed\n');
    await expect.poll(waits, { timeout: 10_000 }).toBe(2);
    expect(runs()).toBe(2);
    press('\r');
    await expect.poll(waits, { timeout: 10_000 }).toBe(3);
    expect(runs()).toBe(3);
    press('q');
    expect(await ended).toBe(0);
  });
  test('is run where nobody sits', async () => {
    const { got, output } = sink();
    const given = { output, version: '1', isInteractive: false };
    expect(await watchCommand([file('lan.twin.yml')], { reporter: ['minimal'] }, given)).toBe(0);
    expect(got.out).toContain('1 pass');
  });
});

describe('variables and seeds', () => {
  test('every option has a variable; the command line comes first', async () => {
    expect(variableOf('run', '--outputFile')).toBe('LANTWIN_RUN_OUTPUT_FILE');
    expect(variableOf('ui', '--no-open')).toBe('LANTWIN_UI_OPEN');
    const seen: unknown[] = [];
    const parse = async (environment: Record<string, string>, ...words: string[]) => {
      const program = new Command();
      program
        .command('run')
        .option('--seed <n>')
        .option('--bail')
        .action((options) => void seen.push(options));
      mirrorEnvironment(program, environment);
      await program.parseAsync(['run', ...words], { from: 'user' });
    };
    await parse({ LANTWIN_RUN_SEED: '7', LANTWIN_RUN_BAIL: '1' });
    await parse({ LANTWIN_RUN_SEED: '7', LANTWIN_RUN_BAIL: '0' }, '--seed', '8');
    expect(seen).toEqual([{ seed: '7', bail: true }, { seed: '8' }]);
  });
  test('--seed random draws one', () => {
    expect(readSeed('random')).toBeGreaterThanOrEqual(0);
    expect(run({ seed: 'random' }).out).toMatch(/seed \d+/);
  });
});

describe('the HTML report', () => {
  test('has timeline, packets and verdicts, and the lines of a failure; pings give way', () => {
    const report = file('out/report.html');
    const source = SCENARIO.replace('owner: b', 'owner: a').replace(
      'steps:',
      'traffic: { p: { ping: 10.0.0.2, from: a, every: 1ms } }\nsteps:',
    );
    writeFileSync(file('lan.twin.yml'), source);
    expect(run({ reporter: [`html:${report}`] }).code).toBe(1);
    const html = readFileSync(report, 'utf8');
    expect(html).toContain('<svg');
    expect(html).toMatch(/<tr class="p-arp"><td>[\d.]+<\/td><td>a:eth0<\/td>/);
    expect(html).toContain('<mark>');
    expect(html).toMatch(/\d+ more packets were left out, pings first/);
    expect(html).not.toMatch(/(src|href)="https?:/);
    expect(html).toContain("default-src 'none'");
    expect(html.length).toBeLessThan(3_000_000);
  });
});
