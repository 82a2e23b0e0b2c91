// `npm test`: everything that this machine can check, one stage after the other, in one place. Each stage reports
// how many of its checks passed, failed and were skipped; what was skipped is named with its reason. `--fast`: types, lint and
// unit tests only; `--only WORD[,WORD]`: stages with such a word in their names. Ends with a line `N passed, N failed,
// N skipped` and exit code 1 when anything failed.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserStage } from './stages/browser.mjs';
import { dockerFilesStage } from './stages/docker-files.mjs';
import { docsStage } from './stages/docs.mjs';
import { interopStage } from './stages/interop.mjs';
import { nodeVersionsStage } from './stages/node-versions.mjs';
import { packageStage } from './stages/package.mjs';
import { scenariosStage } from './stages/scenarios.mjs';
import { siteStage } from './stages/site.mjs';
import { lintStage, typesStage, unitStage } from './stages/static.mjs';
import { Tally } from './stages/tally.mjs';

/** Only against what hangs: on two busy cores the unit tests alone took more than a quarter of an hour. */
const PATIENCE_MS = 3_600_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fast = process.argv.includes('--fast');
const stages = fast
  ? [typesStage, lintStage, unitStage]
  : [
      typesStage,
      lintStage,
      unitStage,
      scenariosStage,
      docsStage,
      siteStage,
      packageStage,
      dockerFilesStage,
      nodeVersionsStage,
      browserStage,
      interopStage,
    ];

const only = process.argv.includes('--only')
  ? (process.argv[process.argv.indexOf('--only') + 1] ?? '').split(',')
  : [''];
const wanted = stages.filter(({ name }) => only.some((word) => name.includes(word)));
for (const word of only.filter((word) => !stages.some(({ name }) => name.includes(word)))) {
  console.error(`no stage '${word}'; there are: ${stages.map(({ name }) => name).join('; ')}`);
  process.exit(64);
}

const total = new Tally();
for (const stage of wanted) {
  const begun = Date.now();
  console.log(`\n== ${stage.name}`);
  const result = await stage.run({ root, run });
  total.passed += result.passed;
  total.failures.push(...result.failures.map((failure) => `${stage.name}: ${failure}`));
  total.skipped.push(...result.skipped.map((reason) => `${stage.name}: ${reason}`));
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(
    `-- ${stage.name}: ${result.passed} passed, ${result.failures.length} failed (${seconds} s)`,
  );
}

console.log('');
for (const reason of total.skipped) console.log(`skipped  ${reason}`);
for (const failure of total.failures) console.log(`FAILED   ${failure}`);
const counts = [total.passed, total.failures.length, total.skipped.length];
console.log(`${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped`);
process.exitCode = total.failures.length > 0 ? 1 : 0;

/** Runs a command in the repository with its output shown; `capture` hands stdout back instead. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: options.cwd ?? root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: options.capture ? ['ignore', 'pipe', 'inherit'] : ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs ?? PATIENCE_MS,
  });
  if (result.error?.code === 'ETIMEDOUT') {
    console.error(`'${command} ${args.join(' ')}' did not end in time and was stopped`);
  }
  return { ok: result.status === 0, status: result.status, stdout: result.stdout ?? '' };
}
