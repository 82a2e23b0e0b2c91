/**
 * npm run bench -- [--quick] [--json FILE] [--history FILE] [--only TEXT] [--runs N]
 *
 * Every workload in a process of its own (memory and compiled code of one do not show in the next), ours and
 * ns-3's in turn, so that both see the same load of the machine; of several runs the median counts.
 * Each bench adds a line of JSON to a history (`--history FILE`, default `bench-history.jsonl` in the temporary
 * folder), to compare later ones with. `--only` takes several parts of names, separated by commas.
 * Exits 1 when both sides did not do the same work. `--only takeover` measures the daemon beside keepalived on real
 * wires (root, four minutes) and is never part of the rest.
 */

import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchResult } from './bench-result.ts';
import { type BenchCase, benchCases } from './cases.ts';
import { buildNs3, runNs3 } from './ns3.ts';
import { type PackedBench, packBench } from './packed-bench.ts';
import { formatSummary } from './summary.ts';
import { type ComparedCase, formatTable, medianOf, middleOf, ratioOf } from './table.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    history: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string' },
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
} else {
  const packed = packBench(root());
  try {
    process.exitCode = runAll(packed);
  } finally {
    packed.remove();
  }
}

function root(): string {
  return process.env['LANTWIN_ROOT'] ?? process.cwd();
}

function runAll(packed: PackedBench): number {
  const ns3 = buildNs3(root());
  if ('missing' in ns3) console.error(`ns-3 is not compared: ${ns3.missing}`);
  const folder = 'folder' in ns3 ? ns3.folder : undefined;
  const runs = Number(values.runs ?? (values.quick ? 1 : 5));
  const parts = values.only?.split(',') ?? [''];
  const chosen = cases.filter((one) => parts.some((part) => one.id.includes(part)));
  const compared = chosen.map((one) => compareCase(one, packed, folder, runs));
  console.log(`${formatTable(compared)}\n`);
  console.log(`${formatSummary(compared, nodeRssMiB())}\n`);
  console.log(
    `median of ${runs} by wall time; Node ${process.version}, ${cpus()[0]?.model ?? arch()}`,
  );
  const wrong = chosen.flatMap((one, i) => unlikeWork(one, compared[i]));
  for (const sentence of wrong) console.log(sentence);
  const record = recordOf(compared);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify(record, undefined, 2)}\n`);
  const history = values.history ?? join(tmpdir(), 'bench-history.jsonl');
  appendFileSync(history, `${JSON.stringify(record)}\n`);
  console.log(`added to ${history}`);
  return wrong.length > 0 ? 1 : 0;
}

function compareCase(
  one: BenchCase,
  packed: PackedBench,
  folder: string | undefined,
  runs: number,
): ComparedCase {
  const runHere = (id: string) => packed.run(id, values.quick);
  const ours: BenchResult[] = [];
  const theirs: BenchResult[] = [];
  const costs: number[] = [];
  for (let run = 0; run < runs; run++) {
    console.error(`${one.id} ${run + 1}/${runs}`);
    const here = runHere(one.id);
    ours.push(here);
    if (one.flat !== undefined) costs.push(here.cpuSeconds / runHere(one.flat.against).cpuSeconds);
    if (folder !== undefined && one.ns3 !== undefined) {
      theirs.push(runNs3(folder, ours[0]?.workload ?? one.id, one.ns3));
    }
  }
  const compared = {
    id: one.id,
    ours: medianOf(ours),
    ...(theirs.length > 0 ? { ns3: medianOf(theirs) } : {}),
    ...(one.flat === undefined ? {} : { flat: { ...one.flat, reached: middleOf(costs) } }),
    ...wantedOf(one),
  };
  // The table comes at the end, an hour later perhaps; whoever stops before knows what was measured.
  const ratio = ratioOf(compared);
  const faster = ratio === undefined ? '' : `, ${ratio.toFixed(1)}x ns-3`;
  console.error(`${one.id}: ${compared.ours.wallSeconds.toFixed(3)} s${faster}`);
  return compared;
}

/** What is to be reached, as far as the case says. */
function wantedOf(one: BenchCase): Partial<ComparedCase> {
  const { target, targetRealTime, optimisedFactor, memoryTarget, growthMaxMiB } = one;
  return {
    ...(target === undefined ? {} : { target }),
    ...(targetRealTime === undefined ? {} : { targetRealTime }),
    ...(optimisedFactor === undefined ? {} : { optimisedFactor }),
    ...(memoryTarget === undefined ? {} : { memoryTarget }),
    ...(growthMaxMiB === undefined ? {} : { growthMaxMiB }),
  };
}

/** Peak memory of `node -e 0`, MiB. */
function nodeRssMiB(): number {
  const script = 'console.log(process.resourceUsage().maxRSS / 1024)';
  return Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
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
