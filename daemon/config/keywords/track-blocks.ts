/** `track_file` (old name vrrp_track_file), `vrrp_track_process`. */

import { type KeywordRow, row } from '../keyword-row.ts';
import { readDecimal, readInteger } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { TrackFileDraft, TrackProcessDraft } from '../vrrp-draft.ts';

type Words = readonly string[];

const fileBlock: readonly KeywordRow[] = [
  filePart('file PATH', (context, file, words) => {
    // Told of is the word as it splits without regard to quotes and escapes.
    const word = words[1];
    if (word === undefined) context.complain('bad-value', 'track file file name missing');
    else if (file.path !== undefined) {
      const text = `File already set for track file ${file.name} - ignoring ${word}`;
      context.complain('duplicate', text, { word });
    } else {
      const path = context.quotedWords()?.[1];
      if (path !== undefined) file.path = path;
    }
  }),
  filePart('weight -254..254 [reverse]', (context, file, words) => {
    const word = words[1];
    if (word === undefined) {
      const text = `No weight specified for track file ${file.name} - ignoring`;
      context.complain('missing-value', text);
      return;
    }
    if (file.weightGiven && file.weight !== 1) {
      const text = `Weight already set for track file ${file.name} - ignoring ${word}`;
      context.complain('duplicate', text, { word });
      return;
    }
    const range = { least: -254, most: 254, lenient: true };
    const result = readInteger(word, range, context.reporter);
    if (result.complained) {
      const text =
        `Weight (${word}) for track_file ${file.name} must be between [-254..254]` +
        ' inclusive. Ignoring...';
      context.complain('bad-value', text, { word });
    }
    if (words[2] !== undefined && words[2] !== 'reverse') {
      const text = `track_file ${file.name} unknown weight option ${words[2]}`;
      context.complain('unknown-option', text, { word: words[2] });
    }
    if (!result.usable) return;
    file.weight = result.value;
    // For `-t` a bad one has not been given.
    file.weightGiven = !result.complained;
    if (words[2] === 'reverse') file.reverse = true;
  }),
  filePart('init_file [VALUE] [overwrite]', (context, file, words) => {
    file.init = { value: 0, overwrite: false };
    for (const word of words.slice(1)) {
      if (word === 'overwrite') file.init.overwrite = true;
      else if (/^[-+\d]/.test(word)) {
        const range = { least: -2_147_483_648, most: 2_147_483_647 };
        const result = readInteger(word, range, context.reporter);
        if (result.complained) {
          const text = `Track file ${file.name} init value ${word} is invalid`;
          context.complain('bad-value', text, { word });
        } else {
          if (Math.abs(result.value) > 254) {
            const range = 'is outside sensible range [-254, 254]';
            const text = `Track file ${file.name} init value ${result.value} ${range}`;
            context.complain('bad-value', text, { word });
          }
          file.init.value = result.value;
        }
      } else {
        const text = `Unknown track file init option ${word}`;
        context.complain('unknown-option', text, { word });
      }
    }
  }),
];

/** Top-level rows of track files, under both names. */
export const trackFileRows: readonly KeywordRow[] = ['track_file', 'vrrp_track_file'].map(
  (keyword) =>
    row(`${keyword} NAME { … }`, 'P2', openFile, {
      processes: ['vrrp', 'checkers'],
      block: fileBlock,
      end: closeFile,
    }),
);

function filePart(
  spelling: string,
  apply: (context: ParseContext, file: TrackFileDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, 'P2', (context, words) => {
    if (context.file !== undefined) apply(context, context.file, words);
  });
}

function openFile(context: ParseContext, words: Words): void {
  const name = context.word(words, 1);
  const at = context.reporter.location;
  context.file = { name, at, weight: 1, weightGiven: false, reverse: false };
}

function closeFile(context: ParseContext): void {
  const { file } = context;
  context.file = undefined;
  if (file === undefined) return;
  if (file.path === undefined) {
    const text = `No file set for track_file ${file.name} - ignoring`;
    context.complain('missing-value', text);
    return;
  }
  if (context.process === 'vrrp') context.vrrp.files.push(file);
  else context.lvs.files.push(file);
}

/** `vrrp_track_process`. */
export const trackProcessRow: KeywordRow = row(
  'vrrp_track_process NAME { … }',
  'P2',
  (context, words) => {
    context.trackProcess = {
      name: context.word(words, 1),
      at: context.reporter.location,
      parameters: [],
      weight: 0,
      reverse: false,
      quorum: 1,
      forkDelayUs: 0,
      terminateDelayUs: 0,
      fullCommand: false,
    };
  },
  {
    processes: ['vrrp'],
    block: [
      processPart('process COMMAND [ARGUMENT…]', takeProcess),
      processPart('param_match [initial|partial]', (context, tracked, words) => {
        const word = words[1];
        if (word === undefined) tracked.match = 'exact';
        else if (word === 'initial' || word === 'partial') tracked.match = word;
        else {
          const text = `Invalid param_match type ${word} - ignoring`;
          context.complain('unknown-option', text, { word });
          return;
        }
        tracked.fullCommand = true;
      }),
      processPart('weight -254..254 [reverse]', takeProcessWeight),
      processPart('quorum 1..65535', (context, tracked, words) => {
        const text =
          `Quorum (${words[1]}) for vrrp_track_process ${tracked.name} must be between` +
          ' [1..65535] inclusive. Ignoring...';
        const result = context.unsigned(words, { least: 1, most: 65_535, lenient: true, text });
        if (!result.usable) return;
        if (result.value > (tracked.quorumMax ?? Number.POSITIVE_INFINITY)) {
          context.complain('conflict', 'Quorum is greater than quorum_max - ignoring');
        } else tracked.quorum = result.value;
      }),
      processPart('quorum_max 0..65535', (context, tracked, words) => {
        const text =
          `quorum_max (${words[1]}) for vrrp_track_process ${tracked.name} must be between` +
          ' [0..65535] inclusive. Ignoring...';
        const result = context.unsigned(words, { least: 0, most: 65_535, lenient: true, text });
        if (!result.usable) return;
        const given = result.value !== 0 || tracked.quorum > 1;
        if (given && result.value < tracked.quorum) {
          context.complain('conflict', 'quorum_max is less than quorum - ignoring');
          return;
        }
        tracked.quorumMax = result.value;
        if (result.value === 0) tracked.quorum = 0;
        else if (tracked.quorum === 0) tracked.quorum = 1;
      }),
      processPart('delay SECONDS', (context, tracked, words) => {
        const us = processDelay(context, tracked, { words, prefix: '' });
        if (us !== undefined) tracked.forkDelayUs = tracked.terminateDelayUs = us;
      }),
      processPart('terminate_delay SECONDS', (context, tracked, words) => {
        const us = processDelay(context, tracked, { words, prefix: 'terminate_' });
        if (us !== undefined) tracked.terminateDelayUs = us;
      }),
      processPart('fork_delay SECONDS', (context, tracked, words) => {
        const us = processDelay(context, tracked, { words, prefix: 'fork_' });
        if (us !== undefined) tracked.forkDelayUs = us;
      }),
      processPart('full_command', (_context, tracked) => {
        tracked.fullCommand = true;
      }),
    ],
    end: (context) => {
      const tracked = context.trackProcess;
      context.trackProcess = undefined;
      if (tracked === undefined) return;
      if (tracked.command === undefined) {
        const text = `track process '${tracked.name}' process name not specified`;
        context.complain('missing-value', text);
      } else context.vrrp.processes.push(tracked);
    },
  },
);

function processPart(
  spelling: string,
  apply: (context: ParseContext, tracked: TrackProcessDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, 'P2', (context, words) => {
    if (context.trackProcess !== undefined) apply(context, context.trackProcess, words);
  });
}

function takeProcess(context: ParseContext, tracked: TrackProcessDraft, words: Words): void {
  const command = context.word(words, 1);
  if (tracked.command !== undefined) {
    const text = `Process already set for track process ${tracked.name} - ignoring ${command}`;
    context.complain('duplicate', text, { word: command });
    return;
  }
  tracked.command = command;
  if (words.length <= 2) return;
  tracked.parameters = words.slice(2);
  tracked.match ??= 'exact';
  tracked.fullCommand = true;
}

function takeProcessWeight(context: ParseContext, tracked: TrackProcessDraft, words: Words): void {
  const word = words[1];
  if (word === undefined) {
    const text = `No weight specified for track process ${tracked.name} - ignoring`;
    context.complain('missing-value', text);
    return;
  }
  if (tracked.weight !== 0) {
    const text = `Weight already set for track process ${tracked.name} - ignoring ${word}`;
    context.complain('duplicate', text, { word });
    return;
  }
  const range = { least: -254, most: 254, lenient: true };
  const result = readInteger(word, range, context.reporter);
  if (result.complained) {
    const text =
      `Weight (${word}) for vrrp_track_process ${tracked.name} must be between` +
      ' [-254..254] inclusive. Ignoring...';
    context.complain('bad-value', text, { word });
    if (result.usable) tracked.weight = result.value;
    return;
  }
  if (words[2] === 'reverse') tracked.reverse = true;
  else if (words[2] !== undefined) {
    const text = `vrrp_track_process ${tracked.name} unknown weight option ${words[2]}`;
    context.complain('unknown-option', text, { word: words[2] });
  }
  tracked.weight = result.value;
}

function processDelay(
  context: ParseContext,
  tracked: TrackProcessDraft,
  given: { readonly words: Words; readonly prefix: string },
): number | undefined {
  const word = context.word(given.words, 1);
  const range = { least: 1, most: 3_600_000_000, decimals: 6, lenient: true };
  const result = readDecimal(word, range, context.reporter);
  if (!result.usable) {
    const text =
      `${given.prefix}delay (${word}) for vrrp_track_process ${tracked.name} must be between` +
      ' [0.000001..3600] inclusive. Ignoring...';
    context.complain('bad-value', text, { word });
  }
  return result.usable ? result.value : undefined;
}
