/** The key `steps`: sorted by time, files of actions read, the end of the run computed. */

import {
  type DurationUs,
  later,
  NO_DURATION,
  seconds,
  TIME_ZERO,
  type TimeUs,
} from '../../daemon/base/time.ts';
import type { Reading } from './reading.ts';
import type { Step } from './scenario.ts';
import type { RawScenario } from './schema/scenario-schema.ts';

/** DESIGN section 7: by default a run goes on for that long after everything was judged. */
const AFTERMATH = seconds(5);

/** Steps in order of time (of one time in file order), and the files that their actions need. */
export function readSteps(
  raw: RawScenario,
  reading: Reading,
): { readonly steps: readonly Step[]; readonly files: ReadonlyMap<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const steps = (raw.steps ?? []).map((step, index): Step => {
    const path = ['steps', index];
    const actions = step.do ?? [];
    for (const [number, { row, args }] of actions.entries()) {
      for (const needed of row.files?.(args) ?? []) {
        const item = reading.places.has([...path, 'do', 0]) ? [number] : [];
        const bytes = reading.fileAt(needed.path, [
          ...path,
          'do',
          ...item,
          row.name,
          ...needed.key,
        ]);
        if (bytes !== undefined) files.set(needed.path, bytes);
      }
    }
    return {
      index,
      ...(step.name === undefined ? {} : { name: step.name }),
      at: later(TIME_ZERO, step.at),
      place: reading.places.valueAt(path),
      actions,
      expect: (step.expect ?? []).map((spec, item) => ({
        spec,
        place: reading.places.valueAt([...path, 'expect', item]),
      })),
    };
  });
  return { steps: steps.toSorted((a, b) => a.at - b.at || a.index - b.index), files };
}

/** When the run ends: `until`, or the last step plus its longest time plus 5 s. */
export function runEnd(steps: readonly Step[], until?: DurationUs): TimeUs {
  if (until !== undefined) return later(TIME_ZERO, until);
  const last = steps.at(-1)?.at ?? TIME_ZERO;
  const times = steps.filter((step) => step.at === last).map(longestTime);
  return later(last, (Math.max(NO_DURATION, ...times) + AFTERMATH) as DurationUs);
}

function longestTime(step: Step): DurationUs {
  const times = step.expect.map(
    ({ spec }) => spec.timing.within ?? spec.timing.neverWithin ?? NO_DURATION,
  );
  return Math.max(NO_DURATION, ...times) as DurationUs;
}
