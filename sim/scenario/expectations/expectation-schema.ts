/** The shape of an item of `expect`: a condition, and when it must hold. */

import * as z from 'zod';
import { duration, flag, table } from '../schema/units.ts';
import { conditionShape, type Issue, issueOf, readCondition } from './condition-schema.ts';
import type { ExpectationSpec, Timing } from './condition-spec.ts';

const timingShape = {
  within: duration(
    'Must become true in that time and stay true until the next step or the end.',
  ).optional(),
  still: flag('Being true already before the step counts.').optional(),
  'at-once': flag('Must be true right after the actions of the step.').optional(),
  'never-within': duration('Must not become true in that time.').optional(),
};

/** An item of `expect`. */
export const expectationSchema: z.ZodType<ExpectationSpec> = table(
  { ...timingShape, ...conditionShape },
  'What must happen after the step, and when.',
).transform((raw, context): ExpectationSpec => {
  const issue = issueOf(context);
  const condition = readCondition(raw, issue);
  const timing = readTiming(raw, condition?.kind === 'output', issue);
  return condition === undefined || timing === undefined ? z.NEVER : { timing, condition };
});

function readTiming(
  raw: z.output<z.ZodObject<typeof timingShape>>,
  isOutput: boolean,
  issue: Issue,
): Timing | undefined {
  const atOnce = raw['at-once'] ?? false;
  const still = raw.still ?? false;
  const given = [raw.within !== undefined, atOnce, raw['never-within'] !== undefined];
  const count = given.filter(Boolean).length;
  if (count > 1) issue('expected only one of within, at-once, never-within');
  else if (count === 0 && !still && !isOutput) {
    issue('expected when: within, still, at-once or never-within');
  } else {
    const { within } = raw;
    const neverWithin = raw['never-within'];
    return {
      still,
      atOnce,
      ...(within === undefined ? {} : { within }),
      ...(neverWithin === undefined ? {} : { neverWithin }),
    };
  }
  return undefined;
}
