// Every scenario of the repository through the built command line, as a user runs it.

import { Tally } from './tally.mjs';

export const scenariosStage = {
  name: 'scenarios',
  run: ({ run }) => {
    const outcome = run('node', ['bin/lantwin.js', 'run', 'scenarios', '--json'], {
      capture: true,
    });
    const tally = new Tally();
    let results;
    try {
      results = JSON.parse(outcome.stdout).runs;
    } catch {
      tally.check('lantwin run scenarios --json', false, `no JSON, exit ${outcome.status}`);
      return tally;
    }
    for (const { file, name, verdict } of results) {
      tally.check(`${file}: ${name}`, verdict === 'pass', verdict);
    }
    if (tally.failures.length === 0) {
      tally.check('lantwin run scenarios', outcome.ok, `exit ${outcome.status}, though all pass`);
    }
    return tally;
  },
};
