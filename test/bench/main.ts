/**
 * npm run bench -- [--quick] [--json FILE] [--history FILE] [--only TEXT] [--runs N]
 *
 * Every workload in a process of its own (memory and compiled code of one do not show in the next), ours and
 * ns-3's in turn, so that both see the same load of the machine; of several runs the median counts.
 * `--history` adds the rows to a file of JSON lines, one a bench, to compare later ones with.
 * Exits 1 when both sides did not do the same work. `--only takeover` measures the daemon beside keepalived on real
 * wires (root, four minutes) and is never part of the rest.
 */

import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchResult } from './bench-result.ts';
import { type BenchCase, benchCases } from './cases.ts';
import { buildNs3, runNs3 } from './ns3.ts';
import { type ComparedCase, formatTable, medianOf, ratioOf } from './table.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    history: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string' },
    /** Internal: run this one case here and print its result. */
    one: { type: 'string' },
  },
});
const cases = benchCases(values.quick);

if (values.only === 'takeover') {
  // In real time, on real wires: minutes, root, and nothing that ns-3 could be compared with.
  const { takeoverBench } = await import('./takeover.ts');
  process.exitCode = await takeoverBench({
    rounds: Number(values.runs ?? (values.quick ? 3 : 30)),
  });
} else if (values.only === 'TAP') {
  const { tapBench } = await import('./tap.ts');
  process.exitCode = await tapBench({
    rounds: Number(values.runs ?? (values.quick ? 1 : 5)),
    seconds: values.quick ? 2 : 4,
  });
} else if (values.one !== undefined) {
  const found = cases.find((one) => one.id === values.one);
  if (found === undefined) throw new Error(`no workload ${values.one}`);
  console.log(JSON.stringify(found.run()));
} else {
  process.exitCode = runAll();
}

function runAll(): number {
  const ns3 = buildNs3(process.env['LANTWIN_ROOT'] ?? process.cwd());
  if ('missing' in ns3) console.error(`ns-3 is not compared: ${ns3.missing}`);
  const folder = 'folder' in ns3 ? ns3.folder : undefined;
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  const chosen = cases.filter((one) => values.only === undefined || one.id.includes(values.only));
  const compared = chosen.map((one) => compareCase(one, folder, runs));
  console.log(`${formatTable(compared)}\n`);
  console.log(
    `median of ${runs} by wall time; Node ${process.version}, ${cpus()[0]?.model ?? arch()}`,
  );
  const wrong = chosen.flatMap((one, i) => unlikeWork(one, compared[i]));
  for (const sentence of wrong) console.log(sentence);
  const record = recordOf(compared);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify(record, undefined, 2)}\n`);
  if (values.history !== undefined) appendFileSync(values.history, `${JSON.stringify(record)}\n`);
  return wrong.length > 0 ? 1 : 0;
}

function compareCase(one: BenchCase, folder: string | undefined, runs: number): ComparedCase {
  const ours: BenchResult[] = [];
  const theirs: BenchResult[] = [];
  for (let run = 0; run < runs; run++) {
    console.error(`${one.id} ${run + 1}/${runs}`);
    ours.push(runHere(one.id));
    if (folder !== undefined && one.ns3 !== undefined) {
      theirs.push(runNs3(folder, ours[0]?.workload ?? one.id, one.ns3));
    }
  }
  return {
    id: one.id,
    ours: medianOf(ours),
    ...(theirs.length > 0 ? { ns3: medianOf(theirs) } : {}),
    ...(one.target === undefined ? {} : { target: one.target }),
    ...(one.targetRealTime === undefined ? {} : { targetRealTime: one.targetRealTime }),
  };
}

function runHere(id: string): BenchResult {
  const options = ['--one', id, ...(values.quick ? ['--quick'] : [])];
  const self = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, [self, ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as BenchResult;
}

/** Sentences about work that was not the same on both sides. */
function unlikeWork(one: BenchCase, compared: ComparedCase | undefined): string[] {
  if (one.sameMessages !== true || compared?.ns3 === undefined) return [];
  const { ours, ns3 } = compared;
  if (ours.messages === ns3.messages) return [];
  return [`${one.id}: ${ours.messages} answers here, ${ns3.messages} in ns-3`];
}

/** Everything that was measured, with when and on what. */
function recordOf(compared: readonly ComparedCase[]) {
  const rows = compared.map((one) => ({ ...one, timesFaster: ratioOf(one) }));
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length };
  return { at: new Date().toISOString(), machine, quick: values.quick, rows };
}
