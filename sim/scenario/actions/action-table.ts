/**
 * The closed table of everything that `do:` of a step can say, and its schema: a mapping with one
 * key, the action, or a list of such mappings. A new action is one new row in one of the four files
 * beside this one.
 */

import * as z from 'zod';
import { shown, table } from '../schema/units.ts';
import type { ActionContext, NeededFile, Target } from './action.ts';
import { CABLE_ACTIONS } from './cable-actions.ts';
import { HOST_ACTIONS } from './host-actions.ts';
import { PROGRAM_ACTIONS } from './program-actions.ts';
import { SWITCH_ACTIONS } from './switch-actions.ts';

/** A row without the type of its arguments; only values of its own schema may be handed to it. */
export interface AnyActionRow {
  readonly name: string;
  readonly summary: string;
  readonly schema: z.ZodType;
  targets(args: unknown): readonly Target[];
  files?(args: unknown): readonly NeededFile[];
  perform(context: ActionContext, args: unknown): void;
  words(args: unknown): string;
}

const ROWS = Object.values({
  ...CABLE_ACTIONS,
  ...HOST_ACTIONS,
  ...PROGRAM_ACTIONS,
  ...SWITCH_ACTIONS,
}) as unknown as readonly AnyActionRow[];

/** All rows by name, in the order of the documentation. */
export const ACTION_TABLE: ReadonlyMap<string, AnyActionRow> = new Map(
  ROWS.map((row) => [row.name, row] as const),
);

/** One action of a step, ready to be carried out. */
export interface BoundAction {
  readonly row: AnyActionRow;
  readonly args: unknown;
}

/** `power-off srv-1`. */
export function actionWords(action: BoundAction): string {
  return `${action.row.name} ${action.row.words(action.args)}`;
}

const oneAction = table(actionShape(), 'One action: a mapping with one key, its name.').transform(
  (value, context): BoundAction => {
    const present = Object.entries(value).filter(([, args]) => args !== undefined);
    const [first, second] = present;
    const row = first === undefined ? undefined : ACTION_TABLE.get(first[0]);
    if (first !== undefined && second === undefined && row !== undefined) {
      return { row, args: first[1] };
    }
    const read = present.length === 0 ? 'none' : present.map(([name]) => name).join(', ');
    context.addIssue({
      code: 'custom',
      message: `expected one action, read ${read}`,
      params: { hint: 'several actions are written as a list: do: [ {…}, {…} ]' },
    });
    return z.NEVER;
  },
);

/** The value of `do:`. */
export const doSchema = z
  .union([
    oneAction,
    z.array(oneAction, { error: (issue) => `expected a list, read ${shown(issue.input)}` }),
  ])
  .transform((value): readonly BoundAction[] => (Array.isArray(value) ? value : [value]))
  .describe('What happens: one action, or a list of actions in order.');

function actionShape(): Record<string, z.ZodType> {
  const shape: Record<string, z.ZodType> = {};
  for (const row of ACTION_TABLE.values()) {
    shape[row.name] = row.schema.describe(row.summary).optional();
  }
  return shape;
}
