// Our daemon beside the real keepalived in network namespaces. The runner itself finds out what this machine can do, names what
// it skips, and ends with a line `N passed, N failed, N skipped`.

import { Tally } from './tally.mjs';

export const interopStage = {
  name: 'interop with keepalived',
  run: ({ run }) => {
    const outcome = run('node', ['test/interop/run.mjs'], { capture: true });
    process.stdout.write(outcome.stdout);
    const lines = outcome.stdout.trimEnd().split('\n');
    const counts = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(
      lines.at(-1) ?? '',
    );
    const tally = new Tally();
    if (counts === null) {
      tally.check('test/interop/run.mjs', false, `no counts at its end, exit ${outcome.status}`);
      return tally;
    }
    tally.passed = Number(counts[1]);
    lines.forEach((line, index) => {
      if (line.startsWith('FAIL')) tally.fail(line.replace(/^FAIL\s*/, ''), lines[index + 1]);
      if (line.startsWith('skipped')) tally.skipped.push(line.replace(/^skipped\s*/, ''));
    });
    const skips = Number(counts[3] ?? 0);
    if (process.env.LANTWIN_REQUIRE_INTEROP === '1' && skips > 0) {
      tally.fail(`${skips} tests skipped where all must run`);
    }
    if (!outcome.ok && tally.failures.length === 0) {
      tally.fail('test/interop/run.mjs', `exit ${outcome.status}`);
    }
    return tally;
  },
};
