/** Reads a pattern of `regex` into a tree. The subset of PCRE stands in `text-pattern.ts`; another pattern is refused as a whole. */

/** Deepest nesting of groups. */
const DEPTH_MAX = 50;

/** Whether a character is one that the pattern takes there. */
export type Accepts = (code: number) => boolean;
/** What holds between two characters. */
export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'word' | 'not-word' | 'final';

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: 'character'; readonly accepts: Accepts }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: 'repeat';
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number;
    };

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  readonly caseless: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
}

/** The pattern is not of the subset, or larger than the stated bounds. */
export class UnsupportedPattern extends Error {}

/** Reads the whole text. Throws `UnsupportedPattern`. */
export function readPattern(text: string, options: readonly string[]): PatternNode {
  const reader: Reader = {
    text,
    at: 0,
    depth: 0,
    caseless: options.includes('caseless'),
    dotAll: options.includes('dotall'),
    multiline: options.includes('multiline'),
  };
  const node = readChoice(reader);
  if (reader.at < text.length) throw new UnsupportedPattern('more than a pattern');
  return node;
}

function readChoice(reader: Reader): PatternNode {
  const parts = [readSequence(reader)];
  while (reader.text[reader.at] === '|') {
    reader.at++;
    parts.push(readSequence(reader));
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts };
}

function readSequence(reader: Reader): PatternNode {
  const parts: PatternNode[] = [];
  while (reader.at < reader.text.length) {
    const sign = reader.text[reader.at];
    if (sign === '|' || sign === ')') break;
    parts.push(readRepeats(reader, readItem(reader)));
  }
  return { kind: 'sequence', parts };
}

function readRepeats(reader: Reader, part: PatternNode): PatternNode {
  const range = readRange(reader);
  if (range === undefined) return part;
  const sign = reader.text[reader.at];
  if (sign === '?') reader.at++;
  if (sign === '+') throw new UnsupportedPattern('possessive');
  const again = reader.text[reader.at];
  if (again === '*' || again === '+' || again === '?')
    throw new UnsupportedPattern('repeated repeat');
  return { kind: 'repeat', part, ...range };
}

function readRange(reader: Reader): { least: number; most: number } | undefined {
  const sign = reader.text[reader.at];
  const endless = Number.POSITIVE_INFINITY;
  if (sign === '*' || sign === '+' || sign === '?') {
    reader.at++;
    return { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : endless };
  }
  const match = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(reader.text.slice(reader.at, reader.at + 12));
  if (match === null) return undefined;
  reader.at += match[0].length;
  const least = Number(match[1]);
  if (match[2] === undefined) return { least, most: least };
  const most = match[3] === '' ? endless : Number(match[3]);
  if (most < least) throw new UnsupportedPattern('range');
  return { least, most };
}

function readItem(reader: Reader): PatternNode {
  const sign = reader.text[reader.at] ?? '';
  reader.at++;
  switch (sign) {
    case '(':
      return readGroup(reader);
    case '[':
      return { kind: 'character', accepts: readSet(reader) };
    case '.': {
      const { dotAll } = reader;
      return { kind: 'character', accepts: (code) => dotAll || code !== 0x0a };
    }
    case '^':
      return { kind: 'assertion', assertion: reader.multiline ? 'line-start' : 'start' };
    case '$':
      return { kind: 'assertion', assertion: reader.multiline ? 'line-end' : 'end' };
    case '*':
    case '+':
    case '?':
      throw new UnsupportedPattern('nothing to repeat');
    case '\\':
      return readEscape(reader);
    default:
      return { kind: 'character', accepts: literal(reader, sign.charCodeAt(0)) };
  }
}

function readGroup(reader: Reader): PatternNode {
  if (reader.text[reader.at] === '?') {
    if (reader.text[reader.at + 1] !== ':') throw new UnsupportedPattern('group');
    reader.at += 2;
  }
  if (++reader.depth > DEPTH_MAX) throw new UnsupportedPattern('depth');
  const node = readChoice(reader);
  reader.depth--;
  if (reader.text[reader.at] !== ')') throw new UnsupportedPattern('unclosed group');
  reader.at++;
  return node;
}

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'start'],
  ['Z', 'end'],
  ['z', 'final'],
  ['b', 'word'],
  ['B', 'not-word'],
]);

function readEscape(reader: Reader): PatternNode {
  const assertion = ASSERTIONS.get(reader.text[reader.at] ?? '');
  if (assertion !== undefined) {
    reader.at++;
    return { kind: 'assertion', assertion };
  }
  const read = readEscaped(reader);
  const accepts = typeof read === 'number' ? literal(reader, read) : read;
  return { kind: 'character', accepts };
}

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['f', 0x0c],
  ['v', 0x0b],
  ['e', 0x1b],
  ['a', 0x07],
]);

/** Behind a backslash, in and outside of sets: one character, or a class. */
function readEscaped(reader: Reader): number | Accepts {
  const sign = reader.text[reader.at];
  if (sign === undefined) throw new UnsupportedPattern('end');
  reader.at++;
  const control = CONTROLS.get(sign);
  if (control !== undefined) return control;
  if (sign === 'x') {
    const digits = /^[0-9a-f]{2}/i.exec(reader.text.slice(reader.at, reader.at + 2));
    if (digits === null) throw new UnsupportedPattern('\\x');
    reader.at += 2;
    return Number.parseInt(digits[0], 16);
  }
  const known = classOf(sign);
  if (known !== undefined) return known;
  if (/[A-Za-z0-9]/.test(sign)) throw new UnsupportedPattern('escape');
  return sign.charCodeAt(0);
}

function classOf(sign: string): Accepts | undefined {
  switch (sign) {
    case 'd':
      return isDigit;
    case 'D':
      return (code) => !isDigit(code);
    case 'w':
      return isWord;
    case 'W':
      return (code) => !isWord(code);
    case 's':
      return isSpace;
    case 'S':
      return (code) => !isSpace(code);
    default:
      return undefined;
  }
}

function readSet(reader: Reader): Accepts {
  const negated = reader.text[reader.at] === '^';
  if (negated) reader.at++;
  const items: Accepts[] = [];
  for (let first = true; ; first = false) {
    const sign = reader.text[reader.at];
    if (sign === undefined) throw new UnsupportedPattern('unclosed set');
    reader.at++;
    if (sign === ']' && !first) break;
    if (sign === '[' && /[:.=]/.test(reader.text[reader.at] ?? ''))
      throw new UnsupportedPattern('[:');
    const low = sign === '\\' ? readEscaped(reader) : sign.charCodeAt(0);
    items.push(typeof low === 'number' ? readSpan(reader, low) : low);
  }
  return (code) => items.some((accepts) => accepts(code)) !== negated;
}

/** One character of a set, or a range that begins with it. */
function readSpan(reader: Reader, low: number): Accepts {
  const { text } = reader;
  const end = text[reader.at + 1];
  if (text[reader.at] !== '-' || end === ']' || end === undefined) return literal(reader, low);
  reader.at += 2;
  const high = end === '\\' ? readEscaped(reader) : end.charCodeAt(0);
  if (typeof high !== 'number' || high < low) throw new UnsupportedPattern('range');
  const within: Accepts = (code) => code >= low && code <= high;
  if (!reader.caseless) return within;
  return (code) => within(lower(code)) || within(upper(code)) || within(code);
}

function literal(reader: Reader, wanted: number): Accepts {
  if (!reader.caseless) return (code) => code === wanted;
  return (code) => lower(code) === lower(wanted);
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

function upper(code: number): number {
  return code >= 0x61 && code <= 0x7a ? code - 0x20 : code;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether `\w` takes it. */
export function isWord(code: number): boolean {
  return isDigit(code) || (lower(code) >= 0x61 && lower(code) <= 0x7a) || code === 0x5f;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
