import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ExploreCommandOptions,
  exploreCommand,
  mergeCommand,
} from '../../../sim/cli/command-explore.ts';
import { runCommand } from '../../../sim/cli/command-run.ts';
import { completionScript } from '../../../sim/cli/completion.ts';
import { UsageError } from '../../../sim/cli/exit-codes.ts';
import { addSearch } from '../../../sim/cli/search-commands.ts';
import { sink } from './output-sink.ts';

/** Two VRIDs for one address: both are MASTER for ever, whatever happens. */
const CONF = (vrid: number) => `vrrp_instance V {
  interface eth0
  virtual_router_id ${vrid}
  priority ${vrid}
  virtual_ipaddress { 10.0.0.9/24 }
}
`;

let folder = '';
const file = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-explore-'));
  writeFileSync(file('a.conf'), CONF(7));
  writeFileSync(file('b.conf'), CONF(8));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function explore(options: ExploreCommandOptions, stopAtOnce = false) {
  const { got, output } = sink();
  const onInterrupt = (stop: () => void) => {
    // Heard after the first block.
    if (stopAtOnce) setImmediate(stop);
    return () => {};
  };
  const given = { output, version: '1', onInterrupt };
  const code = await exploreCommand([file('a.conf'), file('b.conf')], options, given);
  return { code, ...got };
}

describe('explore', () => {
  test('writes what it found as a scenario that fails with run, and exits 1', async () => {
    const { code, out, err } = await explore({ runs: '4' });
    expect(code).toBe(1);
    expect(err).toMatch(/4 of 4 runs, \d+ runs\/s, \d+ points reached, 4 failed, 4 of them not/);
    expect(out).toContain('receive path: ');
    expect(out).toContain('faults tried: ');
    const [name] = readdirSync(folder).filter((one) => one.startsWith('found-'));
    expect(out).toContain(`repeat: npx lantwin run ${file(name ?? '')}`);
    expect(out).toContain(`why:    npx lantwin why ${file(name ?? '')}`);
    const { output, got } = sink();
    expect(runCommand([file(name ?? '')], {}, { output, version: '1' })).toBe(1);
    expect(got.out).toContain('10.0.0.9 was held by a and b');
  });
  test('shards merged give the report of the whole', async () => {
    const whole = await explore({ runs: '40', json: true });
    const parts = await Promise.all(
      ['1/2', '2/2'].map(async (shard, index) => {
        const part = await explore({ runs: '40', shard, json: true });
        writeFileSync(file(`part-${index}.json`), part.out);
        return file(`part-${index}.json`);
      }),
    );
    const { output, got } = sink();
    expect(mergeCommand(parts, { json: true }, output)).toBe(1);
    expect(JSON.parse(got.out)).toEqual(JSON.parse(whole.out));
  });
  test('interrupted it tells what it found, and goes on to the same report', async () => {
    const state = file('state.json');
    const cut = await explore({ runs: '40', json: true, resume: state }, true);
    expect(cut.code).toBe(1);
    expect(cut.err).toContain(`--runs 40 --resume ${state}`);
    const report = JSON.parse(cut.out);
    expect(report).toMatchObject({ runs: 16, interrupted: true });
    expect(report.found.length).toBeGreaterThan(0);
    const rest = await explore({ runs: '40', json: true, resume: state });
    const whole = await explore({ runs: '40', json: true });
    expect(JSON.parse(rest.out)).toEqual(JSON.parse(whole.out));
    expect(rest.err).toContain('40 of 40 runs');
  });
  test('the state of another search is refused', async () => {
    const state = file('other.json');
    expect((await explore({ runs: '4', resume: state })).code).toBe(1);
    const other = await explore({ runs: '4', seed: '2', resume: state });
    expect(other).toMatchObject({ code: 3, out: '' });
    expect(other.err).toContain('the state of another search');
    writeFileSync(state, '{}');
    expect((await explore({ runs: '4', resume: state })).err).toContain('no state of lantwin');
  });
  test('what cannot be read is usage or invalid input', async () => {
    await expect(explore({ runs: 'x' })).rejects.toThrow(UsageError);
    await expect(explore({ faults: 'cut,nonsense' })).rejects.toThrow(/expected some of cut/);
    const { output } = sink();
    expect(mergeCommand([file('a.conf')], {}, output)).toBe(3);
  });
});

describe('completion', () => {
  const program = new Command('lantwin');
  addSearch(program, async () => {});
  test('knows every command and its flags', () => {
    const script = completionScript(program, 'bash');
    // `man` is for packagers and hidden from people.
    const shown = program.commands.filter((command) => command.name() !== 'man');
    for (const command of shown) expect(script).toContain(`    ${command.name()}) `);
    expect(script).not.toContain('man)');
    expect(script).toContain('--shard');
    expect(completionScript(program, 'fish')).toContain('-l shard');
    expect(() => completionScript(program, 'tcsh')).toThrow(UsageError);
  });
  test('the script completes in bash', () => {
    writeFileSync(file('completion.bash'), completionScript(program, 'bash'));
    const line = `COMP_WORDS=(lantwin ex); COMP_CWORD=1; _lantwin; echo "\${COMPREPLY[@]}"`;
    const bash = spawnSync('bash', ['-c', `. ${file('completion.bash')}; ${line}`]);
    expect(String(bash.stdout)).toBe('explore\n');
    expect(readFileSync(file('completion.bash'), 'utf8')).toContain('complete -o filenames');
  });
});
