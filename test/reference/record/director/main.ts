/**
 * Records a director of the real kernel alone, with everything around it played by this program: `node tools/run-built.mjs
 * test/reference/record/director/main.ts OUTPUT FIRST-LAST`, as root. Boots the guest of `../checkers`, draws a plan of each
 * number and writes the files that `../../director` reads; `npm run reference -- OUTPUT` judges them.
 */

import { resolve } from 'node:path';
import { bootGuest } from '../checkers/boot-guest.ts';
import { DirectorBench, makeSurroundings } from './bench.ts';
import { drawDirectorPlan } from './plans-drawn.ts';

const words = process.argv.slice(2);
if (process.env['RECORD_OUTPUT'] !== undefined) await insideGuest(words[0] ?? '');
else if (words.length < 2) {
  console.error('usage: main.ts OUTPUT FIRST-LAST');
  process.exitCode = 64;
} else bootGuest(resolve(words[0] ?? ''), words.slice(1, 2));

async function insideGuest(range: string): Promise<void> {
  const [first = 0, last = first] = range.split('-').map(Number);
  makeSurroundings();
  for (let number = first; number <= last; number++) {
    const plan = drawDirectorPlan(number);
    let bench: DirectorBench | undefined;
    try {
      bench = new DirectorBench();
      await bench.begin();
      await plan(bench);
      await bench.end('/run/output', `drawn-${number}`);
    } catch (error) {
      console.log(`${number}: ${error instanceof Error ? error.stack : String(error)}`);
      bench?.close();
    }
  }
  process.exit(0);
}
