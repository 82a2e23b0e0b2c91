/** Checkers inside real_server that ask this host and not the server: MISC_CHECK, FILE_CHECK and BFD_CHECK. */

import type { KeywordRow } from '../keyword-row.ts';
import type { CheckerDraft } from '../lvs-draft.ts';
import { readInteger, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { lacksDefaultUser } from '../script-user.ts';
import { serverText } from '../server-text.ts';
import { quoteArguments, splitQuotedWords } from '../words.ts';
import { checkerPart } from './checker-row.ts';
import { readTimer } from './lvs-arguments.ts';

/** IPVS_WEIGHT_LIMIT of 2.2.7. */
const WEIGHT_MAX = 2_147_483_647;

/** Keywords of MISC_CHECK. */
export function miscRows(): readonly KeywordRow[] {
  return [
    miscPart('misc_path COMMAND', 'P1', (context, checker) => {
      const words = context.quotedWords();
      const command = words?.[1];
      const split = command === undefined ? undefined : splitQuotedWords(command);
      if (split === undefined || 'kind' in split || split.length === 0) return;
      checker.script = { arguments: split, at: context.reporter.location };
    }),
    miscPart('misc_timeout SECONDS', 'P1', (context, checker, words) => {
      const text = `Invalid misc_timeout value '${words[1]}'`;
      const us = readTimer(context, words, { least: 0, most: UNSIGNED_MAX, text, strict: true });
      if (us !== undefined) checker.miscTimeoutUs = us;
    }),
    miscPart('misc_dynamic', 'P1', (_context, checker) => {
      checker.dynamic = true;
    }),
    miscPart('user USER [GROUP]', 'P2', (context, checker, words) => {
      const [, user, group] = words;
      const { hasUser, hasGroup } = context.machine;
      const command = quoteArguments(checker.script?.arguments ?? []);
      if (user === undefined) {
        const text = `No user specified for misc checker script ${command}`;
        context.complain('missing-value', text);
      } else if (
        hasUser?.(user) === false ||
        (group !== undefined && hasGroup?.(group) === false)
      ) {
        const text = `Failed to set uid/gid for misc checker script ${command} - removing`;
        context.complain('unknown-user', text, { word: user });
        checker.scriptUserBad = true;
      } else checker.scriptUser = { user, ...(group === undefined ? {} : { group }) };
    }),
  ];
}

/** Nobody looks at the script of a checker whose user does not exist; its other words are read. */
function miscPart(
  spelling: string,
  importance: 'P1' | 'P2',
  apply: (context: ParseContext, checker: CheckerDraft, words: readonly string[]) => void,
): KeywordRow {
  return checkerPart(spelling, importance, (context, checker, words) => {
    if (!checker.scriptUserBad) apply(context, checker, words);
  });
}

/** 2.2.7 takes a BFD_CHECK back at once: what else stands in its block is not looked at. */
function dropChecker(context: ParseContext): void {
  context.checker = undefined;
}

/** The end of a MISC_CHECK; `false`: it is left out. */
export function endMisc(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.scriptUserBad) return false;
  if (checker.script !== undefined) {
    checker.script = { ...checker.script, ...checker.scriptUser };
    if (checker.scriptUser !== undefined || !lacksDefaultUser(context)) return true;
    const command = quoteArguments(checker.script.arguments);
    const text = `Unable to set default user for misc script ${command} - removing`;
    context.complain('unknown-user', text);
    return false;
  }
  const text = 'No script path has been specified for MISC_CHECKER - skipping';
  context.complain('missing-value', text, {
    message: 'MISC_CHECK has no misc_path: the checker is left out',
  });
  return false;
}

/** Keywords of FILE_CHECK. */
export function fileRows(): readonly KeywordRow[] {
  return [
    checkerPart('track_file NAME', 'P3', (context, checker, words) => {
      const name = context.word(words, 1);
      const file = context.lvs.files.find((one) => one.name === name);
      if (file === undefined) {
        context.complain('not-found', `track_file ${name} not found`, { word: name });
      } else checker.trackFile = file;
    }),
    checkerPart('weight -254..254 [reverse]', 'P3', (context, checker, words) => {
      const word = words[1];
      if (word === undefined) {
        context.complain('missing-value', 'track file weight missing');
        return;
      }
      const range = { least: -WEIGHT_MAX, most: WEIGHT_MAX };
      const result = readInteger(word, range, context.reporter);
      if (result.complained) {
        const text = `weight for track file must be in [-${WEIGHT_MAX}..${WEIGHT_MAX}] inclusive. Ignoring...`;
        context.complain('bad-value', text, { word });
        return;
      }
      if (words[2] !== undefined && words[2] !== 'reverse' && words[2] !== 'noreverse') {
        const text = `unknown track file weight option ${words[2]} - ignoring`;
        context.complain('unknown-option', text, { word: words[2] });
        return;
      }
      checker.weight = result.value;
      checker.reverse = words[2] === 'reverse';
    }),
  ];
}

/** The end of a FILE_CHECK; `false`: it is left out. */
export function endFile(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.trackFile !== undefined) return true;
  context.complain('missing-value', 'FILE_CHECK has no track_file specified - ignoring');
  return false;
}

/** Keywords of BFD_CHECK. */
export function bfdRows(): readonly KeywordRow[] {
  return [
    checkerPart('name NAME', 'P3', (context, checker, words) => {
      const front = `(${serverText(context)}) BFD_CHECK -`;
      const name = words[1];
      if (name === undefined || words.length !== 2) {
        const text = `${front} No or too many names specified - skipping checker`;
        context.complain('bad-name', text);
      } else if (!context.lvs.bfds.includes(name)) {
        context.complain('not-found', `${front} BFD ${name} not configured`, { word: name });
      } else if (checker.bfd !== undefined) {
        const text = `${front} BFD ${name} already specified as ${checker.bfd}`;
        context.complain('duplicate', text, { word: name });
      } else {
        checker.bfd = name;
        return;
      }
      dropChecker(context);
    }),
  ];
}

/** The end of a BFD_CHECK; `false`: it is left out. */
export function endBfd(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.bfd !== undefined) return true;
  const text = `(${serverText(context)}) No name has been specified for BFD_CHECKER - skipping`;
  context.complain('missing-value', text);
  return false;
}
