/**
 * Which faults were in force, and for how long: of a plan of the search, and of the steps of any scenario, so that
 * a failure is classified alike wherever it comes from.
 */

import type { TimeUs } from '../../../daemon/base/time.ts';
import { actionWords, type BoundAction } from '../actions/action-table.ts';
import type { Scenario } from '../scenario.ts';
import { type Plan, repairTime } from './plan.ts';

/** One fault, named as `FAULT_KINDS` names it; moments in µs. */
export interface Force {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

/** A flap ends by itself: four times 300 ms down and 500 ms up. A delayed frame is 3 s late. */
const FLAP_LASTS = 3_200_000;
const DELAYED_BY = 3_000_000;

/** What begins a fault, the fault's kind, and what ends it; without an end it ends by itself. */
const STRIKES: ReadonlyMap<string, { readonly kind: string; readonly ends: readonly string[] }> =
  new Map([
    ['unplug', { kind: 'cut', ends: ['replug'] }],
    ['port-down', { kind: 'cut', ends: ['port-up'] }],
    ['mute', { kind: 'mute', ends: ['unmute'] }],
    ['one-way', { kind: 'one-way', ends: ['unmute'] }],
    ['loss', { kind: 'loss', ends: ['loss'] }],
    ['delay', { kind: 'delay', ends: ['delay'] }],
    ['flap', { kind: 'flap', ends: [] }],
    ['power-off', { kind: 'power', ends: ['power-on'] }],
    ['freeze', { kind: 'freeze', ends: ['resume'] }],
    ['kill', { kind: 'crash', ends: ['restart', 'start'] }],
    ['switch-off', { kind: 'switch-reboot', ends: ['switch-on'] }],
    ['mcast-filter', { kind: 'mcast-filter', ends: ['mcast-filter'] }],
    ['port-block', { kind: 'partition', ends: ['port-forward'] }],
  ]);

const REPAIRS = /^(replug|unmute|power-on|resume|start|switch-on|port-up|port-forward) /;
/** `loss … 0%`, `delay … 0.000000 s (out)`, `mcast-filter … off`, `script … exits with 0`. */
const NOTHING = / (0%|0\.0+ s|off|exits with 0)( \((out|in)\))?$/;

/** Whether an action can end a fault. */
export function endsFault(action: BoundAction): boolean {
  const words = actionWords(action);
  return REPAIRS.test(words) || NOTHING.test(words);
}

/** The faults of a plan. */
export function forcesOfPlan(plan: Plan): readonly Force[] {
  return plan.faults.map((fault) => ({
    kind: fault.kind,
    from: fault.at * 1000,
    to: repairTime(fault, plan) * 1000 + lastingOf(fault.kind),
  }));
}

/** The faults that the steps of a scenario make, each until a step ends it or the run does. */
export function forcesOfSteps(scenario: Scenario, end: TimeUs): readonly Force[] {
  const actions = scenario.steps.flatMap((step) =>
    step.actions.map((action) => ({ at: step.at, action })),
  );
  return actions.flatMap(({ at, action }, index) => {
    const strike = STRIKES.get(action.row.name);
    if (strike === undefined || endsFault(action)) return [];
    const { kind, ends } = strike;
    if (ends.length === 0) return [{ kind, from: at, to: at + lastingOf(kind) }];
    return placesOf(action).map((place): Force => {
      const over = actions.slice(index + 1).find(({ action: later }) => {
        // Some actions end what they began: loss with 0%, delay with 0 s.
        const isEnd = later.row.name !== action.row.name || endsFault(later);
        return isEnd && ends.includes(later.row.name) && placesOf(later).includes(place);
      });
      const last = over?.at ?? end;
      return { kind, from: at, to: last + lastingOf(kind) };
    });
  });
}

/** What an action hits: the first word of each part of `a:eth0, b:eth0` or `a:eth0 (out dead)`. */
function placesOf(action: BoundAction): readonly string[] {
  return action.row
    .words(action.args)
    .split(', ')
    .map((part) => part.split(' ')[0] ?? '');
}

function lastingOf(kind: string): number {
  if (kind === 'flap') return FLAP_LASTS;
  return kind === 'delay' ? DELAYED_BY : 0;
}
