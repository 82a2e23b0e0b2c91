/**
 * Records forwarding by the real kernel's IPVS: `node tools/run-built.mjs test/reference/record/forwarding/main.ts OUTPUT [PLAN…]`,
 * as root. Boots the guest of `../checkers` and makes there the laboratory and the files of `../../ipvs/forwarding`;
 * `npm run reference -- OUTPUT` reads them. The plans `arp-matrix`,
 * `tcp-states`, `sync-daemon` and `timeouts` make files of their own and are only made when they are named, the last two alone.
 * `100-120` in place of a plan draws the plans of these numbers.
 */

import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { bootGuest } from '../checkers/boot-guest.ts';
import { recordArpMatrix } from './arp-matrix.ts';
import { Bench } from './bench.ts';
import { ForwardingLab } from './lab.ts';
import type { ForwardingPlan } from './plan.ts';
import { PLANS } from './plans.ts';
import { drawForwardingPlan } from './plans-drawn.ts';
import { recordFailover } from './sync.ts';
import { recordStates } from './tcp-states.ts';
import { recordTimeouts } from './timeouts.ts';

const TIMEOUT_SESSIONS = [901, 902, 903, 904, 905, 906];

const words = process.argv.slice(2);
if (process.env['RECORD_OUTPUT'] !== undefined) await insideGuest(words);
else if (words.length === 0) {
  console.error('usage: main.ts OUTPUT [PLAN…]');
  process.exitCode = 64;
} else bootGuest(resolve(words[0] ?? ''), words.slice(1));

async function insideGuest(names: readonly string[]): Promise<void> {
  const lab = new ForwardingLab();
  const others = names.includes('arp-matrix') || names.includes('tcp-states');
  if (names.includes('sync-daemon')) {
    const folder = '/run/output/sync-daemon';
    mkdirSync(folder, { recursive: true });
    for (const isSynchronised of [false, true]) await recordFailover(lab, folder, isSynchronised);
    process.exit(0);
  }
  if (names.includes('timeouts')) {
    mkdirSync('/run/output/timeouts', { recursive: true });
    for (const number of TIMEOUT_SESSIONS) {
      lab.renewDirector(number === TIMEOUT_SESSIONS[0]);
      await recordTimeouts(lab, `/run/output/timeouts/timeouts-${number}.txt`, number);
    }
    process.exit(0);
  }
  const drawn = names.flatMap(drawnPlans);
  const named = PLANS.filter(
    (plan) => names.length === 0 || names.some((name) => plan.name.includes(name)),
  );
  const plans = drawn.length > 0 ? drawn : named;
  if (names.includes('arp-matrix')) {
    lab.renewDirector(true);
    await recordArpMatrix(lab, '/run/output/arp-matrix-own.json');
  }
  if (names.includes('tcp-states')) {
    lab.renewDirector(!names.includes('arp-matrix'));
    recordStates(lab, '/run/output/tcp-states-own.json', {});
    lab.renewDirector(false);
    recordStates(lab, '/run/output/tcp-states-secure.json', { secure_tcp: 3 });
  }
  for (const [index, plan] of plans.entries()) {
    let made: Bench | undefined;
    try {
      lab.renewDirector(index === 0 && !others);
      for (const [name, value] of plan.settings ?? []) lab.set('director', name, value);
      const bench = new Bench(lab, plan.points);
      made = bench;
      for (const line of plan.setup) bench.ipvsadm(line);
      await bench.wait(0.3);
      bench.begin();
      if (plan.setup.length > 0) bench.list();
      await plan.act(bench);
      const path = `/run/output/${plan.name}`;
      mkdirSync(dirname(path), { recursive: true });
      await bench.end(dirname(path), plan.name.split('/')[1] ?? '');
      console.log(`${plan.name}: recorded`);
    } catch (error) {
      // Sockets that stay open keep the director's namespace, and its name cannot be used again.
      made?.close();
      console.log(`${plan.name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  process.exit(0);
}

/** `100-120`: the plans of these numbers. */
function drawnPlans(name: string): ForwardingPlan[] {
  const range = /^(\d+)-(\d+)$/.exec(name);
  if (range === null) return [];
  const [first, last] = [Number(range[1]), Number(range[2])];
  return Array.from({ length: last - first + 1 }, (_, index) => drawForwardingPlan(first + index));
}
