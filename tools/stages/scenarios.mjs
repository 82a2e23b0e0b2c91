// Every scenario of the repository through the built command line, as a user runs it.

export const scenariosStage = {
  name: 'scenarios',
  run: ({ run }) => {
    const outcome = run('node', ['bin/lantwin.js', 'run', 'scenarios', '--json'], {
      capture: true,
    });
    let results;
    try {
      results = JSON.parse(outcome.stdout).runs;
    } catch {
      console.error(`'lantwin run scenarios --json' printed no JSON (exit ${outcome.status})`);
      return { passed: 0, failed: 1, skipped: [] };
    }
    const failed = results.filter((result) => result.verdict !== 'pass');
    for (const result of failed) console.error(`${result.verdict}: ${result.file}: ${result.name}`);
    return {
      passed: results.length - failed.length,
      failed: failed.length > 0 || outcome.ok ? failed.length : 1,
      skipped: [],
    };
  },
};
