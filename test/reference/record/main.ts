/**
 * Records the real keepalived: `node tools/run-built.mjs test/reference/record/main.ts OUTPUT [ID…]`, as root. Makes the
 * named plans (default: all but the drawn ones, which are `drawn-NUMBER`), some at once, and writes a folder each that `npm run reference -- OUTPUT` reads.
 */

import { spawn } from 'node:child_process';
import type { Plan } from './plan.ts';
import { drawnPlan } from './plans-drawn.ts';
import { FEATURE_PLANS } from './plans-features.ts';
import { FOUND_PLANS } from './plans-found.ts';
import { GROUP_PLANS } from './plans-groups.ts';
import { LIFE_PLANS } from './plans-life.ts';
import { MASTER_PLANS } from './plans-masters.ts';
import { MORE_PLANS } from './plans-more.ts';
import { PARTITION_PLANS } from './plans-partition.ts';
import { RELOAD_PLANS } from './plans-reloads.ts';
import { record } from './recorder.ts';

const PLANS: readonly Plan[] = [
  ...LIFE_PLANS,
  ...PARTITION_PLANS,
  ...FEATURE_PLANS,
  ...MORE_PLANS,
  ...FOUND_PLANS,
  ...GROUP_PLANS,
  ...MASTER_PLANS,
  ...RELOAD_PLANS,
];
/** More would disturb each other on two processors. */
const AT_ONCE = Number(process.env['AT_ONCE'] ?? 5);

/** Seconds that the making and the packing of a recording may take. */
const LEFT_OVER = 60;

const [output, ...names] = process.argv.slice(2);
if (output === undefined) {
  console.error('usage: main.ts OUTPUT [ID…]');
  process.exitCode = 64;
} else if (process.env['RECORD_ONE'] !== undefined) {
  const id = process.env['RECORD_ONE'];
  const plan = PLANS.find((one) => one.id === id) ?? drawnPlan(id);
  if (plan === undefined) {
    console.error(`no plan '${id}'`);
    process.exit(64);
  }
  // What hangs must not leave daemons behind: the laboratory is closed on exit.
  process.once('SIGTERM', () => process.exit(1));
  setTimeout(() => process.exit(1), (plan.end + LEFT_OVER) * 1000).unref();
  await record(plan, output);
  process.exit(0);
} else {
  const ids = names.length > 0 ? names : PLANS.map((plan) => plan.id);
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let id = ids.shift(); id !== undefined; id = ids.shift()) await recordApart(id, output);
  });
  await Promise.all(workers);
}

/** A process for each, so that namespaces and clocks do not mix. */
function recordApart(id: string, folder: string): Promise<void> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', folder], {
    stdio: 'inherit',
    env: { ...process.env, RECORD_ONE: id },
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      console.log(`${id}: ${code === 0 ? 'recorded' : `failed with ${code}`}`);
      resolve();
    });
  });
}
