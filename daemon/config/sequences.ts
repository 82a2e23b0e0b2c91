/**
 * `~SEQ(var, start, step, end) text` and `~LST(var, values…) text`: a line that stands for many. Each round
 * sets its variables as definitions and yields the text; several on one line nest, since the text is read
 * like any other line.
 *
 * Source: keepalived.conf(5); messages as 2.2.7 prints them.
 */

import { type Definitions, setDefinition, substitute } from './definitions.ts';

/** A sequence under way. */
export interface Sequence {
  readonly text: string;
  /** Values of each round still to come: name and value. */
  readonly rounds: (readonly (readonly [name: string, value: string])[])[];
}

/** A parsed sequence, or what is wrong with it in keepalived's words, `%s` standing for the line. */
export type SequenceResult = Sequence | { readonly complaints: readonly string[] };

/** Rounds that one sequence may have; keepalived has no bound, a typing error must not fill memory. */
const SEQUENCE_ROUNDS_MAX = 10_000;

/** Most parameter text that keepalived's buffer takes: three longs with separators. */
const PARAMETERS_MAX = 64;

/** Sets the variables of the next round and returns its text. */
export function nextRound(sequence: Sequence, table: Definitions): string {
  for (const [name, value] of sequence.rounds.shift() ?? []) setDefinition(table, name, value);
  return sequence.text;
}

/** Parses a line that begins with `~SEQ`. */
export function parseSeq(line: string, table: Definitions): SequenceResult {
  const head = /^~SEQ(x?)[ \t]*\([ \t]*/.exec(line);
  if (head === null) return failed();
  const variable = /^([^ \t,)]*)[ \t]*/.exec(line.slice(head[0].length)) as RegExpExecArray;
  const at = head[0].length + variable[0].length;
  const name = variable[1] as string;
  if (name === '' || at >= line.length || line[at] === ')') {
    return failed("Invalid ~SEQ definition '%s'");
  }
  const close = line.indexOf(')', at);
  if (close < 0) return failed("~SEQ parameter strings too long '%s'");
  const raw = line.slice(at + 1, close + 1).replace(/^[ \t]+/, '');
  if (raw.length + 1 > PARAMETERS_MAX) return failed("~SEQ parameter strings too long '%s'");
  const replaced = substitute(table, raw);
  if (replaced.continuation !== undefined) {
    return failed("~SEQ parameter is multiline definition '%s'");
  }
  const range = seqRange(replaced.text);
  if (typeof range === 'string') return failed(range);
  const hex = head[1] === 'x';
  if (hex && (range.start < 0 || range.end < 0)) {
    return failed("~SEQx is only valid for positive numbers '%s'");
  }
  const text = line.slice(close + 1).replace(/^[ \t]+/, '');
  return { text, rounds: seqRounds(name, range, hex) };
}

interface SeqRange {
  readonly start: number;
  readonly step: number;
  readonly end: number;
}

function seqRange(text: string): SeqRange | string {
  const numbers = text.slice(0, text.indexOf(')')).split(',').map(longOf);
  if (numbers.length > 3 || numbers.includes(undefined)) return "Invalid ~SEQ definition '%s'";
  const [one, two, three] = numbers as number[];
  if (one === undefined) return "Invalid ~SEQ definition '%s'";
  if (two === undefined) {
    return { start: one < 0 ? -1 : 1, step: one < 1 ? -1 : 1, end: one };
  }
  if (three === undefined) return { start: one, step: one <= two ? 1 : -1, end: two };
  const wrongWay = (one < three && two < 0) || (one > three && two > 0);
  if (two === 0 || wrongWay) return "Invalid ~SEQ values '%s'";
  return { start: one, step: two, end: three };
}

/** A C long in any base that strtol takes; an empty text is 0, as there. */
function longOf(text: string): number | undefined {
  const word = text.trim();
  if (word === '') return 0;
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|\d+)$/.exec(word);
  if (match === null) return undefined;
  const digits = match[2] as string;
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  return match[1] === '-' ? -value : value;
}

function seqRounds(name: string, range: SeqRange, hex: boolean): Sequence['rounds'] {
  const rounds: Sequence['rounds'] = [];
  for (let value = range.start; rounds.length < SEQUENCE_ROUNDS_MAX; value += range.step) {
    if (rounds.length > 0 && (range.step > 0 ? value > range.end : value < range.end)) break;
    rounds.push([[name, value.toString(hex ? 16 : 10)]]);
  }
  return rounds;
}

/** Parses a line that begins with `~LST`. */
export function parseLst(line: string): SequenceResult {
  const head = /^~LST[ \t]*\([ \t]*/.exec(line);
  if (head === null) return failed();
  const names = parseList(line, head[0].length, false);
  if (names === undefined) return failed();
  let at = names.end;
  const rounds: Sequence['rounds'] = [];
  for (;;) {
    if (line[at] !== ',') return failed();
    const values = parseList(line, skipBlank(line, at + 1), true);
    if (values === undefined) return failed();
    if (values.words.length > names.words.length) {
      return failed("~LST specification has too many values '%s'");
    }
    rounds.push(names.words.map((name, index) => [name, values.words[index] ?? '']));
    at = values.end;
    if (line[at] === ')') break;
  }
  return { text: line.slice(at + 1).replace(/^[ \t]+/, ''), rounds };
}

/** `a`, or `{a, b}`; the end is behind the blanks that follow. */
function parseList(
  line: string,
  from: number,
  mayEndInParenthesis: boolean,
): { readonly words: readonly string[]; readonly end: number } | undefined {
  const grouped = line[from] === '{';
  const stop = mayEndInParenthesis ? /[ \t,})]/ : /[ \t,}]/;
  const words: string[] = [];
  let at = grouped ? skipBlank(line, from + 1) : from;
  for (;;) {
    const begin = at;
    while (at < line.length && !stop.test(line[at] as string)) at++;
    words.push(line.slice(begin, at));
    at = skipBlank(line, at);
    const end = line[at];
    if (grouped && end === '}') return { words, end: skipBlank(line, at + 1) };
    if (!grouped && (end === ',' || (mayEndInParenthesis && end === ')')))
      return { words, end: at };
    if (end !== ',') return undefined;
    at = skipBlank(line, at + 1);
  }
}

function skipBlank(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at++;
  return at;
}

function failed(...complaints: readonly string[]): SequenceResult {
  return { complaints };
}
