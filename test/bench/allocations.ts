/**
 * Prints how many bytes each small workload allocates while it runs: objects of the heap, and the blocks that frames
 * are cut from. Counted, not sampled: with a young generation that is larger than all of it nothing is ever freed in
 * between, and `--single-threaded` makes the compiler take its decisions at the same moments each time. Run by
 * `work.test.ts` as `NODE_ARGS="…" node tools/run-built.mjs test/bench/allocations.ts`.
 */

import type { BenchCounts } from './bench-result.ts';
import { countingAllocations } from './bench-result.ts';
import { WORK_CASES } from './work-cases.ts';

const bytes = Object.fromEntries(
  WORK_CASES.map(([name, run]): readonly [string, number] => {
    const counts: BenchCounts & { allocatedBytes?: number } = countingAllocations(run);
    return [name, counts.allocatedBytes ?? 0];
  }),
);
console.log(JSON.stringify({ node: process.versions.node.split('.')[0], bytes }));
