/** Runs one workload in this process and prints its result: packed and started as the command is (`packed-bench.ts`). */

import { parseArgs } from 'node:util';
import { giveYoungRoom } from '../../sim/cli/young-room.ts';
import { benchCases } from './cases.ts';

const { values } = parseArgs({
  options: { one: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const found = benchCases(values.quick).find((one) => one.id === values.one);
if (found === undefined) throw new Error(`no workload ${values.one}`);
// `explore` searches in threads, to which V8 gives such room, and more, by itself.
giveYoungRoom();
console.log(JSON.stringify(found.run()));
