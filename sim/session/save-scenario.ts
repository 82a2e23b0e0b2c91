/**
 * What was done, as a scenario file: the file that was opened with the steps that happened, scripted ones and those by hand,
 * at their microseconds; on request with what was observed as expectations. `lantwin run` goes the same way again, since a
 * deed acts at the beginning of its instant as a step does. The file belongs beside the original, whose files it names.
 */

import { isMap, parseDocument } from 'yaml';
import { durationText } from './duration-text.ts';
import type { ActionDocument } from './hand-actions.ts';
import { observedExpectations } from './observed-expectations.ts';
import type { Timeline } from './timeline.ts';

/** The file, and what it cannot say. */
export interface SavedScenario {
  readonly fileName: string;
  readonly text: string;
  readonly remarks: readonly string[];
}

/** A step to be written. */
export interface SavedStep {
  readonly at: number;
  readonly name?: string;
  readonly do: readonly unknown[];
  readonly expect: readonly unknown[];
}

/** Two deeds are at least that far apart, so a run that ends that long after the last one has judged it. */
const AFTERMATH_US = 1000;

/** Writes what happened up to the present. */
export function saveScenario(
  timeline: Timeline,
  options: { readonly name: string; readonly expectations: boolean },
): SavedScenario {
  const { scenario, position } = timeline;
  const document = parseDocument(scenario.rendered ?? scenario.text);
  const remarks: string[] = [];
  const steps = [...scriptedSteps(timeline, document.toJS()), ...handSteps(timeline, remarks)];
  steps.sort((a, b) => a.at - b.at);
  const full = options.expectations ? observedExpectations(timeline, steps) : steps;
  const finals = options.expectations ? observedTraffic(timeline) : [];
  if (!options.expectations) remarks.push('Without expectations `lantwin run` has no verdict.');
  if (position.at === 0) remarks.push('Nothing has happened yet.');
  document.commentBefore = ` Saved from the browser view of lantwin at ${durationText(position.at)} of '${scenario.name}'.`;
  if (isMap(document.contents)) document.contents.commentBefore = null;
  for (const key of ['about', 'always', 'finally', 'steps', 'until']) document.delete(key);
  document.set('name', options.name);
  document.set('seed', timeline.run.seed);
  document.set('until', durationText(position.at + AFTERMATH_US));
  document.set('steps', document.createNode(full.map(stepDocument)));
  if (finals.length > 0) document.set('finally', document.createNode(finals));
  if ((scenario.lan.outside ?? []).length > 0) {
    remarks.push(
      'What came from the real network is not in the file: `lantwin run` goes without it.',
    );
  }
  const folder = scenario.file.slice(0, scenario.file.lastIndexOf('/') + 1);
  remarks.push(
    `Keep the file in ${folder === '' ? 'the same folder as' : folder} the original: it names files there.`,
  );
  if (scenario.unwritten !== undefined && scenario.unwritten.size > 0) {
    const names = [...scenario.unwritten.keys()].join(', ');
    remarks.push(
      `These exist only in the program that made the scenario, write them there: ${names}.`,
    );
  }
  return {
    fileName: `${fileName(options.name)}.twin.yml`,
    text: document.toString({ lineWidth: 100 }),
    remarks,
  };
}

/** Steps of the file that have happened and did something; what they expected is another story's. */
function scriptedSteps(timeline: Timeline, original: unknown): readonly SavedStep[] {
  const list = listAt(original, 'steps');
  return timeline.scenario.steps.flatMap((step): readonly SavedStep[] => {
    if (step.at > timeline.position.at || step.actions.length === 0) return [];
    const raw = list[step.index];
    const deeds = typeof raw === 'object' && raw !== null && 'do' in raw ? raw.do : [];
    const all = Array.isArray(deeds) ? deeds : [deeds];
    const name = step.name === undefined ? {} : { name: step.name };
    return [{ at: step.at, ...name, do: all, expect: [] }];
  });
}

function listAt(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const found = new Map(Object.entries(value)).get(key);
  return Array.isArray(found) ? found : [];
}

function handSteps(timeline: Timeline, remarks: string[]): readonly SavedStep[] {
  const deeds = timeline.deeds(false);
  return deeds.flatMap(({ step, action }, index): readonly SavedStep[] => {
    const cancelledAt = (terminal: string): number | undefined => {
      for (const later of deeds.slice(index + 1)) {
        for (const one of later.action.documents) {
          if (one.kind === 'action' || one.terminal !== terminal) continue;
          return one.kind === 'cancel' ? later.step.at : undefined;
        }
      }
      return undefined;
    };
    const documents = action.documents.flatMap((one) => {
      if (one.kind === 'cancel') return [];
      const limit = one.kind === 'exec' ? cancelledAt(one.terminal) : undefined;
      if (limit !== undefined && one.kind === 'exec') {
        remarks.push(`Ctrl+C on '${one.line}' was written as timeout.`);
      }
      return [actionDocument(one, limit === undefined ? undefined : limit - step.at)];
    });
    if (documents.length === 0) return [];
    const name = action.name === undefined ? {} : { name: action.name };
    return [{ at: step.at, ...name, do: documents, expect: [] }];
  });
}

function actionDocument(one: ActionDocument, limitUs: number | undefined): unknown {
  if (one.kind === 'action') return { [one.name]: one.args };
  if (one.kind === 'cancel') return {};
  const { host, line } = one;
  if (limitUs === undefined) return { exec: { host, command: line } };
  const isPlain = !/[|;&<>"'$]/.test(line);
  const inner = isPlain ? line : `sh -c '${line.replaceAll("'", `'"'"'`)}'`;
  return { exec: { host, command: `timeout -s INT ${limitUs / 1_000_000} ${inner}` } };
}

function stepDocument(step: SavedStep): unknown {
  return {
    at: durationText(step.at),
    ...(step.name === undefined ? {} : { name: step.name }),
    ...(step.do.length === 0 ? {} : { do: step.do.length === 1 ? step.do[0] : step.do }),
    ...(step.expect.length === 0 ? {} : { expect: step.expect }),
  };
}

/** The longest outage of each traffic that was answered at all, rounded up to a tenth of a second. */
function observedTraffic(timeline: Timeline): readonly unknown[] {
  const { run, recorder } = timeline;
  const outages = new Map(recorder.lanes.outages());
  return [...run.traffic.values()].flatMap((pinger) => {
    if (pinger.answers.length === 0) return [];
    const now = run.engine.now;
    const lengths = (outages.get(pinger.spec.name) ?? []).map((one) => (one.to ?? now) - one.from);
    const longest = Math.max(0, ...lengths, 2 * pinger.spec.every + pinger.spec.timeout);
    const bound = Math.ceil((longest + AFTERMATH_US) / 100_000) * 100_000;
    return [{ traffic: pinger.spec.name, 'longest-outage-at-most': durationText(bound) }];
  });
}

/** A name that every file system takes. */
function fileName(name: string): string {
  const safe = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return safe === '' ? 'saved' : safe.slice(0, 60);
}
