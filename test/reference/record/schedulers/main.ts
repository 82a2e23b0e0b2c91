/**
 * Records random scheduling by the real kernel's IPVS: `node tools/run-built.mjs test/reference/record/schedulers/main.ts OUTPUT
 * FIRST-LAST`, as root. Boots the guest of `../checkers`, draws a plan of each number and writes one file each, as
 * `../../ipvs/schedulers` has them; `npm run reference -- OUTPUT` reads them.
 */

import { resolve } from 'node:path';
import { bootGuest } from '../checkers/boot-guest.ts';
import { drawPlan } from './plan.ts';
import { recordPlan } from './recorder.ts';

/** Most plans wait for timers most of the time. */
const AT_ONCE = 12;

const words = process.argv.slice(2);
if (process.env['RECORD_OUTPUT'] !== undefined) await insideGuest(words[0] ?? '');
else if (words.length < 2) {
  console.error('usage: main.ts OUTPUT FIRST-LAST');
  process.exitCode = 64;
} else bootGuest(resolve(words[0] ?? ''), words.slice(1, 2));

async function insideGuest(range: string): Promise<void> {
  const [first = 0, last = first] = range.split('-').map(Number);
  let next = first;
  let before: Promise<unknown> = Promise.resolve();
  const turn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = before.then(act);
    before = mine.catch(() => undefined);
    return mine;
  };
  const work = async () => {
    while (next <= last) {
      const number = next++;
      try {
        await recordPlan(drawPlan(number), '/run/output', turn);
      } catch (error) {
        console.log(`${number}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  process.exit(0);
}
