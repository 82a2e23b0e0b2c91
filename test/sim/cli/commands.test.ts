import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSeeds, readShard } from '../../../sim/cli/arguments.ts';
import { eventsCommand } from '../../../sim/cli/command-events.ts';
import { execCommand } from '../../../sim/cli/command-exec.ts';
import { type RunCommandOptions, runCommand } from '../../../sim/cli/command-run.ts';
import { schemaCommand } from '../../../sim/cli/command-schema.ts';
import { EnvironmentError, UsageError, worstExitCode } from '../../../sim/cli/exit-codes.ts';
import type { Output } from '../../../sim/cli/output.ts';
import { chooseReporters } from '../../../sim/cli/reporters.ts';
import { findScenarios } from '../../../sim/cli/scenario-files.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';

const LAN = `lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 } }
    b: { nics: { eth0: 10.0.0.2/24 } }
  cables: [[a:eth0, sw1:1], [b:eth0, sw1:2]]
traffic: { p: { ping: 10.0.0.1, from: b, every: 100ms } }
`;
const PASS = `name: passes\n${LAN}until: 1s\nfinally: [{ vip: 10.0.0.1, owner: a }]\n`;
const FAIL = `name: fails\n${LAN}until: 1s\nfinally: [{ vip: 10.0.0.1, owner: b }]\n`;
const UNKNOWN = `name: expects nothing\n${LAN}until: 1s\n`;

let folder = '';
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-cli-'));
  mkdirSync(file('sub'));
  mkdirSync(file('node_modules'));
  writeFileSync(file('b-pass.twin.yml'), PASS);
  writeFileSync(file('sub/a-fail.twin.yaml'), FAIL);
  writeFileSync(file('unknown.twin.yml'), UNKNOWN);
  writeFileSync(file('not-a-scenario.yml'), 'x: 1\n');
  writeFileSync(file('node_modules/x.twin.yml'), PASS);
});
afterAll(() => rmSync(folder, { recursive: true }));

function recorded(): Output & { stdout: string; stderr: string } {
  return {
    stdout: '',
    stderr: '',
    style: PLAIN_STYLE,
    out(text) {
      this.stdout += text;
    },
    err(text) {
      this.stderr += text;
    },
  };
}

function run(paths: readonly string[], options: RunCommandOptions = {}) {
  const output = recorded();
  const code = runCommand(paths, options, { output, version: '0.0.0' });
  return { code, stdout: output.stdout, stderr: output.stderr };
}

describe('run', () => {
  test('exit codes: 0 held, 1 failed, 2 no verdict, 3 invalid, 3 missing', () => {
    expect(run([file('b-pass.twin.yml')]).code).toBe(0);
    expect(run([file('sub')]).code).toBe(1);
    expect(run([file('unknown.twin.yml')]).code).toBe(2);
    expect(run([file('not-a-scenario.yml')]).code).toBe(3);
    const missing = run([file('gone.twin.yml')]);
    expect(missing.code).toBe(3);
    expect(missing.stdout).toContain('cannot read the file: there is no such file');
  });
  test('all files are run, and the worst code wins', () => {
    const all = run([folder]);
    expect(all.code).toBe(1);
    expect(all.stdout).toContain('1 passed, 1 failed, 1 without a verdict of 3');
    expect(run([folder, file('gone.twin.yml')]).code).toBe(3);
  });
  test('folders are searched in order, without node_modules', () => {
    expect(findScenarios([folder])).toEqual([
      file('b-pass.twin.yml'),
      file('sub/a-fail.twin.yaml'),
      file('unknown.twin.yml'),
    ]);
  });
  test('-t chooses by name, --shard by place, --bail ends early', () => {
    expect(run([folder], { testNamePattern: 'PASSES' }).code).toBe(0);
    expect(run([folder], { shard: '1/3' }).stdout).toContain('✓ passes');
    expect(run([folder], { shard: '2/3' }).stdout).toContain('✗ fails');
    expect(run([file('sub'), file('b-pass.twin.yml')], { bail: true }).stdout).not.toContain('✓ p');
  });
  test('nothing found is wrong usage, unless it was said to be right', () => {
    expect(() => run([folder], { testNamePattern: 'nope' })).toThrow(/contains 'nope'/);
    expect(run([folder], { testNamePattern: 'nope', passWithNoTests: true }).code).toBe(0);
  });
  test('a keepalived.conf is told apart from a scenario', () => {
    expect(() => run(['x.conf'])).toThrow(/is a keepalived.conf/);
  });
  test('--json gives one document, the same trace hash for the same seed', () => {
    const hashes = ['7', '7', '8'].map((seed) => {
      const { stdout } = run([file('b-pass.twin.yml')], { json: true, seed });
      return JSON.parse(stdout).runs[0].traceHash;
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });
  test('--seeds runs every seed and prints failures only', () => {
    expect(run([file('b-pass.twin.yml')], { seeds: '1..3' }).stdout.trim()).toBe('3 passed of 3');
    const failed = run([file('sub')], { seeds: '4..5' });
    expect(failed.stdout.trim().split('\n').at(-1)).toContain('--seed 4');
  });
  test('--reporter NAME:FILE writes a file beside the default report', () => {
    const { stdout } = run([file('b-pass.twin.yml')], { reporter: [`json:${file('r.json')}`] });
    expect(stdout).toContain('✓ passes');
    expect(JSON.parse(readFileSync(file('r.json'), 'utf8')).runs).toHaveLength(1);
    expect(() => chooseReporters({ values: ['nope'], json: false })).toThrow(
      /expected one of default/,
    );
  });
  test('a report that cannot be written is a matter of the environment', () => {
    const reporter = [`json:${file('b-pass.twin.yml/r.json')}`];
    expect(() => run([file('b-pass.twin.yml')], { reporter })).toThrow(EnvironmentError);
  });
  test('--pcap writes a file per cable with the interface named', () => {
    const pcap = file('captures');
    const { stdout } = run([file('b-pass.twin.yml')], { pcap });
    expect(readdirSync(pcap).toSorted()).toEqual(['b-pass-a_eth0.pcapng', 'b-pass-b_eth0.pcapng']);
    expect(stdout).toContain('b-pass-a_eth0.pcapng');
    const capture = readCapture(readFileSync(join(pcap, 'b-pass-a_eth0.pcapng')));
    expect(capture.interfaces[0]?.name).toBe('a:eth0');
    expect(capture.packets.length).toBeGreaterThan(10);
  });
});

describe('exec, events, schema', () => {
  const target = (command: string, host = 'b') => ({
    file: file('b-pass.twin.yml'),
    host,
    command,
  });

  test('exec prints what the command prints, and fails as it fails', () => {
    const output = recorded();
    expect(execCommand(target('ip -4 addr show eth0'), { at: '500ms' }, output)).toBe(0);
    expect(output.stdout).toContain('inet 10.0.0.2/24');
    expect(execCommand(target('nosuchcommand'), { at: '500ms' }, recorded())).toBe(1);
  });
  test('exec ends a command that does not end by itself', () => {
    const output = recorded();
    execCommand(target('ping -i 1 10.0.0.1'), { at: '1s', for: '3s' }, output);
    expect(output.stdout).toMatch(/[34] packets transmitted, [34] received/);
  });
  test('exec needs a host of the scenario and a time with a unit', () => {
    expect(() => execCommand(target('ls', 'bb'), { at: '1s' }, recorded())).toThrow(UsageError);
    expect(() => execCommand(target('ls'), { at: '1' }, recorded())).toThrow(/20s/);
  });
  test('events prints the log as text or JSON, filtered', () => {
    const text = recorded();
    expect(eventsCommand(file('b-pass.twin.yml'), {}, text)).toBe(0);
    expect(text.stdout).toMatch(/^ {5}0\.000000 {2}a {10}power on$/m);
    const json = recorded();
    eventsCommand(file('b-pass.twin.yml'), { json: true, kind: ['power'], node: ['b'] }, json);
    const lines = json.stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { at: 0, node: 'b', kind: 'power', state: 'on' },
    ]);
  });
  test('events refuses a node that is not there, and says which kinds occur', () => {
    const scenario = file('b-pass.twin.yml');
    expect(() => eventsCommand(scenario, { node: ['bb'] }, recorded())).toThrow(/there is no 'bb'/);
    expect(eventsCommand(scenario, { node: ['b:eth0'] }, recorded())).toBe(0);
    const absent = recorded();
    expect(eventsCommand(scenario, { kind: ['powr'] }, absent)).toBe(0);
    expect(absent.stderr).toMatch(/^no event is of kind 'powr'; there are: .*\bpower\b/);
  });
  test('schema prints a JSON Schema', () => {
    const output = recorded();
    expect(schemaCommand(output)).toBe(0);
    expect(JSON.parse(output.stdout)).toMatchObject({ type: 'object', required: ['lan'] });
  });
});

describe('arguments and codes', () => {
  test('seeds and shards', () => {
    expect(readSeeds('3..5')).toEqual([3, 4, 5]);
    for (const bad of ['5..3', '1', '1..', 'a..b'])
      expect(() => readSeeds(bad)).toThrow(UsageError);
    expect(readShard('2/3')).toEqual({ index: 2, count: 3 });
    for (const bad of ['0/3', '4/3', '1', '1/0']) expect(() => readShard(bad)).toThrow(UsageError);
  });
  test('of several codes the first of 70, 4, 3, 1, 2, 0 is the result', () => {
    expect(worstExitCode([0, 2, 1])).toBe(1);
    expect(worstExitCode([1, 3, 0])).toBe(3);
    expect(worstExitCode([3, 4])).toBe(4);
    expect(worstExitCode([0, 2])).toBe(2);
    expect(worstExitCode([])).toBe(0);
  });
});
