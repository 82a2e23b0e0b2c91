/**
 * track_interface, track_script, track_file, track_process, track_bfd, and the notify_* commands: the same
 * rows for instances and sync groups. A name must have been defined further up in the file.
 */

import { readValueBlock } from '../block-parser.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import { readInteger } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { NotifyKind, TrackDraft, TrackingDraft } from '../vrrp-draft.ts';
import { readScript } from './arguments.ts';

type Words = readonly string[];

/** Who tracks: the draft and its name in messages. */
export interface Tracker {
  readonly draft: TrackingDraft;
  readonly name: string;
}

/** Finds who tracks in the current block. */
export type TrackerOf = (context: ParseContext) => Tracker | undefined;

interface TrackKind {
  readonly keyword: string;
  readonly arguments: string;
  /** How messages call it: 'track script'. */
  readonly label: string;
  readonly list: keyof Pick<
    TrackingDraft,
    'trackedScripts' | 'trackedFiles' | 'trackedProcesses' | 'trackedBfds'
  >;
  readonly limit: number;
  readonly find: (context: ParseContext, name: string) => TrackDraft | undefined;
  /** Out of range, unknown option and unknown weight option, in keepalived's words. */
  readonly texts: {
    readonly range: (name: string) => string;
    readonly option: (name: string, word: string) => string;
    readonly weightOption: (name: string, word: string) => string;
  };
  /** An unknown word behind the weight drops the line. */
  readonly strict: boolean;
}

const scriptKind: TrackKind = {
  keyword: 'track_script',
  arguments: '{ NAME [weight N] [reverse|noreverse] }',
  label: 'track script',
  list: 'trackedScripts',
  limit: 254,
  find: (context, name) => context.vrrp.scripts.find((one) => one.name === name),
  texts: {
    range: (name) =>
      `track script ${name}: weight must be between [-253..253] inclusive, ignoring...`,
    option: (_name, word) => `unknown track script option ${word} - ignoring`,
    weightOption: (name, word) => `unknown track_script ${name} weight option ${word} - ignoring`,
  },
  strict: false,
};

const fileKind: TrackKind = {
  keyword: 'track_file',
  arguments: '{ NAME [weight N] [reverse|noreverse] }',
  label: 'track file',
  list: 'trackedFiles',
  limit: 254,
  find: (context, name) => context.vrrp.files.find((one) => one.name === name),
  texts: {
    range: (name) => `weight for track file ${name} must be in [-254..254] inclusive. Ignoring...`,
    option: (_name, word) => `unknown track file option ${word} - ignoring`,
    weightOption: (name, word) => `unknown track file ${name} weight option ${word} - ignoring`,
  },
  strict: true,
};

const processKind: TrackKind = {
  keyword: 'track_process',
  arguments: '{ NAME [weight N] [reverse|noreverse] }',
  label: 'track process',
  list: 'trackedProcesses',
  limit: 254,
  find: (context, name) => context.vrrp.processes.find((one) => one.name === name),
  texts: {
    range: (name) =>
      `weight for track process ${name} must be in [-254..254] inclusive. Ignoring...`,
    option: (_name, word) => `unknown track process option ${word} - ignoring`,
    weightOption: (name, word) => `unknown track_process ${name} weight option ${word} - ignoring`,
  },
  strict: false,
};

const bfdKind: TrackKind = {
  keyword: 'track_bfd',
  arguments: '{ NAME [weight N] [reverse|noreverse] }',
  label: 'track bfd',
  list: 'trackedBfds',
  limit: 253,
  find: (context, name) => context.vrrp.bfds.find((one) => one.name === name),
  texts: {
    range: (name) => `weight for track bfd ${name} must be in [-253..253] inclusive. Ignoring...`,
    option: (name, word) => `unknown track bfd ${name} option ${word} - ignoring`,
    weightOption: (name, word) => `unknown track bfd ${name} weight option ${word} - ignoring`,
  },
  strict: true,
};

/** The five track_* rows. */
export function trackingRows(trackerOf: TrackerOf): readonly KeywordRow[] {
  const block = (kind: TrackKind, importance: 'P1' | 'P2') =>
    row(`${kind.keyword} ${kind.arguments}`, importance, (context, words) => {
      readValueBlock(context, words, (values) => {
        const tracker = trackerOf(context);
        if (tracker !== undefined) trackItem(context, { tracker, kind, values });
      });
    });
  return [
    row('track_interface { NAME [weight N] [reverse] }', 'P1', (context, words) => {
      readValueBlock(context, words, (values) => {
        const tracker = trackerOf(context);
        if (tracker !== undefined) trackInterface(context, tracker, values);
      });
    }),
    block(scriptKind, 'P1'),
    block(fileKind, 'P2'),
    block(processKind, 'P2'),
    block(bfdKind, 'P2'),
  ];
}

function trackInterface(context: ParseContext, tracker: Tracker, values: Words): void {
  const name = values[0] as string;
  const list = tracker.draft.trackedInterfaces;
  const say = (code: string, text: string, word: string) => {
    context.complain(code, `(${tracker.name}) ${text}`, { word });
  };
  if (!context.interfaceKnown(name)) {
    say('unknown-interface', `tracked interface ${name} doesn't exist`, name);
    return;
  }
  if (list.some((one) => one.name === name)) {
    say('duplicate', `duplicate track_interface ${name} - ignoring`, name);
    return;
  }
  const tracked: TrackDraft = { name, weight: 0, reverse: false };
  const [, option, value, direction] = values;
  if (option !== undefined && option !== 'weight') {
    say('unknown-option', `unknown track_interface ${name} option ${option} - ignoring`, option);
    return;
  }
  if (option === 'weight' && value === undefined) {
    const text = `weight without value specified for track_interface ${name} - ignoring`;
    say('missing-value', text, option);
    return;
  }
  if (value !== undefined) {
    const range = { least: -254, most: 254, lenient: true };
    const result = readInteger(value, range, context.reporter);
    if (result.complained) {
      const limits = 'must be between [-253..253] inclusive. Ignoring...';
      say('bad-value', `weight ${value} for ${name} ${limits}`, value);
    }
    tracked.weight = result.usable ? capWeight(context, tracker, name, result.value) : 0;
  }
  if (direction === 'reverse') tracked.reverse = true;
  else if (direction !== undefined) {
    const text = `unknown track_interace ${name} weight option ${direction} - ignoring`;
    say('unknown-option', text, direction);
  }
  list.push(tracked);
}

function capWeight(context: ParseContext, tracker: Tracker, name: string, weight: number): number {
  if (Math.abs(weight) !== 254) return weight;
  const text = `(${tracker.name}) weight for ${name} cannot be +/-254. Setting to +/-253`;
  context.complain('bad-value', text, { word: String(weight) });
  return Math.sign(weight) * 253;
}

function trackItem(
  context: ParseContext,
  given: { readonly tracker: Tracker; readonly kind: TrackKind; readonly values: Words },
): void {
  const { tracker, kind, values } = given;
  const name = values[0] as string;
  const list = tracker.draft[kind.list];
  const say = (code: string, text: string, word: string) => {
    context.complain(code, `(${tracker.name}) ${text}`, { word });
  };
  const defined = kind.find(context, name);
  if (defined === undefined) {
    say('not-found', `${kind.label} ${name} not found, ignoring...`, name);
    return;
  }
  if (list.some((one) => one.name === name)) {
    say('duplicate', `duplicate ${kind.keyword} ${name} - ignoring`, name);
    return;
  }
  const tracked: TrackDraft = { name, weight: defined.weight, reverse: defined.reverse };
  const [, option, value, direction] = values;
  if (option !== undefined && option !== 'weight') {
    say('unknown-option', kind.texts.option(name, option), option);
    return;
  }
  if (option === 'weight' && value === undefined) {
    say(
      'missing-value',
      `weight without value specified for ${kind.label} ${name} - ignoring`,
      option,
    );
    return;
  }
  if (value !== undefined) {
    const range = { least: -kind.limit, most: kind.limit, lenient: true };
    const result = readInteger(value, range, context.reporter);
    if (result.complained) say('bad-value', kind.texts.range(name), value);
    if (result.usable) {
      const cap = kind === scriptKind;
      tracked.weight = cap ? capWeight(context, tracker, name, result.value) : result.value;
    }
  }
  if (direction === 'reverse') tracked.reverse = true;
  else if (direction === 'noreverse') tracked.reverse = false;
  else if (direction !== undefined) {
    say('unknown-option', kind.texts.weightOption(name, direction), direction);
    if (kind.strict) return;
  }
  list.push(tracked);
}

/** A notify_* row. `label` is how a second one is refused. */
export function notifyRow(
  keyword: NotifyKind,
  trackerOf: TrackerOf,
  label: (name: string) => string,
): KeywordRow {
  return row(`${keyword} COMMAND [USER [GROUP]]`, 'P1', (context, words) => {
    const tracker = trackerOf(context);
    if (tracker === undefined) return;
    if (tracker.draft.notify.has(keyword)) {
      const word = context.word(words, 1);
      if (context.reporter.ended) return;
      const text = `${label(tracker.name)} already specified - ignoring ${word}`;
      context.complain('duplicate', text, { word });
      return;
    }
    const script = readScript(context);
    if (script !== undefined) tracker.draft.notify.set(keyword, script);
  });
}
