// Runs the tests on real network namespaces and tells what was skipped and why. Ends with counts; exit code 1
// when a test failed, 0 also when everything had to be skipped. `node test/interop/run.mjs [-t PATTERN] [FILE…]`.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, '..', '..');

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const build = spawnSync(process.execPath, [tsc, '-b', 'daemon/linux', 'sim/cli'], { cwd: root });
if (build.status !== 0) {
  process.stderr.write(`the build has errors:\n${build.stdout}\n`);
}

const words = process.argv.slice(2);
const patternAt = words.indexOf('-t');
const testNamePattern = patternAt < 0 ? undefined : words.splice(patternAt, 2)[1];
const counts = { passed: 0, failed: 0, skipped: 0 };
const reasons = new Map();

const tally = {
  onTestCaseResult(test) {
    const result = test.result();
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
    if (result.state === 'skipped') {
      const reason =
        result.note ?? (testNamePattern ? 'not chosen by -t' : 'skipped without a reason');
      counts.skipped++;
      reasons.set(reason, [...(reasons.get(reason) ?? []), test.fullName]);
      return;
    }
    counts[result.state === 'passed' ? 'passed' : 'failed']++;
    process.stdout.write(
      `${result.state === 'passed' ? 'ok  ' : 'FAIL'} ${seconds.padStart(6)} s  ${test.fullName}\n`,
    );
    for (const error of result.errors ?? [])
      process.stdout.write(`${error.stack ?? error.message}\n`);
  },
};

const config = join(folder, 'vitest.config.ts');
const options = {
  root: folder,
  config,
  watch: false,
  reporters: [tally],
  ...(testNamePattern && { testNamePattern }),
};
const vitest = await startVitest('test', words, options);
const unhandled = vitest?.state.getUnhandledErrors() ?? [];
const broken = (vitest?.state.getTestModules() ?? []).filter(
  (module) => module.errors().length > 0,
);
for (const error of [...unhandled, ...broken.flatMap((module) => module.errors())]) {
  process.stdout.write(`FAIL outside of a test: ${error.stack ?? error.message}\n`);
  counts.failed++;
}
await vitest?.close();

for (const [reason, names] of reasons) {
  process.stdout.write(`skipped, ${reason}:\n${names.map((name) => `  - ${name}\n`).join('')}`);
}
process.stdout.write(
  `interop: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);
process.exit(counts.failed > 0 ? 1 : 0);
