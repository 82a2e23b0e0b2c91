/**
 * Makes a failing schedule small: fewer faults, repaired together, at round times, fewer machines
 * and traffics. Each candidate is run; it is taken when it fails in the same claim, and is or is not known.
 */

import type { Scenario } from '../scenario.ts';
import { runPlan, type SearchOptions } from './explore.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Fault } from './fault.ts';
import type { Plan, SearchBase } from './plan.ts';

/** Most runs that shrinking one failure may take. */
const RUNS_MAX = 200;

/** A small schedule with the base it was shrunk in. */
export interface Shrunk {
  readonly failure: Failure;
  readonly base: SearchBase;
  /** Runs that it took. */
  readonly tried: number;
}

/** Shrinks one failure; deterministic. */
export function shrink(options: SearchOptions, failure: Failure): Shrunk {
  let best: Shrunk = { failure, base: options.base, tried: 0 };
  let tried = 0;
  const attempt = (plan: Plan, base: SearchBase): boolean => {
    if (tried >= RUNS_MAX) return false;
    tried++;
    const result = runPlan({ ...options, base }, plan);
    const found = failureOf({ result, plan, base, run: failure.run });
    if (found?.signature !== failure.signature || found.known !== failure.known) return false;
    best = { failure: found, base, tried };
    return true;
  };
  const withFaults = (faults: readonly Fault[]) =>
    attempt({ ...best.failure.plan, faults }, best.base);
  dropFaults(() => best.failure.plan.faults, withFaults);
  simplify(() => best.failure.plan, withFaults);
  align(() => best.failure.plan.faults, withFaults);
  simplify(() => best.failure.plan, withFaults);
  for (const smaller of smallerBases(options.base, best.failure.plan)) {
    const base = smaller(best.base);
    if (base === undefined || !isHealthy({ ...options, base }, best.failure.plan)) continue;
    attempt(best.failure.plan, base);
  }
  return { ...best, tried };
}

/** Takes faults out one by one, from the last, until none can be spared. */
function dropFaults(
  current: () => readonly Fault[],
  attempt: (faults: readonly Fault[]) => boolean,
): void {
  for (let i = current().length - 1; i >= 0; i--) {
    attempt(current().filter((_, index) => index !== i));
  }
}

/** Rounder times and common repairs, one fault after another. */
function simplify(current: () => Plan, attempt: (faults: readonly Fault[]) => boolean): void {
  for (let i = 0; i < current().faults.length; i++) {
    for (const simpler of simplerFaults(current().faults[i], current())) {
      if (attempt(current().faults.map((one, at) => (at === i ? simpler : one)))) break;
    }
  }
}

/** Moves moments onto those of other faults: what happens together is one step. */
function align(
  current: () => readonly Fault[],
  attempt: (faults: readonly Fault[]) => boolean,
): void {
  for (let i = 0; i < current().length; i++) {
    for (const other of current()) {
      const fault = current()[i];
      if (fault === undefined || fault === other) continue;
      const moves = [
        { ...fault, at: other.at, until: Math.max(fault.until, other.at + 1000) },
        { ...fault, until: other.until },
        { ...fault, at: other.until, until: Math.max(fault.until, other.until + 1000) },
        { ...fault, until: other.at },
      ].filter((one) => one.until > one.at);
      for (const moved of moves) {
        if (attempt(current().map((one, at) => (at === i ? moved : one)))) break;
      }
    }
  }
}

/** Without any fault nothing fails: the smaller LAN is still one that works. */
function isHealthy(options: SearchOptions, plan: Plan): boolean {
  const calm = { ...plan, faults: [] };
  const result = runPlan(options, calm);
  return failureOf({ result, plan: calm, base: options.base, run: 0 }) === undefined;
}

/** The same fault at rounder times, repaired with everything else if possible. */
function simplerFaults(fault: Fault | undefined, plan: Plan): readonly Fault[] {
  if (fault === undefined) return [];
  const second = Math.round(fault.at / 1000) * 1000;
  const until = plan.healAt;
  return [
    { ...fault, at: second, until },
    { ...fault, until },
    { ...fault, at: second, until: Math.max(second + 1000, Math.ceil(fault.until / 1000) * 1000) },
  ];
}

/** One function per traffic and host that might be left out. */
function smallerBases(
  base: SearchBase,
  plan: Plan,
): readonly ((from: SearchBase) => SearchBase | undefined)[] {
  const hit = JSON.stringify(plan.faults.map((fault) => [fault.strike, fault.heal]));
  const traffics = base.scenario.traffic.map((one) => (from: SearchBase) => {
    const traffic = from.scenario.traffic.filter((other) => other.name !== one.name);
    const left = from.traffic.filter((name) => name !== one.name);
    return { ...from, scenario: { ...from.scenario, traffic }, traffic: left };
  });
  const hosts = base.scenario.lan.hosts.map((one) => (from: SearchBase) => {
    const isUsed = from.scenario.traffic.some((traffic) => traffic.from === one.name);
    const isHit = hit.includes(`"${one.name}"`) || hit.includes(`"${one.name}:`);
    const routers = from.scenario.lan.hosts.filter((host) => isRouter(host));
    const isNeeded = isRouter(one) && routers.length <= 2;
    if (isUsed || isHit || isNeeded || from.scenario.always.length > 0) return undefined;
    return { ...from, scenario: without(from.scenario, one.name) };
  });
  return [...traffics, ...hosts];
}

function isRouter(host: Scenario['lan']['hosts'][number]): boolean {
  return host.enabledUnits.includes('keepalived');
}

function without(scenario: Scenario, host: string): Scenario {
  const { lan } = scenario;
  const hosts = lan.hosts.filter((one) => one.name !== host);
  const cables = lan.cables.filter(({ a, b }) => a.node !== host && b.node !== host);
  return { ...scenario, lan: { ...lan, hosts, cables } };
}
