// The docs site builds: VitePress refuses a link that leads nowhere. Its tools come from the registry on the first call; where
// that cannot be reached the stage is skipped by name.
import { spawnSync } from 'node:child_process';
import { Tally } from './tally.mjs';

export const siteStage = {
  name: 'docs site',
  run: ({ root, run }) => {
    const reach = spawnSync('npm', ['ping'], { cwd: root, encoding: 'utf8', timeout: 30_000 });
    if (reach.status !== 0 && process.env.CI !== 'true') {
      return Tally.skipped('no package registry to get VitePress from');
    }
    const outcome = run('node', ['tools/build-docs.mjs'], { capture: true });
    const tally = new Tally();
    tally.check('tools/build-docs.mjs', outcome.ok, outcome.stdout.slice(-3000));
    return tally;
  },
};
