/**
 * `regex` of a url and what goes with it. keepalived tells what is wrong with them at a start only, not under `-t`.
 * Source: what 2.2.7 says of some forty such blocks; check_http.c.
 */

import { compilePattern, REGEX_OPTIONS } from '../../check/text-pattern.ts';
import type { KeywordRow } from '../keyword-row.ts';
import type { RegexDraft, UrlDraft } from '../lvs-draft.ts';
import type { ParseContext } from '../parse-context.ts';

type Words = readonly string[];
type UrlPart = (
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, url: UrlDraft, words: Words) => void,
) => KeywordRow;

/** The rows; `part` makes a row on the current url. */
export function regexRows(part: UrlPart): readonly KeywordRow[] {
  return [
    part('regex PATTERN', 'P2', (context, url) => {
      const words = context.quotedWords();
      const pattern = words?.[1];
      if (pattern === undefined || words?.length !== 2) {
        say(context, 'regex wants one pattern; the line has no effect', {
          startText: 'regex missing or too many fields',
        });
        return;
      }
      Object.assign(draftOf(url), { pattern, at: context.reporter.location });
    }),
    part('regex_no_match', 'P2', (_context, url) => {
      draftOf(url).noMatch = true;
    }),
    part('regex_options OPTION…', 'P3', (context, url, words) => {
      const draft = draftOf(url);
      for (const word of words.slice(1)) {
        if (REGEX_OPTIONS.has(word)) draft.options.push(word);
        else context.remark('bad-value', `regex_options has no ${word}; it is ignored`, { word });
      }
    }),
    part('regex_stack START MAX', 'P3', takeStack),
    offsetRow(part, 'min', (draft, offset) => {
      draft.minOffset = offset;
    }),
    offsetRow(part, 'max', (draft, offset) => {
      draft.maxOffset = offset;
    }),
  ];
}

function draftOf(url: UrlDraft): RegexDraft {
  url.regexDraft ??= { noMatch: false, options: [], minOffset: 0, usesStack: false };
  return url.regexDraft;
}

type Details = Parameters<ParseContext['remark']>[2];

function say(context: ParseContext, message: string, more: Details): void {
  context.remark('bad-regex', message, more);
}

function takeStack(context: ParseContext, url: UrlDraft, words: Words): void {
  const [, start = '', most = ''] = words;
  const refuse = (message: string, startText: string) =>
    say(context, `${message}; the line has no effect`, { startText });
  if (words.length !== 3) {
    refuse('regex_stack wants two numbers', 'regex_stack requires start and max values');
  } else if (!isNumber(start)) {
    refuse('regex_stack wants a number to start with', 'regex_stack invalid start value');
  } else if (!isNumber(most)) {
    refuse('regex_stack wants a largest number', 'regex_stack invalid max value');
  } else if (Number(start) > Number(most)) {
    refuse(
      'regex_stack starts with more than its most',
      'regex stack start cannot exceed max value',
    );
  } else draftOf(url).usesStack = true;
}

function offsetRow(
  part: UrlPart,
  which: 'min' | 'max',
  set: (draft: RegexDraft, offset: number) => void,
): KeywordRow {
  const name = `regex_${which}_offset`;
  return part(`${name} BYTES`, 'P3', (context, url, words) => {
    const word = words[1] ?? '';
    const isGood = words.length === 2 && isNumber(word);
    // What is no number counts as 0.
    set(draftOf(url), isGood ? Number(word) : 0);
    if (isGood) return;
    say(context, `${name} wants one number of bytes; it is 0`, {
      word,
      startText:
        words.length === 2
          ? `Invalid ${name} ${word} specified`
          : `Missing or too may options for ${name}`,
    });
  });
}

function isNumber(word: string): boolean {
  return /^\+?\d+$/.test(word);
}

/** At the end of a url: the pattern is compiled, and what does not fit together told. */
export function finishRegex(context: ParseContext, url: UrlDraft): void {
  const draft = url.regexDraft;
  if (draft === undefined) return;
  const { pattern, noMatch, options, maxOffset, at } = draft;
  let { minOffset } = draft;
  let most = maxOffset;
  if (pattern === undefined) {
    const isSet =
      noMatch || options.length > 0 || minOffset > 0 || most !== undefined || draft.usesStack;
    if (!isSet) return;
    say(context, 'parameters of a regex without a regex; they have no effect', {
      startText: 'regex parameters specified without regex',
    });
    return;
  }
  tellProblem(context, { pattern, options, at });
  if (most !== undefined && minOffset > most) {
    say(context, 'regex_min_offset is larger than regex_max_offset; both are ignored', {
      startText: `regex min offset ${minOffset} > regex_max_offset ${most} - ignoring`,
    });
    minOffset = 0;
    most = undefined;
  }
  const offset = most === undefined ? {} : { maxOffset: most };
  url.regex = { pattern, noMatch, options, minOffset, ...offset };
}

function tellProblem(
  context: ParseContext,
  { pattern, options, at }: Pick<RegexDraft, 'options' | 'at'> & { readonly pattern: string },
): void {
  const compiled = compilePattern(pattern, options);
  if (!('problem' in compiled)) return;
  const { message, at: offset, isWrong } = compiled.problem;
  const place = { word: pattern, ...(at === undefined ? {} : { at }) };
  if (!isWrong) {
    const hint = 'lantwin does not read this part of PCRE2; the pattern matches nothing here';
    context.remark('regex-not-read', `regex: ${message} is not read`, { ...place, hint });
    return;
  }
  context.remark('bad-regex', `regex: ${message} (offset ${offset})`, {
    ...place,
    hint: 'keepalived 2.2.7 goes on with a pattern that it has freed, and may crash at the first check',
    startText: `Invalid regex: '${pattern}' at offset ${offset}: ${message}\n`,
  });
}
