/** Actions as a scenario file says them, turned into what a run carries out. */

import { ACTION_TABLE, type BoundAction } from '../actions/action-table.ts';
import type { Scenario, Step } from '../scenario.ts';
import type { FileAction } from './faults.ts';

/** Reads one action; what the schema refuses is a bug of the caller. */
function bindAction(action: FileAction): BoundAction {
  const [name, value] = Object.entries(action)[0] ?? [];
  const row = name === undefined ? undefined : ACTION_TABLE.get(name);
  if (row === undefined) throw new Error(`no action ${name}`);
  return { row, args: row.schema.parse(value) };
}

/** Steps at their moments, without expectations. */
export function bindSteps(
  steps: readonly { readonly at: number; readonly actions: readonly FileAction[] }[],
): Scenario['steps'] {
  return steps.map(
    (step, index): Step => ({
      index,
      at: step.at as Step['at'],
      place: { line: 1, column: 1 },
      actions: step.actions.map(bindAction),
      expect: [],
    }),
  );
}
