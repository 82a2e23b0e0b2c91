/**
 * Guards against work that creeps in: events, frames and allocated bytes of small versions of the bench's workloads,
 * counted, not timed, against stored figures. `UPDATE_GOLDEN=1` stores new ones; the diff is reviewed.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { BenchLan } from './bench-lan.ts';
import type { BenchCounts } from './bench-result.ts';
import { makeKernelHost } from './kernel-host.ts';
import { WORK_CASES } from './work-cases.ts';

const STORED = 'test/bench/work.json';
/** More events, frames or bytes than this part above the stored figure fail. */
const GROWTH_MAX = 0.1;
/** No collection while a workload runs, and a compiler that decides the same each time. */
const COUNTING_NODE =
  '--single-threaded --min-semi-space-size=256 --max-semi-space-size=256 --hash-seed=1 --random-seed=1';
const updating = process.env['UPDATE_GOLDEN'] === '1';

type Figures = { readonly [K in keyof BenchCounts]: number } & { readonly allocatedBytes?: number };

interface Stored {
  /** Major version of the Node that the bytes were counted with; objects differ in size between versions. */
  readonly node: string;
  readonly workloads: Record<string, Figures>;
}

interface Allocations {
  readonly node: string;
  readonly bytes: Record<string, number>;
}

/** Servers of the long measurement beyond the short one. */
const WALK = 62;

/** What `counted-work.ts` prints of connections or of datagrams. */
interface Counted {
  readonly totals: readonly [number, number];
  readonly steepest: { readonly block: string; readonly growth: number };
}

const measured: Record<string, Figures> = {};
const stored = JSON.parse(readFileSync(STORED, 'utf8')) as Stored;
let allocations: Allocations = { node: stored.node, bytes: {} };

test.for(WORK_CASES)(
  '%s: no more events and frames than stored, the same answers',
  ([name, run]) => {
    const { events, linkFrames, hostFrames, messages } = run();
    measured[name] = { events, linkFrames, hostFrames, messages };
    if (updating) return;
    const before = stored.workloads[name];
    expect(before, `${name} is stored`).toBeDefined();
    if (before === undefined) return;
    expect(messages).toBe(before.messages);
    expect(events).toBeLessThanOrEqual(before.events * (1 + GROWTH_MAX));
    expect(linkFrames).toBeLessThanOrEqual(before.linkFrames * (1 + GROWTH_MAX));
    expect(hostFrames).toBeLessThanOrEqual(before.hostFrames * (1 + GROWTH_MAX));
  },
);

test('no workload allocates more bytes than stored', { timeout: 120_000 }, () => {
  const program = ['tools/run-built.mjs', 'test/bench/allocations.ts'];
  const output = execFileSync(process.execPath, program, {
    encoding: 'utf8',
    env: { ...process.env, NODE_ARGS: COUNTING_NODE, NODE_OPTIONS: '' },
  });
  allocations = JSON.parse(output) as Allocations;
  expect(Object.keys(allocations.bytes)).toEqual(WORK_CASES.map(([name]) => name));
  for (const [name, bytes] of Object.entries(allocations.bytes)) {
    expect(bytes, name).toBeGreaterThan(0);
    // Another Node lays objects out in other sizes: its figures say nothing about ours.
    if (updating || allocations.node !== stored.node) continue;
    const before = stored.workloads[name]?.allocatedBytes ?? 0;
    expect(bytes, `bytes of ${name}`).toBeLessThanOrEqual(before * (1 + GROWTH_MAX));
  }
});

test('work grows with frames, not with hosts: events per link frame are the same for 10 and 100 clients', () => {
  const perFrame = (name: string) => {
    const counts = measured[name];
    return counts === undefined ? Number.NaN : counts.events / counts.linkFrames;
  };
  const [few, many] = [perFrame('B1, 10 clients, 10 s'), perFrame('B1, 100 clients, 7 s')];
  expect(many).toBeLessThanOrEqual(few * 1.1);
});

test('LVS: what runs for a connection or a datagram is the same for 2 and for 64 real servers', {
  timeout: 120_000,
}, () => {
  const program = ['tools/run-built.mjs', 'test/bench/counted-work.ts'];
  const output = execFileSync(process.execPath, program, {
    encoding: 'utf8',
    env: { ...process.env, NODE_ARGS: '--no-opt', NODE_OPTIONS: '' },
  });
  const { connections, datagrams } = JSON.parse(output) as Record<string, Counted>;
  const [few, many] = connections?.totals ?? [Number.NaN, Number.NaN];
  // Timers of 64 kernels lie deeper in the queue than those of two, and the switch's table is fuller.
  expect(few).toBeGreaterThan(1000);
  expect(many / few).toBeLessThan(1.05);
  const [fewer, more] = datagrams?.totals ?? [Number.NaN, Number.NaN];
  expect(fewer).toBeGreaterThan(100);
  expect(more / fewer).toBeLessThan(1.02);
  // A walk over all servers enters its body 62 times more often, which is less than what the totals may grow by.
  for (const { steepest } of [connections, datagrams].filter((one) => one !== undefined)) {
    expect(steepest.growth, steepest.block).toBeLessThan(WALK / 2);
  }
});

test('hosts that nobody talks to cost nothing: no event in an hour', () => {
  const lan = new BenchLan(1);
  lan.addSwitches(1);
  for (let i = 0; i < 50; i++) lan.addHost(0);
  lan.nics.forEach((nic, i) => {
    makeKernelHost(lan, i, nic);
  });
  lan.runSeconds(60);
  const settled = lan.engine.eventCount;
  lan.runSeconds(3660);
  expect(lan.engine.eventCount).toBe(settled);
});

afterAll(() => {
  if (!updating) return;
  const workloads = Object.fromEntries(
    Object.entries(measured).map(([name, counts]) => [
      name,
      { ...counts, allocatedBytes: allocations.bytes[name] ?? 0 },
    ]),
  );
  const next: Stored = { node: allocations.node, workloads };
  writeFileSync(STORED, `${JSON.stringify(next, undefined, 2)}\n`);
});
