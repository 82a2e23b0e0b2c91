/**
 * The standard matrix of faults over one LAN: each fault in a run of its own, from the same healthy
 * start, and what came of every virtual address: who held it when, how long the client was without
 * it, how long two held it.
 */

import {
  type DurationUs,
  elapsed,
  later,
  seconds,
  type TimeUs,
} from '../../../daemon/base/time.ts';
import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import { formatIp, type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { services, trafficName, virtualAddresses } from '../derive/derive-traffic.ts';
import { type RunResult, runScenario, startRun } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import { bindSteps } from './bind-actions.ts';
import { convergenceBound } from './bounds.ts';
import { STANDARD_FAULTS, type StandardFault, type Victims } from './faults.ts';
import { type Holding, OwnershipWatch } from './ownership.ts';

/** Watched after the last repair, besides the time that convergence may take. */
const AFTERMATH = seconds(3);
/**
 * Watched in addition while a client still waits: a neighbour entry of somebody who is gone may live that long
 * (up to 45 s reachable, 5 s delay, 3 s of probes).
 */
const PATIENCE = seconds(60);

/** What one fault did to one address (or service); times of holdings count from the fault. */
export interface MatrixRow {
  readonly fault: string;
  readonly words: string;
  /** An address, or `ADDRESS:PORT` of a virtual server. */
  readonly address: string;
  /** Empty for services: they go with their address. */
  readonly holdings: readonly { readonly from: number; readonly hosts: readonly string[] }[];
  /** Longest time between two answers to the client; `undefined`: it never got one before. */
  readonly without: DurationUs | undefined;
  /** Longest time that two or more live hosts held it. */
  readonly doubled: DurationUs;
  /** Nobody answered at the end. */
  readonly dead: boolean;
  /** At the end nobody, or more than one, held the address. */
  readonly astray: boolean;
}

/** The matrix of one LAN. */
export interface Matrix {
  readonly seed: number;
  readonly victims: Victims | undefined;
  /** How long a fault lasts that has no end of its own. */
  readonly healAfter: DurationUs;
  readonly rows: readonly MatrixRow[];
}

/** Runs all faults (or those named). */
export function runMatrix(
  scenario: Scenario,
  configs: readonly DaemonConfig[],
  options: {
    readonly seed?: number;
    readonly faults?: readonly string[];
    readonly shift?: number;
  } = {},
): Matrix {
  const seed = options.seed ?? scenario.seed;
  const bound = convergenceBound(configs, scenario.lan);
  const victims = victimsOf(scenario, seed, bound);
  if (victims === undefined) return { seed, victims, healAfter: bound, rows: [] };
  const wanted = STANDARD_FAULTS.filter((one) => options.faults?.includes(one.name) ?? true);
  const at = later(bound as number as TimeUs, (options.shift ?? 0) as DurationUs);
  const rows = wanted.flatMap((fault) =>
    rowsOf(fault, { scenario, configs, seed, bound, victims, at }),
  );
  return { seed, victims, healAfter: bound, rows };
}

/** Steps of a fault in a scenario that was healthy until `at`. */
function faultSteps(
  fault: StandardFault,
  given: { readonly victims: Victims; readonly at: TimeUs; readonly bound: DurationUs },
): { readonly steps: Scenario['steps']; readonly until: TimeUs } {
  const { victims, at, bound } = given;
  const healAt = later(at, fault.lasts ?? bound);
  const steps = bindSteps([
    { at, actions: fault.strike(victims) },
    { at: healAt, actions: fault.heal(victims) },
  ]);
  return { steps, until: later(later(healAt, bound), AFTERMATH) };
}

function rowsOf(
  fault: StandardFault,
  given: {
    readonly scenario: Scenario;
    readonly configs: readonly DaemonConfig[];
    readonly seed: number;
    readonly bound: DurationUs;
    readonly victims: Victims;
    readonly at: TimeUs;
  },
): readonly MatrixRow[] {
  const { configs, at } = given;
  const addresses = virtualAddresses(configs);
  const { steps, until } = faultSteps(fault, given);
  let { result, watch } = runWatched({ ...given, addresses, steps, until });
  const isWaiting = result.traffic.some((one) => clientView(result, one.name, at).dead);
  if (isWaiting) {
    ({ result, watch } = runWatched({ ...given, addresses, steps, until: later(until, PATIENCE) }));
  }
  const { name, words } = fault;
  const rows = addresses.map((address): MatrixRow => {
    const holdings = watch?.holdings(address, at, result.end) ?? [];
    return {
      fault: name,
      words,
      address: formatIp(address),
      holdings: holdings.map((one) => ({ from: elapsed(at, one.from), hosts: one.hosts })),
      ...clientView(result, trafficName(address), at),
      doubled: longestDoubled(holdings),
      astray: holdings.at(-1)?.hosts.length !== 1,
    };
  });
  const served = services(configs).map(({ name: traffic, address, port }): MatrixRow => {
    const host = isIpv4(address) ? formatIp(address) : `[${formatIp(address)}]`;
    const view = clientView(result, traffic, at);
    const none = { holdings: [], doubled: 0 as DurationUs, astray: false };
    return { fault: name, words, address: `${host}:${port}`, ...view, ...none };
  });
  return [...rows, ...served];
}

/** One run with eyes on who holds the addresses. */
function runWatched(given: {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly addresses: readonly IpAddress[];
  readonly steps: Scenario['steps'];
  readonly until: TimeUs;
}): { readonly result: RunResult; readonly watch: OwnershipWatch | undefined } {
  const { scenario, seed, addresses, steps, until } = given;
  let watch: OwnershipWatch | undefined;
  const result = runScenario(
    { ...scenario, steps, until, always: [], finally: [] },
    {
      seed,
      onStart: (lan) => {
        watch = new OwnershipWatch(lan, addresses);
      },
    },
  );
  return { result, watch };
}

function clientView(
  result: RunResult,
  name: string,
  at: TimeUs,
): { readonly without: DurationUs | undefined; readonly dead: boolean } {
  const traffic = result.traffic.find((one) => one.name === name);
  // More addresses than are asked for, or one that never was answered, healthy or not.
  if (traffic === undefined) return { without: undefined, dead: false };
  if (traffic.answered === 0) return { without: undefined, dead: true };
  const after = traffic.outages.filter((one) => one.to > at);
  const longest = Math.max(0, ...after.map((one) => one.length)) as DurationUs;
  return { without: longest, dead: after.some((one) => one.open) };
}

function longestDoubled(holdings: readonly Holding[]): DurationUs {
  let longest = 0;
  let from: TimeUs | undefined;
  for (const one of holdings) {
    if (one.hosts.length < 2) from = undefined;
    else {
      from ??= one.from;
      longest = Math.max(longest, elapsed(from, one.to));
    }
  }
  return longest as DurationUs;
}

/** Who is MASTER after an undisturbed start; `undefined` when nobody is. */
export function victimsOf(
  scenario: Scenario,
  seed: number,
  bound: DurationUs,
): Victims | undefined {
  const run = startRun({ ...scenario, steps: [], always: [], finally: [] }, { seed });
  run.advanceTo(bound as number as TimeUs);
  const routers: string[] = [];
  let found: { readonly master: string; readonly port: string } | undefined;
  for (const host of run.lan.hosts.values()) {
    const instances = host.keepalived()?.instances ?? [];
    if (instances.length > 0) routers.push(host.name);
    const held = instances.find((one) => one.state === 'MASTER');
    if (found !== undefined || held === undefined) continue;
    const base = host.kernel?.link(held.interface)?.base ?? held.interface;
    found = { master: host.name, port: `${host.name}:${base}` };
  }
  if (found === undefined) return undefined;
  const { port } = found;
  const cable = run.lan.cables.find((one) => one.a.id === port || one.b.id === port);
  const far = cable === undefined ? '' : cable.a.id === port ? cable.b.id : cable.a.id;
  return { ...found, switch: far.split(':')[0] ?? '', routers };
}
