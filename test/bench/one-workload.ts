/** Runs one workload in this process and prints its result: packed and started as the command is (`packed-bench.ts`). */

import { parseArgs } from 'node:util';
import { giveYoungRoom, tuneForBatch } from '../../sim/cli/batch-engine.ts';
import { benchCases } from './cases.ts';

const { values } = parseArgs({
  options: { one: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const found = benchCases(values.quick).find((one) => one.id === values.one);
if (found === undefined) throw new Error(`no workload ${values.one}`);
// A search runs in threads, to which V8 gives such room, and more, by itself.
if (found.id === 'SEED-explore') giveYoungRoom();
else tuneForBatch();
console.log(JSON.stringify(found.run()));
