/** The completion scripts inside the shells that they are for: zsh at a terminal, with the key pressed; fish by its own `complete`. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript } from '../../../sim/cli/completion.ts';
import { buildProgram } from '../../../sim/cli/program.ts';

const has = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const PATIENCE_MS = 60_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-shells-'));
  const program = buildProgram('', () => {});
  for (const shell of ['zsh', 'fish']) {
    writeFileSync(join(folder, `lantwin.${shell}`), completionScript(program, shell));
  }
  writeFileSync(join(folder, 'office.twin.yml'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Types a line and the Tab key at a zsh of its own, and gives back the screen once `shown` is on it. */
function pressTabInZsh(line: string, shown: string): string {
  const script = `zmodload zsh/zpty
zpty z zsh -f -i
wait_for() { local seen; zpty -r -m z seen "*$1*"; print -r -- "$seen" }
zpty -w z "PS1=; autoload -U compinit && compinit -u -D; source ./lantwin.zsh; print READY-\\$((1+1))"
wait_for READY-2 >/dev/null
zpty -n -w z "${line}"$'\\t\\t'
wait_for '${shown}'
zpty -d z
`;
  const env = { ...process.env, TERM: 'dumb', HOME: folder };
  const options = { cwd: folder, encoding: 'utf8', timeout: PATIENCE_MS, env } as const;
  const done = spawnSync('zsh', ['-f', '-c', script], options);
  return done.stdout + done.stderr;
}

describe.skipIf(!has('zsh'))('zsh (skipped where it is not installed)', () => {
  test.each([
    { line: 'lantwin wa', shown: 'lantwin watch' },
    { line: 'lantwin run --see', shown: '--seeds' },
    { line: 'lantwin run --reporter ju', shown: '--reporter junit' },
    { line: 'lantwin graph --format m', shown: '--format mermaid' },
    { line: 'lantwin completion z', shown: 'completion zsh' },
    { line: 'lantwin check off', shown: 'check office.twin.yml' },
  ])('$line, Tab: $shown', { timeout: 2 * PATIENCE_MS }, ({ line, shown }) => {
    expect(pressTabInZsh(line, shown)).toContain(shown);
  });
});

describe.skipIf(!has('fish'))('fish (skipped where it is not installed)', () => {
  const complete = (line: string): readonly string[] => {
    const script = `source lantwin.fish; complete -C '${line}'`;
    const env = { ...process.env, HOME: folder };
    const done = spawnSync('fish', ['--no-config', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      env,
    });
    expect(done.stderr).toBe('');
    return done.stdout.split('\n').flatMap((one) => (one === '' ? [] : [one.split('\t')[0] ?? '']));
  };
  test('offers commands, options, their values and files', { timeout: PATIENCE_MS }, () => {
    expect(complete('lantwin wa')).toEqual(['watch']);
    expect(complete('lantwin run --see')).toEqual(['--seed', '--seeds']);
    expect(complete('lantwin run --reporter ju')).toEqual(['junit']);
    expect(complete('lantwin graph --format m')).toEqual(['mermaid']);
    expect(complete('lantwin completion z')).toEqual(['zsh']);
    expect(complete('lantwin check off')).toEqual(['office.twin.yml']);
  });
});
