/** `vrrp_script`: the command, how often it runs, and how many results make a verdict. */

import { type KeywordRow, row } from '../keyword-row.ts';
import { readDecimal, readInteger, SECONDS_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { lacksDefaultUser } from '../script-user.ts';
import type { VrrpScriptDraft } from '../vrrp-draft.ts';
import { quoteArguments, splitQuotedWords } from '../words.ts';

type Words = readonly string[];

const VRRP = { processes: ['vrrp'] } as const;

/** From 2.3.2 on: down to a millisecond. Not verified against that version. */
function takeFineInterval(context: ParseContext, script: VrrpScriptDraft, words: Words): void {
  const word = context.word(words, 1);
  const range = { least: 1, most: SECONDS_MAX * 1000, decimals: 3, lenient: true };
  const result = readDecimal(word, range, context.reporter);
  if (result.usable) {
    script.intervalUs = result.value * 1000;
    return;
  }
  const text =
    `(${script.name}): vrrp script interval '${word}' must be between 0.001 and` +
    ` ${SECONDS_MAX} - ignoring`;
  context.complain('bad-value', text, { word });
}

/** The block vrrp_script. */
export const scriptRow = row('vrrp_script NAME { … }', 'P1', openScript, {
  ...VRRP,
  block: [
    scriptPart('script COMMAND', 'P1', takeScript),
    scriptPart('interval SECONDS', 'P1', (context, script, words) => {
      if (context.knows('2.3.2')) {
        takeFineInterval(context, script, words);
        return;
      }
      const word = context.word(words, 1);
      const text =
        `(${script.name}): vrrp script interval '${word}' must be between 1 and` +
        ` ${SECONDS_MAX} - ignoring`;
      const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
      if (!result.usable) return;
      const what = 'vrrp script interval must be greater than 0, setting to 1';
      context.complainOfZero(result, `(${script.name}): ${what}`, word);
      script.intervalUs = Math.max(1, result.value) * 1_000_000;
    }),
    scriptPart('timeout SECONDS', 'P1', (context, script, words) => {
      const word = context.word(words, 1);
      const text = `(${script.name}): vrrp script timeout '${word}' invalid - ignoring`;
      const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
      if (!result.usable) return;
      const what = 'vrrp script timeout must be greater than 0, setting to 1';
      context.complainOfZero(result, `(${script.name}): ${what}`, word);
      script.timeoutUs = Math.max(1, result.value) * 1_000_000;
    }),
    scriptPart('weight -253..253 [reverse]', 'P1', (context, script, words) => {
      const word = context.word(words, 1);
      const range = { least: -253, most: 253, lenient: true };
      const result = readInteger(word, range, context.reporter);
      if (result.complained) {
        const text = `vrrp_script ${script.name} weight ${word} must be in [-253, 253]`;
        context.complain('bad-value', text, {
          word,
          message: `weight ${word} of vrrp_script ${script.name} is not in -253..253; keepalived uses ${result.value} all the same`,
        });
      }
      script.weight = result.value;
      if (words[2] === 'reverse') script.reverse = true;
      else if (words[2] !== undefined) {
        const text = `vrrp_script ${script.name} unknown weight option ${words[2]}`;
        context.complain('unknown-option', text, { word: words[2] });
      }
    }),
    scriptPart('rise COUNT', 'P1', (context, script, words) => {
      script.rise = countOf(context, script, words);
    }),
    scriptPart('fall COUNT', 'P1', (context, script, words) => {
      script.fall = countOf(context, script, words);
    }),
    scriptPart('user USER [GROUP]', 'P2', (context, script, words) => {
      const user = context.word(words, 1);
      const { hasUser, hasGroup } = context.machine;
      const group = words[2];
      if (hasUser?.(user) === false || (group !== undefined && hasGroup?.(group) === false)) {
        script.badUser = true;
        const text = `Unable to set uid/gid for script ${quoteArguments(script.arguments)}`;
        context.complain('unknown-user', text, {
          word: user,
          message: `user '${user}' does not exist on this host; the script is removed`,
        });
        return;
      }
      script.badUser = false;
      script.user = user;
      if (words[2] !== undefined) script.group = words[2];
    }),
    scriptPart('init_fail', 'P2', (_context, script) => {
      script.initFail = true;
    }),
  ],
  end: closeScript,
});

function openScript(context: ParseContext, words: Words): void {
  context.script = {
    name: context.word(words, 1),
    at: context.reporter.location,
    arguments: [],
    intervalUs: 1_000_000,
    weight: 0,
    reverse: false,
    rise: 1,
    fall: 1,
    initFail: false,
    badUser: false,
  };
  context.vrrp.scripts.push(context.script);
}

function scriptPart(
  spelling: string,
  importance: 'P1' | 'P2',
  apply: (context: ParseContext, script: VrrpScriptDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    if (context.script !== undefined) apply(context, context.script, words);
  });
}

function takeScript(context: ParseContext, script: VrrpScriptDraft): void {
  const words = context.quotedWords();
  if (words?.[1] === undefined) return;
  const split = splitQuotedWords(words[1]);
  if ('kind' in split || split.length === 0) return;
  script.arguments = split;
  const at = context.reporter.location;
  if (at !== undefined) script.scriptAt = at;
}

function countOf(context: ParseContext, script: VrrpScriptDraft, words: Words): number {
  const text = `(${script.name}): vrrp script ${words[0]} value '${words[1]}' invalid, defaulting to 1`;
  const result = context.unsigned(words, { least: 1, most: 2_147_483_647, lenient: true, text });
  return result.usable ? result.value : 1;
}

function closeScript(context: ParseContext): void {
  const { script } = context;
  context.script = undefined;
  if (script === undefined) return;
  if (script.arguments.length === 0) {
    const text = `No script set for vrrp_script ${script.name} - removing`;
    context.complain('bad-script', text);
  } else if (!script.badUser && script.user === undefined && lacksDefaultUser(context)) {
    const text = `Unable to set default user for vrrp script ${script.name} - removing`;
    context.complain('unknown-user', text);
    script.badUser = true;
  }
  if (script.arguments.length === 0 || script.badUser) {
    context.vrrp.scripts = context.vrrp.scripts.filter((one) => one !== script);
  }
}
