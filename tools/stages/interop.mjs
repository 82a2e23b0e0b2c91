// Our daemon beside the real keepalived in network namespaces. The runner itself finds out what this machine can do, names what
// it skips, and ends with a line `N passed, N failed, N skipped`.

export const interopStage = {
  name: 'interop with keepalived',
  run: ({ run }) => {
    const outcome = run('node', ['test/interop/run.mjs'], { capture: true });
    process.stdout.write(outcome.stdout);
    const lines = outcome.stdout.trimEnd().split('\n');
    const counts = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(
      lines.at(-1) ?? '',
    );
    if (counts === null) return { passed: 0, failed: 1, skipped: [] };
    const mustRun = process.env.LANTWIN_REQUIRE_INTEROP === '1';
    const skips = mustRun ? Number(counts[3] ?? 0) : 0;
    return {
      passed: Number(counts[1]),
      failed: Math.max(Number(counts[2]) + skips, outcome.ok ? 0 : 1),
      skipped: lines
        .filter((line) => line.startsWith('skipped'))
        .map((line) => line.replace(/^skipped\s*/, '')),
    };
  },
};
