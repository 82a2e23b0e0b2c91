/**
 * Reads a pattern of `regex` into a tree, and refuses what PCRE2 refuses at the same place and in its words. What is read
 * stands in `text-pattern.ts`; behind a backslash and inside of brackets, in `text-pattern-sets.ts`. Source: pcre2pattern(3),
 * PCRE2 10.42.
 */

import {
  type Accepts,
  isSpace,
  literal,
  PatternError,
  type PatternFlags,
  type PatternReader,
  posixClassEnd,
  readAtom,
  readSet,
  skipEnds,
} from './text-pattern-sets.ts';

/** Deepest nesting of groups, as PCRE2's own limit. */
const DEPTH_MAX = 250;
const REPEAT_MAX = 65_535;

/** What holds between two characters. */
export type Assertion =
  | 'start'
  | 'end'
  | 'line-start'
  | 'line-start-or-end'
  | 'line-end'
  | 'word'
  | 'not-word'
  | 'final';

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: 'character'; readonly accepts: Accepts }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; readonly looksBehind: boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: 'repeat';
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number;
      /** As few as will do. */
      readonly isLazy: boolean;
    };

const NOTHING: PatternNode = { kind: 'sequence', parts: [] };

/** Reads the whole text. Throws `PatternError`. */
export function readPattern(text: string, options: readonly string[]): PatternNode {
  const reader: PatternReader = {
    text,
    at: 0,
    flags: {
      caseless: options.includes('caseless'),
      dotAll: options.includes('dotall'),
      multiline: options.includes('multiline'),
      extended: options.includes('extended'),
      ungreedy: options.includes('ungreedy'),
    },
    names: options.includes('dupnames') ? undefined : new Set(),
    emptySets: options.includes('allow_empty_class'),
    dollarEndOnly: options.includes('dollar_endonly'),
    altCircumflex: options.includes('alt_circumflex'),
  };
  const node = readChoice(reader, 0);
  if (reader.at < text.length) throw new PatternError('unmatched closing parenthesis', reader.at);
  return node;
}

function readChoice(reader: PatternReader, depth: number): PatternNode {
  const parts = [readSequence(reader, depth)];
  while (reader.text[reader.at] === '|') {
    reader.at++;
    parts.push(readSequence(reader, depth));
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts };
}

function readSequence(reader: PatternReader, depth: number): PatternNode {
  const parts: PatternNode[] = [];
  for (;;) {
    skipIgnored(reader);
    const sign = reader.text[reader.at];
    if (sign === undefined || sign === '|' || sign === ')') break;
    const item = readItem(reader, depth);
    if (item === undefined) continue;
    skipIgnored(reader);
    parts.push(item.mayRepeat ? readRepeats(reader, item.node) : item.node);
  }
  return { kind: 'sequence', parts };
}

/** Comments, an `\E` alone, and with `extended` white space. */
function skipIgnored(reader: PatternReader): void {
  const { text } = reader;
  for (;;) {
    skipEnds(reader);
    if (text.startsWith('(?#', reader.at)) {
      const end = text.indexOf(')', reader.at);
      if (end < 0) throw new PatternError('missing ) after (?# comment', text.length);
      reader.at = end + 1;
    } else if (reader.flags.extended && isSpace(text.charCodeAt(reader.at))) reader.at++;
    else if (reader.flags.extended && text[reader.at] === '#') {
      const end = text.indexOf('\n', reader.at);
      reader.at = end < 0 ? text.length : end + 1;
    } else return;
  }
}

function readRepeats(reader: PatternReader, part: PatternNode): PatternNode {
  const range = readRange(reader);
  if (range === undefined) return part;
  const sign = reader.text[reader.at];
  if (sign === '+') throw new PatternError('possessive quantifier', reader.at, false);
  if (sign === '?') reader.at++;
  return { kind: 'repeat', part, ...range, isLazy: (sign === '?') !== reader.flags.ungreedy };
}

/** A quantifier, if one stands here. */
function readRange(reader: PatternReader): { least: number; most: number } | undefined {
  const sign = reader.text[reader.at];
  const endless = Number.POSITIVE_INFINITY;
  if (sign === '*' || sign === '+' || sign === '?') {
    reader.at++;
    return { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : endless };
  }
  const found = /^\{(\d+)(,(\d*))?\}/.exec(reader.text.slice(reader.at));
  if (found === null) return undefined;
  const [whole, first = '', comma, second = ''] = found;
  const least = boundOf(first, reader.at + 1);
  const most =
    comma === undefined
      ? least
      : second === ''
        ? endless
        : boundOf(second, reader.at + first.length + 2);
  reader.at += whole.length;
  if (most < least) {
    throw new PatternError('numbers out of order in {} quantifier', reader.at - 1);
  }
  return { least, most };
}

function boundOf(digits: string, at: number): number {
  for (let length = 1; length <= digits.length; length++) {
    if (Number(digits.slice(0, length)) <= REPEAT_MAX) continue;
    throw new PatternError('number too big in {} quantifier', at + length);
  }
  return Number(digits);
}

interface Item {
  readonly node: PatternNode;
  readonly mayRepeat: boolean;
}

/** One thing that may be repeated or not; `undefined`: something that matches nothing and nothing can repeat. */
function readItem(reader: PatternReader, depth: number): Item | undefined {
  const begin = reader.at;
  const { flags } = reader;
  if (readRange(reader) !== undefined) {
    // PCRE2 points to a sign, and to the closing brace.
    const at = reader.text[begin] === '{' ? reader.at - 1 : begin;
    throw new PatternError('quantifier does not follow a repeatable item', at);
  }
  const sign = reader.text[reader.at++] ?? '';
  switch (sign) {
    case '(':
      return readGroup(reader, depth);
    case '[': {
      const end = posixClassEnd(reader.text, begin);
      if (end !== undefined) {
        const kind = reader.text[begin + 1] === ':' ? 'named' : 'collating';
        throw new PatternError(
          kind === 'named'
            ? 'POSIX named classes are supported only within a class'
            : 'POSIX collating elements are not supported',
          begin,
        );
      }
      return character(readSet(reader));
    }
    case '.':
      return character(flags.dotAll ? () => true : (code) => code !== 0x0a);
    case '^':
      return assertion(
        flags.multiline ? (reader.altCircumflex ? 'line-start-or-end' : 'line-start') : 'start',
      );
    case '$':
      return assertion(flags.multiline ? 'line-end' : reader.dollarEndOnly ? 'final' : 'end');
    case '\\':
      return readEscape(reader);
    default:
      return character(literal(flags, sign.charCodeAt(0)));
  }
}

function character(accepts: Accepts): Item {
  return { node: { kind: 'character', accepts }, mayRepeat: true };
}

function assertion(what: Assertion, looksBehind = false): Item {
  return { node: { kind: 'assertion', assertion: what, looksBehind }, mayRepeat: false };
}

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'start'],
  ['Z', 'end'],
  ['z', 'final'],
  ['b', 'word'],
  ['B', 'not-word'],
]);

function readEscape(reader: PatternReader): Item | undefined {
  const sign = reader.text[reader.at] ?? '';
  const known = ASSERTIONS.get(sign);
  if (known !== undefined) {
    reader.at++;
    return assertion(known, /[AbB]/.test(sign));
  }
  if (sign === 'Q') return readQuoted(reader);
  const read = readAtom(reader);
  return character(typeof read === 'number' ? literal(reader.flags, read) : read);
}

/** `\Q…\E`: as written. What is repeated behind it is its last character. */
function readQuoted(reader: PatternReader): Item | undefined {
  const { text, flags } = reader;
  const begin = reader.at + 1;
  const found = text.indexOf('\\E', begin);
  const end = found < 0 ? text.length : found;
  reader.at = found < 0 ? end : end + 2;
  const codes = [...text.slice(begin, end)].map((one) => one.charCodeAt(0));
  const nodes = codes.map((code) => character(literal(flags, code)).node);
  const last = nodes.pop();
  if (last === undefined) return undefined;
  const node: PatternNode = { kind: 'sequence', parts: [...nodes, readRepeats(reader, last)] };
  return { node, mayRepeat: false };
}

/** What opens a group that only keeps together what is in it, behind `(?`. */
const PLAIN_GROUP = /^(?::|\||P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/;
const FLAG_LETTERS: ReadonlyMap<string, keyof PatternFlags | undefined> = new Map([
  ['i', 'caseless'],
  ['s', 'dotAll'],
  ['m', 'multiline'],
  ['x', 'extended'],
  ['n', undefined],
  ['J', undefined],
  ['U', 'ungreedy'],
]);

function readGroup(reader: PatternReader, depth: number): Item | undefined {
  const { text, flags } = reader;
  if (depth >= DEPTH_MAX) throw new PatternError('parentheses are too deeply nested', reader.at);
  if (text[reader.at] === '*') throw new PatternError('(*…)', reader.at - 1, false);
  if (text[reader.at] === '?') {
    reader.at++;
    const plain = PLAIN_GROUP.exec(text.slice(reader.at));
    if (plain !== null) {
      reader.at += plain[0].length;
      takeName(reader, plain[1] ?? plain[2]);
    } else if (!readFlags(reader)) return { node: NOTHING, mayRepeat: false };
  }
  const node = readChoice(reader, depth + 1);
  // Flags that were set inside end with the group.
  reader.flags = flags;
  if (text[reader.at] !== ')') throw new PatternError('missing closing parenthesis', text.length);
  reader.at++;
  return { node, mayRepeat: true };
}

function takeName({ names, at }: PatternReader, name: string | undefined): void {
  if (name === undefined || names === undefined) return;
  if (names.has(name)) {
    const message = 'two named subpatterns have the same name (PCRE2_DUPNAMES not set)';
    throw new PatternError(message, at);
  }
  names.add(name);
}

/** `(?i)` for the rest of the group around it, `(?i:` for one of its own (true). */
function readFlags(reader: PatternReader): boolean {
  const { text } = reader;
  const next = text[reader.at];
  // Look-around, atomic groups, conditions, calls of other groups, callouts: not read here.
  const ahead = text.slice(reader.at, reader.at + 2);
  if (/^(?:[=!>(&RC\d+]|P[=>]|<[=!]|-\d)/.test(ahead)) {
    throw new PatternError(`(?${next ?? ''}`, reader.at - 2, false);
  }
  const flags = { ...reader.flags };
  let value = true;
  if (next === '^') {
    Object.assign(flags, { caseless: false, dotAll: false, multiline: false, extended: false });
    reader.at++;
  }
  for (;;) {
    const sign = text[reader.at++];
    if (sign === '-' && value && next !== '^') value = false;
    else if (sign === ')' || sign === ':') {
      reader.flags = flags;
      return sign === ':';
    } else if (sign === undefined || !FLAG_LETTERS.has(sign)) {
      const at = sign === undefined ? text.length : reader.at - 1;
      if (sign === undefined) throw new PatternError('missing closing parenthesis', at);
      throw new PatternError('unrecognized character after (? or (?-', at);
    } else {
      const name = FLAG_LETTERS.get(sign);
      if (name !== undefined) flags[name] = value;
    }
  }
}
