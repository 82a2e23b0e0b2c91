/**
 * Guards against work that creeps in: events and frames of small versions of the bench's workloads, counted, not timed,
 * against stored figures. `UPDATE_GOLDEN=1` stores new ones; the diff is reviewed.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { BenchCounts } from './bench-result.ts';
import { makeKernelHost } from './kernel-host.ts';
import { runConnections, runDatagrams } from './lvs-workloads.ts';
import { runThreeServers } from './seed-workloads.ts';
import { runEcho, runFlows } from './udp-workloads.ts';
import { runIdleVrrp } from './vrrp-workload.ts';

const STORED = 'test/bench/work.json';
/** More events or frames than this part above the stored figure fail. */
const GROWTH_MAX = 0.1;

const WORKLOADS: readonly (readonly [string, () => BenchCounts])[] = [
  ['B1, 10 clients, 10 s', () => echo(10, 10)],
  ['B1, 100 clients, 7 s', () => echo(100, 7)],
  ['B2, 10 routers on one switch, 60 s', () => vrrp('shared')],
  ['B2, 10 routers in pairs, 60 s', () => vrrp('pairs')],
  ['B3, chain, 1 s', () => flows('chain')],
  ['B3, tree, 1 s', () => flows('tree')],
  ['LVS, 64 servers, 2 s of connections', () => lvs(runConnections)],
  ['LVS, 64 servers, 2 s of datagrams', () => lvs(runDatagrams)],
  ['three servers, 60 s', () => runThreeServers({ seconds: 60 })],
];

type Figures = Record<string, { readonly [K in keyof BenchCounts]: number }>;

function echo(clients: number, seconds: number): BenchCounts {
  return runEcho({ clients, seconds, makeHost: makeKernelHost, label: '' });
}

function vrrp(layout: 'shared' | 'pairs'): BenchCounts {
  return runIdleVrrp({ routers: 10, seconds: 60, layout });
}

function lvs(run: typeof runConnections): BenchCounts {
  return run({ servers: 64, rate: 200, seconds: 2 });
}

function flows(topology: 'chain' | 'tree'): BenchCounts {
  return runFlows({ topology, seconds: 1, makeHost: makeKernelHost, label: '' });
}

const measured: Figures = {};
const stored = JSON.parse(readFileSync(STORED, 'utf8')) as Figures;

test.for(WORKLOADS)(
  '%s: no more events and frames than stored, the same answers',
  ([name, run]) => {
    const { events, linkFrames, hostFrames, messages } = run();
    measured[name] = { events, linkFrames, hostFrames, messages };
    if (process.env['UPDATE_GOLDEN'] === '1') {
      writeFileSync(STORED, `${JSON.stringify(measured, undefined, 2)}\n`);
      return;
    }
    const before = stored[name];
    expect(before, `${name} is stored`).toBeDefined();
    if (before === undefined) return;
    expect(messages).toBe(before.messages);
    expect(events).toBeLessThanOrEqual(before.events * (1 + GROWTH_MAX));
    expect(linkFrames).toBeLessThanOrEqual(before.linkFrames * (1 + GROWTH_MAX));
    expect(hostFrames).toBeLessThanOrEqual(before.hostFrames * (1 + GROWTH_MAX));
  },
);

test('work grows with frames, not with hosts: events per link frame are the same for 10 and 100 clients', () => {
  const perFrame = (name: string) => {
    const counts = measured[name];
    return counts === undefined ? Number.NaN : counts.events / counts.linkFrames;
  };
  const [few, many] = [perFrame('B1, 10 clients, 10 s'), perFrame('B1, 100 clients, 7 s')];
  expect(many).toBeLessThanOrEqual(few * 1.1);
});
