/** The workloads of `peers/README.md` with their sizes, for both sides. */

import { makeBareHost } from './bench-host.ts';
import type { BenchResult } from './bench-result.ts';
import { runExplore } from './explore-workload.ts';
import { runHold } from './hold.ts';
import { makeKernelHost } from './kernel-host.ts';
import { runConnections, runDatagrams } from './lvs-workloads.ts';
import { runFiveDirectors, runThreeServers } from './seed-workloads.ts';
import { runEcho, runFlows, runIslands } from './udp-workloads.ts';
import { runIdleVrrp } from './vrrp-workload.ts';

/** One line of the table. */
export interface BenchCase {
  readonly id: string;
  readonly run: () => BenchResult;
  /** Program and options of the peer; absent: nothing comparable. */
  readonly ns3?: readonly [program: string, ...options: string[]];
  /** How many times faster than ns-3 we want to be, in wall time. */
  readonly target?: number;
  /**
   * How many times faster a release build of ns-3 without logging is than Debian's, in processor time. Recorded once on
   * one machine (`peers/README.md`): building ns-3 from source takes longer than the whole bench.
   */
  readonly optimisedFactor?: number;
  /** Our peak memory may be twice that of ns-3 and what Node takes for nothing. */
  readonly memoryTarget?: true;
  /** What the heap may gain after the first virtual day, MiB: the noise of a collection. */
  readonly growthMaxMiB?: number;
  /** How many times faster than real time we want to be. */
  readonly targetRealTime?: number;
  /** What this may cost more than another workload of ours, in processor time, both run in turn. */
  readonly flat?: { readonly against: string; readonly most: number };
  /** Both sides must count the same answers. */
  readonly sameMessages?: true;
  /** Part of `--quick`. */
  readonly quick: boolean;
}

/** All cases; quick ones are shorter. */
export function benchCases(quick: boolean): readonly BenchCase[] {
  const all = [
    ...[10, 100, 1000].map((clients) => echoCase(clients, quick ? 10 : 60)),
    vrrpCase({ routers: 2, layout: 'shared', seconds: 3600 }),
    vrrpCase({ routers: 100, layout: 'pairs', seconds: quick ? 360 : 3600 }),
    vrrpCase({ routers: 100, layout: 'shared', seconds: quick ? 60 : 3600 }),
    ...(['chain', 'tree'] as const).map((topology) => flowCase(topology, quick ? 5 : 60)),
    ...[1000, 100_000, 1_000_000].flatMap((pending) =>
      (['best', 'default'] as const).map((scheduler) =>
        holdCase(pending, quick ? 1_000_000 : 5_000_000, scheduler),
      ),
    ),
    ...[1000, 100_000].map((pending) => cancelCase(pending, quick ? 500_000 : 2_000_000)),
    bareCase(quick ? 10 : 60),
    ...[2, 16, 64].flatMap((servers) => lvsCases(servers, quick ? 5 : 30)),
    ...([10, 1000, 10_000] as const).map((hosts) => islandCase(hosts)),
    {
      id: 'SEED-three-servers',
      run: () => runThreeServers({ seconds: quick ? 600 : 3600 }),
      targetRealTime: 20_000,
      quick: true,
    },
    {
      id: 'SEED-explore',
      run: () => runExplore({ blocks: quick ? 10 : 40 }),
      // 150 runs a second, a minute each.
      targetRealTime: 9000,
      quick: true,
    },
    {
      id: 'SEED-three-servers-hashed',
      run: () => runThreeServers({ seconds: quick ? 600 : 3600, hashed: true }),
      quick: false,
    },
    {
      id: 'SEED-five-directors-week',
      run: () => runFiveDirectors({ days: 7 }),
      growthMaxMiB: 0.5,
      quick: false,
    },
  ];
  return quick ? all.filter((one) => one.quick) : all;
}

/**
 * What a connection or a datagram costs must stay flat from 2 to 64 real servers. What runs for one is counted in
 * `work.test.ts`, within 5 and 2 %; time has the caches of the machine in it, which 64 kernels fill and two do not.
 */
function lvsCases(servers: number, seconds: number): readonly BenchCase[] {
  const flat = (workload: string) =>
    servers === 2 ? {} : { flat: { against: `LVS-${workload}-2`, most: 1.1 } };
  return [
    {
      id: `LVS-connections-${servers}`,
      run: () => runConnections({ servers, rate: 400, seconds }),
      ...flat('connections'),
      quick: servers !== 16,
    },
    {
      id: `LVS-datagrams-${servers}`,
      run: () => runDatagrams({ servers, rate: 20_000, seconds }),
      ...flat('datagrams'),
      quick: servers !== 16,
    },
  ];
}

function echoCase(clients: number, seconds: number): BenchCase {
  return {
    id: `B1-${clients}`,
    run: () => runEcho({ clients, seconds, makeHost: makeKernelHost, label: '' }),
    ns3: ['b1_echo', `--n=${clients}`, `--sim=${seconds}`, '--even=1'],
    ...(clients === 100 ? { target: 8 } : clients === 1000 ? { target: 15 } : {}),
    ...(clients === 1000 ? { memoryTarget: true } : {}),
    optimisedFactor: clients === 10 ? 1.6 : clients === 100 ? 1.33 : 1.24,
    sameMessages: true,
    quick: clients <= 100,
  };
}

function vrrpCase(options: {
  readonly routers: number;
  readonly layout: 'shared' | 'pairs';
  readonly seconds: number;
}): BenchCase {
  const { routers, layout, seconds } = options;
  return {
    id: `B2-${routers}-${layout}`,
    run: () => runIdleVrrp(options),
    ns3: ['b2_vrrp', `--n=${routers}`, `--layout=${layout}`, `--sim=${seconds}`],
    ...(routers === 100 && layout === 'shared' ? { target: 15 } : {}),
    optimisedFactor: routers === 2 ? 1.5 : layout === 'shared' ? 1.35 : 1.47,
    quick: true,
  };
}

function flowCase(topology: 'chain' | 'tree', seconds: number): BenchCase {
  return {
    id: `B3-${topology}`,
    run: () => runFlows({ topology, seconds, makeHost: makeKernelHost, label: '' }),
    ns3: ['b3_tree', `--topo=${topology}`, `--sim=${seconds}`],
    target: 5,
    optimisedFactor: topology === 'chain' ? 1.47 : 1.58,
    quick: topology === 'chain',
  };
}

/** Against ns-3's best scheduler, and against its default, a map. */
function holdCase(pending: number, events: number, scheduler: 'best' | 'default'): BenchCase {
  return {
    id: scheduler === 'best' ? `B4-${pending}` : `B4-${pending}-default`,
    run: () => runHold({ pending, events, cancelling: false }),
    ns3: [
      'b4_hold',
      `--pending=${pending}`,
      `--events=${events}`,
      ...(scheduler === 'best' ? ['--sched=PriorityQueueScheduler'] : []),
    ],
    target: scheduler === 'best' ? 0.8 : 1.3,
    optimisedFactor: scheduler === 'best' ? 1.27 : pending === 100_000 ? 1.45 : 1.22,
    quick: pending < 1_000_000,
  };
}

function cancelCase(pending: number, events: number): BenchCase {
  return {
    id: `B4-${pending}-cancelling`,
    run: () => runHold({ pending, events, cancelling: true }),
    quick: pending === 1000,
  };
}

/** The same number of frames among 10 and among 10,000 hosts. */
/** So long that the first words of so many hosts (ARP, and code that is not compiled yet) are not what is measured. */
const ISLAND_SECONDS = { 10: 2000, 1000: 60, 10000: 20 } as const;

function islandCase(hosts: keyof typeof ISLAND_SECONDS): BenchCase {
  return {
    id: `ISLANDS-${hosts}`,
    run: () => runIslands({ hosts, seconds: ISLAND_SECONDS[hosts] }),
    quick: hosts <= 1000,
  };
}

function bareCase(seconds: number): BenchCase {
  return {
    id: 'LAN-1000',
    run: () =>
      runEcho({
        clients: 1000,
        seconds,
        makeHost: makeBareHost,
        label: ', frames without a kernel',
      }),
    quick: true,
  };
}
