/**
 * From a line to words, in keepalived's two ways. Plain words know only double quotes and no escapes;
 * scripts, notify commands and payloads are split again with both quotes and backslash escapes.
 * Comments are cut before either happens.
 *
 * Source: `lib/parser.c` of keepalived 2.2.7 as observed with `keepalived -t` (test/reference).
 */

const SPACE = ' \t\f\n\r\v';
/** Without any of these a line is what it looks like. */
const SPECIAL = /[\\"#!]/;

/** A line without its comment; `continued` when a backslash stood at the very end. */
export interface StrippedLine {
  readonly text: string;
  /** The same before blanks at its end, and a backslash there, are seen to. */
  readonly untrimmed: string;
  readonly unterminatedQuote: boolean;
  /** Where the comment began in the line as given, or -1. */
  readonly commentAt: number;
}

/**
 * Cuts comment and outer blanks, and turns `\#` and `\!` outside double quotes into the character.
 *
 * A backslash at the end of the line stays (it continues a definition); blanks before it go.
 */
export function stripComment(line: string): StrippedLine {
  const untrimmed = trimStartBlank(line);
  if (SPECIAL.test(line)) return stripSpecial(line, line.length - untrimmed.length);
  return { text: trimEndBlank(untrimmed), untrimmed, unterminatedQuote: false, commentAt: -1 };
}

/** The same, character by character, for a line with quotes, backslashes or comments. */
function stripSpecial(line: string, start: number): StrippedLine {
  let text = '';
  let quoted = false;
  let commentAt = -1;
  let continued = false;
  let at = start;
  while (at < line.length) {
    const character = line[at] as string;
    if (character === '\\') {
      const next = line[at + 1];
      if (next === undefined) {
        continued = true;
        break;
      }
      const escaped = !quoted && (next === '#' || next === '!');
      if (commentAt < 0) text += escaped ? next : character + next;
      at += 2;
      continue;
    }
    if (character === '"' && commentAt < 0) quoted = !quoted;
    else if (!quoted && commentAt < 0 && (character === '!' || character === '#')) commentAt = at;
    if (commentAt < 0) text += character;
    at++;
  }
  const trimmed = trimEndBlank(text);
  return {
    text: continued ? `${trimmed}\\` : trimmed,
    untrimmed: text,
    unterminatedQuote: quoted,
    commentAt,
  };
}

/** Words of a line, and whether a double quote was left open. */
export interface PlainWords {
  readonly words: readonly string[];
  readonly unmatchedQuote: boolean;
}

/** Splits at blanks; `"…"` is one word without its quotes, also when glued to another. */
export function splitWords(line: string): PlainWords {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && SPACE.includes(line[at] as string)) at++;
    if (at >= line.length) return { words, unmatchedQuote: false };
    if (line[at] === '"') {
      const close = line.indexOf('"', at + 1);
      if (close < 0) return { words, unmatchedQuote: true };
      words.push(line.slice(at + 1, close));
      at = close + 1;
      continue;
    }
    const from = at;
    while (at < line.length && line[at] !== '"' && !SPACE.includes(line[at] as string)) at++;
    words.push(line.slice(from, at));
  }
}

/** Why a quoted line could not be split. */
export type QuotedFailure =
  | { readonly kind: 'missing-quote'; readonly quote: string }
  | { readonly kind: 'escape-at-end' };

/** Splits with single and double quotes and C-like escapes; used where a command is expected. */
export function splitQuotedWords(line: string): readonly string[] | QuotedFailure {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && SPACE.includes(line[at] as string)) at++;
    if (at >= line.length) return words;
    const word = readQuotedWord(line, at);
    if ('kind' in word) return word;
    words.push(word.text);
    at = word.end;
  }
}

function readQuotedWord(
  line: string,
  from: number,
): { readonly text: string; readonly end: number } | QuotedFailure {
  let text = '';
  let quote = '';
  let at = from;
  while (at < line.length) {
    const character = line[at] as string;
    if (character === '\\') {
      if (at + 1 >= line.length) return { kind: 'escape-at-end' };
      const escaped = readEscape(line, at + 1);
      text += escaped.text;
      at = escaped.end;
    } else if (quote === '' && SPACE.includes(character)) {
      break;
    } else if (quote === '' && (character === '"' || character === "'")) {
      at++;
      // As the last character it stands for an empty word, and nobody complains. Source: seen with 2.2.7.
      if (at < line.length) quote = character;
    } else if (character === quote) {
      quote = '';
      at++;
    } else {
      text += character;
      at++;
    }
  }
  return quote === '' ? { text, end: at } : { kind: 'missing-quote', quote };
}

const NAMED_ESCAPES = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['E', '\x1b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

function readEscape(line: string, at: number): { readonly text: string; readonly end: number } {
  const rest = line.slice(at);
  const hex = /^x([0-9a-fA-F]+)/.exec(rest);
  if (hex !== null) {
    const digits = hex[1] as string;
    const code = Number.parseInt(digits.slice(-2), 16);
    return { text: String.fromCharCode(code), end: at + 1 + digits.length };
  }
  if (rest.startsWith('c') && rest.length > 1) {
    return { text: String.fromCharCode(rest.charCodeAt(1) & 0x1f), end: at + 2 };
  }
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal !== null) {
    const code = Number.parseInt(octal[0], 8) & 0xff;
    return { text: String.fromCharCode(code), end: at + octal[0].length };
  }
  const character = rest[0] as string;
  return { text: NAMED_ESCAPES.get(character) ?? character, end: at + 1 };
}

/** The text without blanks and tabs in front. */
export function trimStartBlank(text: string): string {
  return text.replace(/^[ \t]+/, '');
}

/** The text without blanks and tabs behind. */
export function trimEndBlank(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(0, end);
}

/** Arguments as keepalived prints them: each in single quotes. */
export function quoteArguments(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}
