/**
 * Makes a scenario out of a base and a schedule of faults: warm up, disturb, heal, judge. The same
 * plan gives the values that a run needs and the document that `found-….twin.yml` is written from.
 */

import { parse } from 'yaml';
import { type DurationUs, durationUs, type TimeUs } from '../../../daemon/base/time.ts';
import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { memoLoader } from '../../host/config-memo.ts';
import { daemonFactory } from '../../host/daemon-factory.ts';
import type { DaemonFactory } from '../../host/daemon-program.ts';
import type { ProgramRegistry } from '../../host/machine.ts';
import { programRegistry } from '../../programs/program-registry.ts';
import { virtualAddresses } from '../derive/derive-traffic.ts';
import { type Document, documentText } from '../derive/document-text.ts';
import { type LoadedScenario, loadScenario } from '../load-scenario.ts';
import { bindSteps } from '../matrix/bind-actions.ts';
import { blackHoleBound, convergenceBound } from '../matrix/bounds.ts';
import type { FileAction } from '../matrix/faults.ts';
import type { ReadScenarioFile } from '../reading.ts';
import type { Scenario } from '../scenario.ts';
import type { Fault } from './fault.ts';

/** How long faults are drawn for, in ms. */
const DISTURBANCE_MS = 20_000;
/** Watched after the bound has passed, in ms: longer than a neighbour entry is probed. */
const WATCH_MS = 8_000;

/** One schedule with everything that its run depends on. */
export interface Plan {
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** Everything is repaired at that moment, ms. */
  readonly healAt: number;
}

/** What all runs of a search share. */
export interface SearchBase {
  readonly scenario: Scenario;
  readonly configs: readonly DaemonConfig[];
  /** From healing until the invariants must hold, ms. */
  readonly boundMs: number;
  /** Longest time without an answer while somebody is there to give one, ms. */
  readonly holeMs: number;
  /** Faults begin at that moment at the earliest, ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Traffic that must be answered after healing: that to virtual addresses. */
  readonly traffic: readonly string[];
  /** What hosts run; all runs of a search share what they read. */
  readonly programs: ProgramRegistry;
}

/** Prepares a search over a scenario; its steps and final expectations are left out. */
export function searchBase(
  scenario: Scenario,
  configs: readonly DaemonConfig[],
  /** The hook by which tests plant a broken keepalived. */
  wrap: (daemon: DaemonFactory) => DaemonFactory = (daemon) => daemon,
): SearchBase {
  const boundMs = Math.ceil(convergenceBound(configs, scenario.lan) / 1000);
  const holeMs = Math.ceil(blackHoleBound(configs, scenario.lan) / 1000);
  const addresses = new Set(virtualAddresses(configs));
  const traffic = scenario.traffic.filter((one) => addresses.has(one.to)).map((one) => one.name);
  const endMs = boundMs + DISTURBANCE_MS;
  const bare = { ...scenario, steps: [], finally: [] };
  const programs = programRegistry(wrap(daemonFactory(memoLoader())));
  return { scenario: bare, configs, boundMs, holeMs, startMs: boundMs, endMs, traffic, programs };
}

/** The steps of a plan as a file says them. */
function fileSteps(plan: Plan): readonly { readonly at: number; readonly actions: FileAction[] }[] {
  const byTime = new Map<number, FileAction[]>();
  const add = (at: number, action: FileAction) => {
    const actions = byTime.get(at) ?? [];
    byTime.set(at, [...actions, action]);
  };
  for (const fault of plan.faults) add(fault.at, fault.strike);
  byTime.set(plan.healAt, byTime.get(plan.healAt) ?? []);
  const heals = plan.faults.toSorted((a, b) => healRank(a) - healRank(b));
  for (const fault of heals) if (fault.heal !== undefined) add(repairTime(fault, plan), fault.heal);
  return [...byTime].map(([at, actions]) => ({ at, actions })).toSorted((a, b) => a.at - b.at);
}

/** While a machine is off or stands still, nothing else of it can be repaired. */
const MACHINE_FAULTS = new Set(['power', 'freeze']);

/** When a fault is repaired, ms; at the end if its machine cannot be repaired at its own moment. */
export function repairTime(fault: Fault, plan: Plan): number {
  const isCrash = fault.kind === 'crash';
  if (!isCrash && !MACHINE_FAULTS.has(fault.kind)) return repairMoment(fault, plan);
  const isBlocked = plan.faults.some((other) => {
    if (other === fault || !MACHINE_FAULTS.has(other.kind) || other.at > fault.until) return false;
    const end = isCrash ? repairTime(other, plan) : repairMoment(other, plan);
    return end >= fault.until;
  });
  return isBlocked ? plan.healAt : repairMoment(fault, plan);
}

function repairMoment(fault: Fault, plan: Plan): number {
  return Math.min(fault.until, plan.healAt);
}

/** At one moment machines get power first, then go on, and daemons are started last. */
function healRank(fault: Fault): number {
  if (fault.kind === 'power' || fault.kind === 'switch-reboot') return 0;
  if (fault.kind === 'freeze') return 1;
  return fault.kind === 'crash' ? 3 : 2;
}

/** The scenario of a plan, ready to run. */
export function plannedScenario(base: SearchBase, plan: Plan): Scenario {
  const { scenario, boundMs } = base;
  const place = { line: 1, column: 1 };
  const healAt = us(plan.healAt) as number as TimeUs;
  const bound = us(boundMs);
  const steps = bindSteps(
    fileSteps(plan).map((step) => ({ at: us(step.at), actions: step.actions })),
  );
  const expect = base.traffic.map((traffic) => ({
    place,
    spec: {
      timing: { within: bound, still: true, atOnce: false },
      condition: { kind: 'traffic' as const, traffic, alive: true },
    },
  }));
  const from = us(plan.healAt + boundMs);
  const none = us(0);
  const addresses = virtualAddresses(base.configs).flatMap((address) => [
    { kind: 'owners-at-most' as const, limit: 1, address, exceptFor: none, from },
    { kind: 'answers-at-most' as const, limit: 1, address, exceptFor: none, from },
  ]);
  const masters = { kind: 'masters-at-most' as const, limit: 1, exceptFor: none, from };
  const holes = base.traffic.map((traffic) => ({
    kind: 'black-hole' as const,
    traffic,
    exceptFor: us(base.holeMs),
    from: us(base.startMs),
  }));
  const groups = groupsOf(base.configs).map((instances) => ({
    kind: 'together' as const,
    instances,
    exceptFor: GROUP_TIME,
    from: us(base.startMs),
  }));
  const losses = isSynchronised(base.configs)
    ? [{ kind: 'lost-connections' as const, limit: 0, from: us(base.startMs) }]
    : [];
  const built = [masters, ...addresses, ...holes, ...groups, ...losses].map((spec) => ({
    spec,
    place,
  }));
  return {
    ...scenario,
    seed: plan.seed,
    steps: steps.map((step) => (step.at === healAt ? { ...step, expect } : step)),
    always: [...scenario.always, ...built],
    until: us(plan.healAt + boundMs + WATCH_MS) as number as TimeUs,
  };
}

/** The same as the text of a scenario file. */
export function plannedText(base: SearchBase, plan: Plan, about: string): string {
  const { scenario, boundMs } = base;
  const read: Document = parse(scenario.rendered ?? scenario.text) ?? {};
  const from = ms(plan.healAt + boundMs);
  const steps = fileSteps(plan).map((step) => {
    const [only, second] = step.actions;
    const what = only === undefined ? {} : { do: second === undefined ? only : step.actions };
    if (step.at !== plan.healAt) return { at: ms(step.at), ...what };
    const expect = base.traffic.map((traffic) => {
      return { within: ms(boundMs), traffic, alive: true, still: true };
    });
    return { at: ms(step.at), name: 'everything is repaired', ...what, expect };
  });
  const addresses = virtualAddresses(base.configs).map(formatIp);
  const { finally: _finally, traffic, always, ...rest } = read;
  const document: Document = {
    ...rest,
    name: `found: ${about}`,
    about: `Found by lantwin explore in '${scenario.name}'.`,
    seed: plan.seed,
    until: ms(plan.healAt + boundMs + WATCH_MS),
    lan: keptLan(read['lan'], scenario),
    traffic: keptKeys(traffic, new Set(scenario.traffic.map((one) => one.name))),
    steps,
    always: [
      ...(Array.isArray(always) ? always : []),
      { 'masters-at-most': 1, from },
      ...addresses.flatMap((vip) => [
        { 'owners-at-most': 1, vip, from },
        { 'answers-at-most': 1, vip, from },
      ]),
      ...base.traffic.map((name) => {
        return { 'black-hole-at-most': ms(base.holeMs), traffic: name, from: ms(base.startMs) };
      }),
      ...groupsOf(base.configs).map((together) => {
        return { together, 'except-for': '100ms', from: ms(base.startMs) };
      }),
      ...(isSynchronised(base.configs)
        ? [{ 'lost-connections-at-most': 0, from: ms(base.startMs) }]
        : []),
    ],
  };
  return documentText(document);
}

/** The members of each sync group that has several, once for all routers. */
function groupsOf(configs: readonly DaemonConfig[]): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  for (const { vrrp } of configs) {
    for (const { instances } of vrrp.syncGroups) {
      if (instances.length > 1) found.set(instances.join(' '), instances);
    }
  }
  return [...found.values()];
}

/** Whether every director has a sync daemon: only then an announced connection must survive. */
function isSynchronised(configs: readonly DaemonConfig[]): boolean {
  const directors = configs.filter((config) => config.lvs.virtualServers.length > 0);
  return directors.length > 1 && directors.every((one) => one.global.lvsSyncDaemon !== undefined);
}

/** The members of a group change one after another, in less time than this. */
const GROUP_TIME = us(100);

/** Reads a written plan back, as `run` will. */
export function loadPlanned(
  text: string,
  file: string,
  readFile: ReadScenarioFile,
): LoadedScenario {
  return loadScenario({ file, bytes: encodeUtf8(text), readFile });
}

/** The LAN of the file without the hosts that shrinking took away. */
function keptLan(lan: unknown, scenario: Scenario): unknown {
  if (typeof lan !== 'object' || lan === null) return lan;
  const names = new Set([...scenario.lan.hosts, ...scenario.lan.switches].map((one) => one.name));
  const { hosts, cables, ...rest } = lan as { hosts?: unknown; cables?: unknown };
  const kept = (cable: unknown): boolean => {
    const ends = Array.isArray(cable) ? cable : (cable as { endpoints: unknown[] }).endpoints;
    return ends.every((end) => names.has(String(end).split(':')[0] ?? ''));
  };
  const left = Array.isArray(cables) ? cables.filter(kept) : cables;
  return { ...rest, hosts: keptKeys(hosts, names), cables: left };
}

function keptKeys(value: unknown, names: ReadonlySet<string>): Document {
  const entries = Object.entries((value ?? {}) as Document);
  return Object.fromEntries(entries.filter(([name]) => names.has(name)));
}

function us(milliseconds: number): DurationUs {
  return durationUs(milliseconds * 1000);
}

function ms(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
