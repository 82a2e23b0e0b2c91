// Types, lint and unit tests: what `npm run test:fast` runs before each commit.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Tally } from './tally.mjs';

/** Types and accessibility warnings of the browser view. */
const SVELTE_CHECK = [
  'svelte-check',
  '--workspace',
  'ui',
  '--tsconfig',
  './tsconfig.json',
  '--fail-on-warnings',
];

export const typesStage = {
  name: 'types',
  run: ({ run }) => {
    const tally = new Tally();
    const tool = (name, ...words) =>
      tally.check(name, run('npx', ['--no-install', ...words]).ok, 'see its output above');
    tool('tsc -b', 'tsc', '-b');
    tool('tsc -p test', 'tsc', '-p', 'test/tsconfig.json');
    tool('svelte-check', ...SVELTE_CHECK);
    return tally;
  },
};

export const lintStage = {
  name: 'lint',
  run: ({ run }) => {
    const tally = new Tally();
    const { ok } = run('npx', ['--no-install', 'biome', 'ci', '--error-on-warnings', '.']);
    tally.check('biome ci', ok, 'see its output above');
    return tally;
  },
};

export const unitStage = {
  name: 'unit, property, reference and architecture tests',
  run: ({ run }) => runVitest(run, []),
};

/** Runs vitest with the given arguments and counts its tests; a crash counts as one failure. */
export function runVitest(run, args) {
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-test-'));
  const file = join(folder, 'result.json');
  const tally = new Tally();
  try {
    const outcome = run('npx', [
      '--no-install',
      'vitest',
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ]);
    readReport(JSON.parse(readFileSync(file, 'utf8')), tally);
    if (!outcome.ok && tally.failures.length === 0) {
      tally.check('vitest', false, `exit ${outcome.status} though no test failed: see its output`);
    }
  } catch (error) {
    tally.check('vitest', false, `gave no report: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}

function readReport(report, tally) {
  tally.passed += report.numPassedTests;
  for (const file of report.testResults) {
    const path = relative(process.cwd(), file.name);
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      tally.fail(path, file.message);
    }
    for (const test of file.assertionResults) {
      if (test.status === 'failed') {
        tally.fail(`${path} > ${test.fullName}`, test.failureMessages[0]);
      } else if (test.status === 'pending' || test.status === 'skipped') {
        tally.skipped.push(test.fullName);
      }
    }
  }
}
