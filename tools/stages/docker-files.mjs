// The container files are linted by dockerfile-utils, a package of its own (tools/docker-lint) that is installed on the first
// call; where the registry cannot be reached the stage is skipped by name. A wrong file must be found, or the linter is none.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tally } from './tally.mjs';

const WRONG = 'FROM node:22\nCOPPY a b\nEXPOSE abc\n';
const NPM_CI = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

export const dockerFilesStage = {
  name: 'container files',
  run: ({ root }) => {
    const folder = join(root, 'tools', 'docker-lint');
    if (!existsSync(join(folder, 'node_modules', 'dockerfile-utils'))) {
      const installed = spawnSync('npm', NPM_CI, {
        cwd: folder,
        encoding: 'utf8',
        timeout: 120_000,
      });
      if (installed.status !== 0 && process.env.CI !== 'true') {
        return Tally.skipped('dockerfile-utils could not be installed from the package registry');
      }
    }
    const lint = (path) =>
      spawnSync(process.execPath, [join(folder, 'lint.mjs'), path], {
        cwd: root,
        encoding: 'utf8',
      });
    const tally = new Tally();
    const files = readdirSync(join(root, 'packaging', 'docker'));
    for (const file of files.filter((name) => name.endsWith('Dockerfile'))) {
      const path = join('packaging', 'docker', file);
      const { status, stdout, stderr } = lint(path);
      tally.check(path, status === 0, stdout + stderr);
    }
    const scratch = mkdtempSync(join(tmpdir(), 'lantwin-docker-'));
    writeFileSync(join(scratch, 'Dockerfile'), WRONG);
    const found = lint(join(scratch, 'Dockerfile')).stdout;
    rmSync(scratch, { recursive: true });
    const isFound = /:2:1: error: .*COPPY/.test(found) && /:3:8: error/.test(found);
    tally.check('a wrong container file is found to be wrong', isFound, found);
    return tally;
  },
};
