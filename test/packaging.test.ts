/** Files that come with the package: notices, container files, the action, manual pages, completion. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { completionScript } from '../sim/cli/completion.ts';
import { MAN_PAGES, manPage } from '../sim/cli/man-pages.ts';
import { addRunCommands } from '../sim/cli/run-commands.ts';
import { addSearch } from '../sim/cli/search-commands.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string) => readFileSync(join(root, name), 'utf8');

function program(): Command {
  const built = new Command('lantwin').description('A digital twin.');
  const call = () => Promise.resolve();
  addRunCommands(built, call);
  addSearch(built, call);
  return built;
}

const has = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-packaging-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('licence notices name what reaches users', () => {
  execFileSync(process.execPath, ['tools/third-party.mjs', '--check'], { cwd: root });
  const { dependencies } = JSON.parse(read('package.json'));
  for (const name of Object.keys(dependencies)) {
    expect(read('THIRD-PARTY-NOTICES.md')).toContain(`## ${name} `);
  }
});

describe.each(['simulator', 'daemon'])('the %s container file', (name) => {
  const text = read(`packaging/docker/${name}.Dockerfile`);
  const steps = text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => ({ word: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
  const of = (word: string) => steps.filter((one) => one.word === word).map((one) => one.rest);

  test('begins with a pinned slim base', () => {
    expect(steps[0]?.word).toBe('FROM');
    for (const base of of('FROM')) expect(base).toMatch(/^node:\d+\.\d+\.\d+-\w+-slim( AS \w+)?$/);
    expect(text).not.toContain(':latest');
  });
  test('copies only what is there, and fetches nothing by hand', () => {
    const sources = of('COPY')
      .filter((rest) => !rest.startsWith('--from='))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    for (const source of sources) {
      // dist/ is built before the image is.
      if (source !== 'dist') expect(existsSync(join(root, source)), source).toBe(true);
    }
    expect(of('ADD')).toEqual([]);
    expect(text).not.toMatch(/curl|wget|sudo/);
  });
  test('cleans up after apt and npm, and has an entry point in exec form', () => {
    for (const step of of('RUN').filter((rest) => rest.includes('apt-get install'))) {
      expect(step).toContain('--no-install-recommends');
      expect(step).toContain('rm -rf /var/lib/apt/lists');
    }
    expect(of('ENTRYPOINT')).toHaveLength(1);
    expect(JSON.parse(of('ENTRYPOINT')[0] ?? '')).toBeInstanceOf(Array);
  });
  test('runs as nobody special, unless it is the daemon', () => {
    expect(of('USER')).toEqual(name === 'simulator' ? ['node'] : []);
    expect(of('HEALTHCHECK')).toHaveLength(name === 'simulator' ? 0 : 1);
  });
});

describe('the GitHub action', () => {
  const action = parse(read('action.yml'));
  const steps: { run?: string; env?: Record<string, string>; shell?: string }[] = action.runs.steps;

  /** Runs the shell steps as the runner does: inputs put in, `npx` being this checkout. */
  function runSteps(inputs: Readonly<Record<string, string>>) {
    const bin = join(folder, 'npx');
    const lantwin = join(root, 'bin/lantwin.js');
    const words = '"$@"';
    writeFileSync(bin, `#!/bin/sh\nshift 2\nexec "${process.execPath}" "${lantwin}" ${words}\n`, {
      mode: 0o755,
    });
    let status = 0;
    let stdout = '';
    for (const step of steps.filter((one) => one.run !== undefined)) {
      const env = Object.fromEntries(
        Object.entries(step.env ?? {}).map(([name, value]) => [
          name,
          value.replaceAll(/\$\{\{ inputs\.(\w+) \}\}/g, (_, input: string) => {
            return inputs[input] ?? String(action.inputs[input].default);
          }),
        ]),
      );
      const done = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', step.run ?? ''], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          ...process.env,
          ...env,
          PATH: `${folder}:${process.env['PATH']}`,
          GITHUB_ACTIONS: 'true',
          GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
        },
      });
      status = done.status ?? 1;
      stdout += done.stdout;
      if (status !== 0) break;
    }
    return { status, stdout };
  }
  const scenario = (owner: string) => `name: who has it
lan:
  switches: { sw1: {} }
  hosts: { a: { nics: { eth0: 10.0.0.1/24 } } }
  cables: [[a:eth0, sw1:1]]
steps:
  - { at: 1s, expect: [{ within: 1s, still: true, vip: 10.0.0.1, owner: ${owner} }] }
`;

  test('passes what holds, with a report and a summary', () => {
    writeFileSync(join(folder, 'good.twin.yml'), scenario('a'));
    const { status, stdout } = runSteps({ files: 'good.twin.yml', arguments: '--seeds 1..2' });
    expect(status, stdout).toBe(0);
    expect(readFileSync(join(folder, 'lantwin-junit.xml'), 'utf8')).toContain('<testsuite');
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('who has it');
  });
  test('fails what does not, with an annotation and a run file to upload', () => {
    writeFileSync(join(folder, 'bad.twin.yml'), scenario('nobody'));
    const { status, stdout } = runSteps({ files: 'bad.twin.yml' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^::error file=bad\.twin\.yml,line=7,/m);
    expect(existsSync(join(folder, '.lantwin/bad-seed1.run.json'))).toBe(true);
  });
});

test('the GitLab snippet of the docs runs as written', () => {
  const snippet = /## GitLab\s+```yaml\n([\s\S]*?)```/.exec(read('docs/ci.md'))?.[1] ?? '';
  const [job] = Object.values(parse(snippet)) as { script: string[]; artifacts: object }[];
  expect(job?.artifacts).toMatchObject({ when: 'always', reports: { junit: 'junit.xml' } });
  const lantwin = `"${process.execPath}" "${join(root, 'bin/lantwin.js')}"`;
  const script = (job?.script ?? []).join('\n').replaceAll('npx lantwin', lantwin);
  expect(script).toContain('lantwin.js');
  const scenarios = join(root, 'scenarios/config');
  const done = spawnSync('bash', ['-e', '-c', script.replaceAll('scenarios/', scenarios)], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(done.status, done.stdout + done.stderr).toBe(0);
  expect(existsSync(join(folder, 'junit.xml'))).toBe(true);
});

describe('manual pages', () => {
  test.each(MAN_PAGES)('%s has every part, and troff has nothing to complain about', (name) => {
    const page = manPage(name, program(), '1.2.3');
    expect(page).toMatch(/^\.TH \S+ [158] /);
    for (const part of ['NAME', 'DESCRIPTION', 'SEE ALSO']) expect(page).toContain(`.SH ${part}\n`);
    if (!has('groff')) return;
    const groff = ['-man', '-Tutf8', '-ww', '-z'];
    const done = spawnSync('groff', groff, { input: page, encoding: 'utf8' });
    expect(done.stderr).toBe('');
  });
  test('name every command, option and exit code', () => {
    const page = manPage('lantwin.1', program(), '1.2.3');
    for (const command of program().commands.filter((one) => one.name() !== 'man')) {
      expect(page).toContain(`.SS lantwin ${command.name()} `);
    }
    expect(page).toContain('\\-\\-update');
    expect(page).toContain('.B 64\n');
  });
});

describe('completion', () => {
  test('bash offers commands, options and files after sourcing the script', () => {
    const script = completionScript(program(), 'bash');
    const complete = (words: readonly string[]) => {
      const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _lantwin; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', `${script}\n${line}`], { encoding: 'utf8', cwd: root })
        .split('\n')
        .filter((word) => word !== '');
    };
    expect(complete(['lantwin', 'wa'])).toEqual(['watch']);
    expect(complete(['lantwin', 'run', '--see'])).toEqual(['--seed', '--seeds']);
    expect(complete(['lantwin', 'run', 'READ'])).toEqual(['README.md']);
    expect(complete(['lantwin', 'run', '--reporter', 'ju'])).toEqual(['junit']);
    expect(complete(['lantwin', 'graph', '--format', 'm'])).toEqual(['mermaid']);
    expect(complete(['lantwin', 'completion', 'z'])).toEqual(['zsh']);
    expect(complete(['lantwin', 'm'])).toEqual([]);
  });
  test.each([
    ['zsh', ['zsh', '-n']],
    ['fish', ['fish', '--no-execute']],
  ] as const)('%s takes its script, where there is that shell', (shell, command) => {
    const script = completionScript(program(), shell);
    expect(script).toContain('watch');
    const file = join(folder, `completion.${shell}`);
    writeFileSync(file, script);
    if (!has(shell)) return;
    const done = spawnSync(command[0], [command[1], file], { encoding: 'utf8' });
    expect(done.stderr).toBe('');
    expect(done.status).toBe(0);
  });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a run with %i, as the help says', { timeout: 120_000 }, (signal, code) => {
  const lantwin = join(root, 'bin/lantwin.js');
  const run = `"${process.execPath}" "${lantwin}" run scenarios --seeds 1..500 --reporter dot`;
  // Told from outside once the first run is through; the shell says 128 and the signal.
  const script = `set -m; ${run} > "${folder}/dots" 2>&1 & until [ -s "${folder}/dots" ]; do sleep 0.05; done; kill -${signal.slice(3)} $!; wait $!`;
  expect(spawnSync('bash', ['-c', script], { cwd: root }).status).toBe(code);
  rmSync(join(folder, 'dots'));
  const help = execFileSync(process.execPath, [lantwin, '--help'], { encoding: 'utf8' });
  expect(help).toMatch(new RegExp(`^ +${code} `, 'm'));
});
