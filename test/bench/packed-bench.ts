/**
 * The workloads as `lantwin run` runs them: CommonJS chunks with a code cache, under the same flags of V8. As an ECMAScript
 * module the same code takes a tenth longer.
 */

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchResult } from './bench-result.ts';

/** Runs that fill the code cache: what each sort of workload calls. */
const WARM_UP = ['--one B1-10 --quick', '--one SEED-three-servers --quick'];

/** The packed workloads. */
export interface PackedBench {
  /** Runs one in a process of its own. */
  run(id: string, quick: boolean): BenchResult;
  remove(): void;
}

/** Packs them, below `node_modules` so that packages are found. */
export function packBench(root: string): PackedBench {
  const folder = join(root, 'node_modules', '.cache', 'lantwin', `bench-${process.pid}`);
  const node = (...words: readonly string[]) =>
    execFileSync(process.execPath, words, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const entry = join('test', 'bench', 'one-workload.ts');
  node(join('tools', 'pack-entry.mjs'), entry, folder, ...WARM_UP);
  return {
    run(id, quick) {
      const starter = id === 'SEED-explore' ? 'served.cjs' : 'batch.cjs';
      const output = node(join(folder, starter), '--one', id, ...(quick ? ['--quick'] : []));
      return JSON.parse(output) as BenchResult;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
