// The package as a stranger gets it: packed, checked, installed into an empty project without install scripts, and used from
// the command line, from node:test and by the compiler.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tally } from './tally.mjs';

/** What the package may weigh, written down in CONTRIBUTING.md too: growing past it is a decision. */
export const SIZE_BUDGET = { tarballBytes: 3_000_000, unpackedBytes: 11_000_000 };

const SCENARIO = `import { type Duration, scenario } from 'lantwin';

const takeover: Duration = '3.7s';
export const lan = scenario({
  name: 'srv-1 loses power',
  lan: {
    switches: { sw1: {} },
    hosts: {
      'srv-1': { nics: { eth1: '192.168.0.101/24' }, keepalived: './srv-1.conf' },
      'srv-2': { nics: { eth1: '192.168.0.102/24' }, keepalived: './srv-2.conf' },
    },
    cables: [['srv-1:eth1', 'sw1:1'], ['srv-2:eth1', 'sw1:2']],
  },
  steps: [
    {
      at: '10s',
      do: { 'power-off': 'srv-1' },
      expect: [{ within: takeover, vip: '192.168.0.200', owner: 'srv-2' }],
    },
  ],
});
`;
const NODE_TEST = `import { test } from 'node:test';
import { scenarioFile, ScenarioError } from 'lantwin';
import { loadScenario } from 'lantwin/core';
import assert from 'node:assert';

test('a scenario file inside node:test', () => {
  assert.equal(scenarioFile('lan.twin.yml').verify({ seed: 3 }).seed, 3);
  assert.throws(() => scenarioFile('gone.twin.yml').verify(), ScenarioError);
  assert.equal(typeof loadScenario, 'function');
});
`;
const TYPED_USE = `import { type ScenarioResult, scenarioFile } from 'lantwin';
import { runScenario, type RunResult } from 'lantwin/core';
export const result: ScenarioResult = scenarioFile('x').run({ seed: 1 });
export const other: (...args: Parameters<typeof runScenario>) => RunResult = runScenario;
`;

export const packageStage = {
  name: 'package',
  run: ({ root, run }) => {
    const folder = mkdtempSync(join(tmpdir(), 'lantwin-package-'));
    const tally = new Tally();
    const check = (name, isRight, details) => tally.check(name, isRight, details);
    try {
      const tarball = packed(root, folder, check);
      if (tarball !== undefined) {
        checkTarball(root, tarball, check);
        checkInstalled({ root, run, folder, tarball, check });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return tally;
  },
};

function packed(root, folder, check) {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' });
  check('npm pack', status === 0, stderr);
  if (status !== 0) return undefined;
  const [{ filename, size, unpackedSize, files }] = JSON.parse(stdout);
  const sizes = `${size} bytes packed, ${unpackedSize} unpacked, ${files.length} files`;
  console.log(`   ${sizes}`);
  const { tarballBytes, unpackedBytes } = SIZE_BUDGET;
  check('is within its size budget', size <= tarballBytes && unpackedSize <= unpackedBytes, sizes);
  const names = files.map((one) => one.path);
  for (const name of [
    'LICENSE',
    'THIRD-PARTY-NOTICES.md',
    'dist/lantwin.schema.json',
    'dist/man/lantwin.1',
  ]) {
    check(`has ${name}`, names.includes(name));
  }
  check(
    'has no maps and no tests',
    !names.some((name) => /\.map$|^test\/|tsbuildinfo$/.test(name)),
  );
  return join(folder, filename);
}

function checkTarball(root, tarball, check) {
  const tool = (name, ...words) =>
    spawnSync('npx', ['--no-install', name, ...words], { cwd: root, encoding: 'utf8' });
  const lint = tool('publint', 'run', tarball, '--strict');
  check('publint', lint.status === 0, lint.stdout + lint.stderr);
  const types = tool(
    'attw',
    tarball,
    '--profile',
    'esm-only',
    '--no-emoji',
    '--exclude-entrypoints',
    'schema.json',
  );
  check('arethetypeswrong', types.status === 0, types.stdout + types.stderr);
}

function checkInstalled({ root, folder, tarball, check }) {
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }\n');
  const inProject = (command, words) =>
    spawnSync(command, words, { cwd: project, encoding: 'utf8', env: { ...process.env, CI: '' } });
  const words = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    tarball,
  ];
  const installed = inProject('npm', words);
  check('npm install --ignore-scripts', installed.status === 0, installed.stderr);
  if (installed.status !== 0) return;
  const seeds = join(root, 'scenarios', 'seeds', 'three-servers');
  for (const name of ['srv-1', 'srv-2', 'srv-3'])
    cpSync(join(seeds, `${name}.conf`), join(project, `${name}.conf`));
  const used = (name, command, args, wanted = /./) => {
    const { status, stdout, stderr } = inProject(command, args);
    check(name, status === 0 && wanted.test(stdout), `exit ${status}\n${stdout}${stderr}`);
  };
  const confs = ['srv-1.conf', 'srv-2.conf'];
  used('npx lantwin --version', 'npx', ['lantwin', '--version'], /^\d+\.\d+\.\d+/);
  used('npx lantwin init', 'npx', ['lantwin', 'init', ...confs], /lan\.twin\.yml/);
  used('npx lantwin run', 'npx', ['lantwin', 'run', 'lan.twin.yml'], /✓/);
  used('npx lantwin check', 'npx', ['lantwin', 'check', ...confs], /no problems/);
  writeFileSync(join(project, 'use.test.mjs'), NODE_TEST);
  used('node:test', process.execPath, ['--test', 'use.test.mjs']);
  cpSync(join(root, 'node_modules', 'typescript'), join(project, 'node_modules', 'typescript'), {
    recursive: true,
  });
  writeFileSync(join(project, 'typed.twin.ts'), SCENARIO);
  writeFileSync(join(project, 'use.ts'), TYPED_USE);
  used(
    'npx lantwin run typed.twin.ts',
    'npx',
    ['lantwin', 'run', 'typed.twin.ts'],
    /✓ srv-1 loses power/,
  );
  const compile = [
    'node_modules/typescript/bin/tsc',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
  ];
  used('the types compile', process.execPath, [...compile, 'typed.twin.ts', 'use.ts'], /^/);
  const schema = JSON.parse(
    readFileSync(join(project, 'node_modules/lantwin/dist/lantwin.schema.json'), 'utf8'),
  );
  check('schema.json is the schema', schema.title?.startsWith('lantwin scenario') === true);
}
