// Types, lint and unit tests: what `npm run test:fast` runs before each commit.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
    const build = run('npx', ['--no-install', 'tsc', '-b']).ok;
    const tests = run('npx', ['--no-install', 'tsc', '-p', 'test/tsconfig.json']).ok;
    return count([build, tests, run('npx', ['--no-install', ...SVELTE_CHECK]).ok]);
  },
};

export const lintStage = {
  name: 'lint',
  run: ({ run }) =>
    count([run('npx', ['--no-install', 'biome', 'ci', '--error-on-warnings', '.']).ok]),
};

export const unitStage = {
  name: 'unit, property, reference and architecture tests',
  run: ({ run }) => runVitest(run, []),
};

/** Runs vitest with the given arguments and counts its tests; a crash counts as one failure. */
export function runVitest(run, args) {
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-test-'));
  const file = join(folder, 'result.json');
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
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const failed = report.numFailedTests + brokenFiles(report);
    return {
      passed: report.numPassedTests,
      failed: outcome.ok ? failed : Math.max(failed, 1),
      skipped: skippedTests(report),
    };
  } catch (error) {
    console.error(`vitest gave no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Test files that could not even be loaded. */
function brokenFiles(report) {
  return report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
}

function skippedTests(report) {
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status === 'pending' || test.status === 'skipped')
      .map((test) => test.fullName),
  );
}

/** A stage's result from plain yes/no checks. */
export function count(checks) {
  const passed = checks.filter(Boolean).length;
  return { passed, failed: checks.length - passed, skipped: [] };
}
