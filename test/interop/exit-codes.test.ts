/**
 * How the command ends: each command line and each kind of configuration is given to the real keepalived 2.2.7 and to ours, side
 * by side, and both must end at once with the same code, or stay, and end with the same code when they are stopped.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Lab, Running } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived');
const ENTRY = join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
const OURS = [process.execPath, ENTRY];

/** What both say when they have started, with children or without. */
const STAYS = /Startup complete|keepalived has no configuration to run/;
/** A busy machine, and a process of ours takes a second of its own. */
const LONG_MS = 60_000;

const GOOD = instanceConfiguration({ priority: 100 });
const SCRIPT = `vrrp_script chk {
    script "/bin/true"
}
${GOOD.replace('interface eth0', 'interface eth0\n    track_script {\n        chk\n    }')}`;

/** Configurations by name; `FILE NAME` on a command line is `-f` with its path. */
const FILES: Readonly<Record<string, string>> = {
  good: GOOD,
  'unknown-keyword': `bogus 1\n${GOOD}`,
  'unknown-interface': GOOD.replace('eth0', 'eth9'),
  'unclosed-brace': GOOD.trimEnd().replace(/\}$/, ''),
  'extra-brace': `${GOOD}}\n`,
  'no-vrid': GOOD.replace(/virtual_router_id.*\n/, ''),
  'bad-vrid': GOOD.replace('virtual_router_id 51', 'virtual_router_id 300'),
  'bad-address': GOOD.replace(/10\.77\.0\.100\/24/, '10.77.0.900'),
  'long-password': GOOD.replace('interface eth0', 'interface eth0\n auth_type PASS'),
  'twice-the-same': `${GOOD}${GOOD}`,
  'missing-value': GOOD.replace(/virtual_router_id.*\n/, 'virtual_router_id\n'),
  'missing-include': `include /nonexistent.conf\n${GOOD}`,
  'missing-includea': `includea /nonexistent.conf\n${GOOD}`,
  'missing-includer': `includer /nonexistent.conf\n${GOOD}`,
  'missing-includem': `includem /nonexistent.conf\n${GOOD}`,
  'script-without-security': SCRIPT,
  'script-with-security': `global_defs {\n enable_script_security\n script_user root\n}\n${SCRIPT}`,
  'script-missing': SCRIPT.replace('/bin/true', '/bin/nonexistent'),
  'only-globals': 'global_defs {\n router_id a\n}\n',
  empty: '',
  'no-such-namespace': `net_namespace nonesuch\n${GOOD}`,
};

const IMMEDIATE: readonly string[] = [
  '--bogus',
  '-y',
  '-nlDZ',
  '-f',
  '--use-file',
  '--use-file=',
  '-u',
  '--vrrp=3',
  '--log-f',
  '--no',
  '-T',
  '-h',
  '-v',
  '-v --bogus',
  '--bogus -v',
  '--signum=STOP',
  '--signum RELOAD',
  '--signum=FOO',
  '--signum=TDUMP',
];

const TESTED: readonly string[] = [
  ...Object.keys(FILES).map((name) => `-t FILE ${name}`),
  '-t -f /nonexistent',
  '-t -f FOLDER',
  '-t/nonexistent/log FILE good',
  '-e -t FILE missing-include',
  '-t FILE good stray',
  '-t FILE good -- -x',
  '-S foo -t FILE good',
  '-u 999x -t FILE good',
  '-t -s nonesuch FILE good',
];

const STARTED: readonly string[] = [
  ...Object.keys(FILES).map((name) => `FILE ${name}`),
  '-f /nonexistent',
  '-f FOLDER',
  '-e FILE missing-include',
  '-s nonesuch FILE good',
  '-p /nonexistent/dir/pid FILE good',
  '-P FILE good',
  '-C FILE good',
  '-PC FILE good',
  '-S foo FILE good stray',
];

interface End {
  readonly stays: boolean;
  readonly code: number | string;
}

async function endOf(running: Running): Promise<End> {
  let code: number | string | undefined;
  void running.ended.then((ended) => {
    code = ended;
  });
  const begin = performance.now();
  while (code === undefined && !STAYS.test(running.output())) {
    if (performance.now() - begin > LONG_MS) throw new Error(`no end: ${running.output()}`);
    await sleep(25);
  }
  if (code !== undefined) return { stays: false, code };
  // Signals are heard from a moment after that line on.
  await sleep(500);
  running.signal('SIGTERM');
  return { stays: true, code: await running.ended };
}

/** keepalived looks at those of its children, too, before it starts. */
function pidFiles(lab: Lab, name: string): readonly string[] {
  return ['-p', '-r', '-c', '-b'].flatMap((flag) => [flag, join(lab.folder, `${name}${flag}`)]);
}

/** Gives a command line to both; the second host keeps their adverts apart. */
async function compare(lab: Lab, line: string, index: number): Promise<readonly [string, End]> {
  const words = line
    .replace(/FILE (\S+)/, (_, name: string) => `-f ${join(lab.folder, `${name}.conf`)}`)
    .replace('FOLDER', lab.folder)
    .split(' ');
  const start = (host: string, program: readonly string[]): Running =>
    lab.start(host, [...program, ...pidFiles(lab, host + index), ...words]);
  const ours = start('a', OURS);
  const theirs = start('b', ['keepalived']);
  const [our, their] = await Promise.all([endOf(ours), endOf(theirs)]);
  expect(our, `${line}\nours: ${ours.output()}\ntheirs: ${theirs.output()}`).toEqual(their);
  return [line, our];
}

async function compareAll(lines: readonly string[]): Promise<ReadonlyMap<string, End>> {
  const ends = new Map<string, End>();
  await inLab(async (lab) => {
    lab.addHost('a', '10.77.0.1/24');
    lab.addHost('b', '10.77.0.2/24');
    for (const [name, text] of Object.entries(FILES)) lab.file(`${name}.conf`, text);
    let index = 0;
    const next = async (): Promise<void> => {
      while (index < lines.length) {
        const at = index++;
        const [line, end] = await compare(lab, lines[at] as string, at);
        ends.set(line, end);
      }
    };
    await Promise.all([next(), next(), next(), next()]);
  });
  return ends;
}

/** The codes that occur: a comparison in which all are the same would say nothing. */
function codesOf(ends: ReadonlyMap<string, End>): readonly unknown[] {
  return [...new Set([...ends.values()].map((end) => end.code))].sort();
}

describe('ends as keepalived does', () => {
  test('answers and usage errors', { timeout: 300_000 }, async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    expect(codesOf(await compareAll(IMMEDIATE))).toEqual([0, 1]);
  });

  test('-t of each kind of configuration', { timeout: 300_000 }, async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    expect(codesOf(await compareAll(TESTED))).toEqual([0, 1, 2, 5, 6]);
  });

  test('a start with each kind of configuration', { timeout: 300_000 }, async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const ends = await compareAll(STARTED.map((line) => `-n -l -G ${line}`));
    expect(codesOf(ends)).toEqual([0, 2, 6]);
    expect([...ends.values()].some((end) => end.stays)).toBe(true);
  });
});
