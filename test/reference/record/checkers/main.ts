/**
 * Records real keepalived's checkers over real IPVS: `node tools/run-built.mjs test/reference/record/checkers/main.ts OUTPUT
 * [PLAN…]`, as root. Boots a guest of user-mode-linux (Debian's package), makes a laboratory of network namespaces in it for each
 * plan, some at once, and writes the files of `../../ipvs/keepalived-lvs`; `npm run reference -- OUTPUT` reads them. `100-120` in
 * place of a plan draws the plans of these numbers.
 */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootGuest } from './boot-guest.ts';
import type { CheckerPlan } from './plan.ts';
import { PLANS } from './plans.ts';
import { drawCheckerPlan } from './plans-drawn.ts';
import { drawKindsPlan } from './plans-drawn-kinds.ts';
import { prepare, record } from './recorder.ts';

/** A guest has one processor; more laboratories at once would delay each other. */
const AT_ONCE = 2;

/** From this number on all kinds of checkers are drawn. */
const KINDS_FROM = 400;

const words = process.argv.slice(2);
if (process.env['RECORD_OUTPUT'] !== undefined) await insideGuest(words);
else if (words.length === 0) {
  console.error('usage: main.ts OUTPUT [PLAN…]');
  process.exitCode = 64;
} else bootGuest(resolve(words[0] ?? ''), words.slice(1));

async function insideGuest(names: readonly string[]): Promise<void> {
  const drawn = names.flatMap(drawnPlans);
  const waiting: CheckerPlan[] =
    drawn.length > 0
      ? drawn
      : PLANS.filter(
          (plan) => names.length === 0 || names.some((name) => plan.id.startsWith(name)),
        );
  // Making a laboratory takes the processor: nothing is recorded until all of a group stand.
  for (let from = 0; from < waiting.length; from += AT_ONCE) {
    const group = waiting.slice(from, from + AT_ONCE);
    const ready = group.map((plan, index) => prepare(plan, from + index));
    await Promise.all(
      ready.map(async (lab, index) => {
        const id = group[index]?.id;
        await sleep(index * 2500);
        try {
          await record(lab, '/run/output');
          console.log(`${id}: recorded`);
        } catch (error) {
          console.log(`${id}: ${error instanceof Error ? error.stack : String(error)}`);
        }
      }),
    );
  }
  process.exit(0);
}

/** `100-120`: the plans of these numbers. */
function drawnPlans(name: string): CheckerPlan[] {
  const range = /^(\d+)-(\d+)$/.exec(name);
  if (range === null) return [];
  const [first, last] = [Number(range[1]), Number(range[2])];
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const number = first + index;
    return number < KINDS_FROM ? drawCheckerPlan(number) : drawKindsPlan(number);
  });
}
