/**
 * What was observed, as expectations: between each step and the next, who came to hold each virtual address and what each
 * virtual router became, within the time that it took. A step that changed nothing expects that the holders stay.
 */

import { durationText } from './duration-text.ts';
import type { LanesView, Span } from './protocol-views.ts';
import { isRealName } from './real-routers.ts';
import type { SavedStep } from './save-scenario.ts';
import type { Timeline } from './timeline.ts';

/** Slack on top of what was observed; the replay is exact, a person reads round numbers. */
const SLACK_US = 1000;
/** States that an expectation can name. */
const STATES = new Set(['BACKUP', 'MASTER', 'FAULT']);

/** The steps with expectations; a step at the very start is added for what happens at power-on. */
export function observedExpectations(
  timeline: Timeline,
  steps: readonly SavedStep[],
): readonly SavedStep[] {
  const lanes = timeline.recorder.lanes.view();
  const end = timeline.position.at;
  const first: SavedStep = { at: 0, name: 'power is switched on', do: [], expect: [] };
  const all = steps[0]?.at === 0 ? steps : [first, ...steps];
  return all.map((step, index): SavedStep => {
    // Steps of the same moment share one window; the last of them has it.
    const next = all[index + 1]?.at;
    if (next === step.at) return step;
    const window = { from: step.at, to: next === undefined ? end : next - 1 };
    return { ...step, expect: expectationsOf(lanes, window) };
  });
}

interface Window {
  readonly from: number;
  readonly to: number;
}

function expectationsOf(lanes: LanesView, window: Window): readonly unknown[] {
  if (window.to <= window.from) return [];
  const changed: unknown[] = [];
  const still: unknown[] = [];
  for (const { address, spans } of lanes.vips) {
    const found = outcome(spans, window);
    // A scenario file knows no real machines.
    if (found === undefined || found.value.some(isRealName)) continue;
    const claim = { vip: address, ...holdersClaim(found.value) };
    if (found.took === undefined) still.push({ still: true, ...claim });
    else changed.push({ within: within(found.took, window), ...claim });
  }
  for (const { host, instance, spans } of lanes.vrrp) {
    const found = outcome(spans, window);
    if (found?.took === undefined || !STATES.has(found.value)) continue;
    const state = { host, instance, is: found.value };
    changed.push({ within: within(found.took, window), state });
  }
  return changed.length > 0 ? changed : still;
}

function holdersClaim(holders: readonly string[]): Readonly<Record<string, unknown>> {
  if (holders.length === 0) return { owner: 'nobody' };
  return holders.length === 1 ? { owner: holders[0] } : { holders: [...holders] };
}

/** What a lane shows at the end of a window, and how long after its beginning that began, if it is new. */
function outcome<T>(
  spans: readonly Span<T>[],
  window: Window,
): { readonly value: T; readonly took?: number } | undefined {
  const at = (moment: number) =>
    spans.findLast((span) => span.from <= moment && (span.to ?? Number.POSITIVE_INFINITY) > moment);
  const last = at(window.to);
  if (last === undefined) return undefined;
  if (last.from <= window.from) return { value: last.value };
  // Away and back again is no change that `within` could tell from none.
  const before = at(window.from);
  if (before !== undefined && JSON.stringify(before.value) === JSON.stringify(last.value)) {
    return undefined;
  }
  return { value: last.value, took: last.from - window.from };
}

/** Rounded up to a millisecond, but never beyond the next step. */
function within(took: number, window: Window): string {
  const rounded = Math.ceil((took + SLACK_US) / 1000) * 1000;
  return durationText(Math.min(rounded, window.to - window.from));
}
