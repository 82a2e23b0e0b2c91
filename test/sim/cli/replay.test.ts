import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replayCommand } from '../../../sim/cli/command-replay.ts';
import { type RunCommandOptions, runCommand } from '../../../sim/cli/command-run.ts';
import { chooseReporters } from '../../../sim/cli/reporters.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';

const LAN = `lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf }
    b: { nics: { eth0: 10.0.0.2/24 } }
  cables: [[a:eth0, sw1:1], [b:eth0, sw1:2]]
until: 6s
`;
const CONF = `vrrp_instance V {
  interface eth0
  virtual_router_id 7
  priority 100
  virtual_ipaddress { 10.0.0.9 }
}
`;

const home = process.cwd();
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-replay-'));
  process.chdir(folder);
  writeFileSync('a.conf', CONF);
  mkdirSync('conf.d');
  writeFileSync('conf.d/v.conf', CONF);
  writeFileSync('i.conf', 'include conf.d/*.conf\n');
  writeFileSync(
    'i.twin.yml',
    `name: by a pattern\n${LAN.replace('a.conf', 'i.conf')}finally: [{ vip: 10.0.0.9, owner: b }]\n`,
  );
  writeFileSync('f.twin.yml', `name: fails\n${LAN}finally: [{ vip: 10.0.0.9, owner: b }]\n`);
  writeFileSync('p.twin.yml', `name: passes\n${LAN}finally: [{ vip: 10.0.0.9, owner: a }]\n`);
});

afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

function sink() {
  const texts = { out: '', err: '' };
  const output = {
    out: (text: string) => {
      texts.out += text;
    },
    err: (text: string) => {
      texts.err += text;
    },
    style: PLAIN_STYLE,
  };
  return { texts, surroundings: { output, version: '1.2.3' } };
}

function run(files: readonly string[], options: RunCommandOptions) {
  const { texts, surroundings } = sink();
  return { code: runCommand(files, options, surroundings), ...texts, texts };
}

function replay(path: string, options: { readonly until?: string } = {}) {
  const { texts, surroundings } = sink();
  const code = replayCommand(path, options, surroundings);
  return { code, ...texts };
}

const RUN = '.lantwin/f-seed5.run.json';

describe('run files', () => {
  test('a failure leaves a run file, a pass leaves none', () => {
    const { texts } = run(['f.twin.yml', 'p.twin.yml'], { seed: '5', trace: 'retain-on-failure' });
    expect(texts.out).toContain(`written: ${RUN}`);
    expect(texts.out).not.toContain('p-seed5');
  });
  test('a run file has scenario, configuration, seed and version, and replays without them', () => {
    const kept = JSON.parse(readFileSync(RUN, 'utf8'));
    expect(kept).toMatchObject({ format: 1, lantwin: '1.2.3', seed: 5, verdict: 'fail' });
    rmSync('a.conf');
    const { code, out } = replay(RUN);
    writeFileSync('a.conf', CONF);
    expect(code).toBe(1);
    expect(out).toContain('held by a');
  });
  test('what an include means by a pattern is in it too', () => {
    const { texts } = run(['i.twin.yml'], { seed: '5', trace: 'retain-on-failure' });
    expect(texts.out).toContain('held by a');
    rmSync('conf.d', { recursive: true });
    const { code, out } = replay('.lantwin/i-seed5.run.json');
    expect(code).toBe(1);
    expect(out).toContain('held by a');
  });
  test('--until tells what every host is and holds then', () => {
    const early = replay(RUN, { until: '500ms' });
    expect(early.out).toMatch(/at 0.500 s:\n {2}a +power on, V \(VRID 7\) BACKUP/);
    const late = replay(RUN, { until: '5.5s' });
    expect(late.out).toMatch(/a +power on, V \(VRID 7\) MASTER, 10.0.0.1\/24, 10.0.0.9\/32/);
  });
  test('a run that goes another way than it did is told', () => {
    const kept = JSON.parse(readFileSync(RUN, 'utf8'));
    writeFileSync('other.run.json', JSON.stringify({ ...kept, traceHash: '0'.repeat(16) }));
    const { code, err } = replay('other.run.json');
    expect(code).toBe(70);
    expect(err).toContain('went another way');
  });
  test('what is no run file is an invalid input', () => {
    writeFileSync('x.json', '{"format": 2}');
    expect(replay('x.json').code).toBe(3);
    expect(replay('missing.json').code).toBe(3);
  });
});

describe('choosing reporters', () => {
  const names = (wishes: Parameters<typeof chooseReporters>[0]) =>
    chooseReporters(wishes).map((one) => `${one.name}:${one.file ?? '-'}`);
  test('under GitHub Actions github comes along by itself, but not into a document', () => {
    expect(names({ values: [], json: false, onGithub: true })).toEqual(['default:-', 'github:-']);
    expect(names({ values: ['junit'], json: false, onGithub: true })).toEqual(['junit:-']);
    const toFile = names({ values: ['junit:r.xml'], json: false, onGithub: true });
    expect(toFile).toEqual(['default:-', 'junit:r.xml', 'github:-']);
  });
  test('--outputFile is where the last reporter without a file writes to', () => {
    const wishes = { values: ['dot', 'junit'], json: false, outputFile: 'r.xml' };
    expect(names(wishes)).toEqual(['dot:-', 'junit:r.xml']);
    expect(() => names({ values: [], json: false, outputFile: 'x' })).toThrow(/--reporter/);
  });
  test('GitHub gets annotations on stdout', () => {
    const { texts } = run(['f.twin.yml'], { onGithub: true });
    expect(texts.out).toContain('::error file=f.twin.yml,line=');
  });
});
