/** Small versions of the bench's workloads, whose work is counted against stored figures. */

import type { BenchCounts } from './bench-result.ts';
import { makeKernelHost } from './kernel-host.ts';
import { runConnections, runDatagrams } from './lvs-workloads.ts';
import { runThreeServers } from './seed-workloads.ts';
import { runEcho, runFlows } from './udp-workloads.ts';
import { runIdleVrrp } from './vrrp-workload.ts';

/** Name and run of each; the order is part of the figures for memory. */
export const WORK_CASES: readonly (readonly [string, () => BenchCounts])[] = [
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
