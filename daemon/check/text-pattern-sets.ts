/** Single characters of a pattern: what stands behind a backslash, and sets in brackets. Source: pcre2pattern(3), PCRE2 10.42. */

/** Whether a character is one that the pattern takes there. */
export type Accepts = (code: number) => boolean;

/** What holds from here to the end of the group. */
export interface PatternFlags {
  caseless: boolean;
  dotAll: boolean;
  multiline: boolean;
  /** White space and comments are not part of the pattern. */
  extended: boolean;
  /** A quantifier alone takes as few as will do, and one with `?` as many. */
  ungreedy: boolean;
}

/** A pattern that is being read. */
export interface PatternReader {
  readonly text: string;
  at: number;
  flags: PatternFlags;
  /** Names of groups so far; `undefined`: they may have one twice. */
  readonly names: Set<string> | undefined;
  readonly emptySets: boolean;
  readonly dollarEndOnly: boolean;
  readonly altCircumflex: boolean;
}

/** Why a pattern was not read. The message is PCRE2's when `isWrong`; otherwise it names what is not read here. */
export class PatternError extends Error {
  readonly at: number;
  readonly isWrong: boolean;

  constructor(message: string, at: number, isWrong = true) {
    super(message);
    this.at = at;
    this.isWrong = isWrong;
  }
}

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['f', 0x0c],
  ['e', 0x1b],
  ['a', 0x07],
]);

const CLASSES: ReadonlyMap<string, Accepts> = new Map([
  ['d', isDigit],
  ['w', isWord],
  ['s', isSpace],
  ['h', (code: number) => code === 0x20 || code === 0x09 || code === 0xa0],
  ['v', (code: number) => (code >= 0x0a && code <= 0x0d) || code === 0x85],
]);

/** Behind a backslash, outside of sets: one character, or a class. */
export function readAtom(reader: PatternReader): number | Accepts {
  const sign = reader.text[reader.at];
  const begin = reader.at;
  if (sign === 'N') {
    if (reader.text[begin + 1] === '{') throw new PatternError('\\N{', begin - 1, false);
    reader.at++;
    return (code) => code !== 0x0a;
  }
  if (sign === 'C') {
    reader.at++;
    return () => true;
  }
  if (sign !== undefined && /[1-9gkGKRXpP]/.test(sign)) {
    throw new PatternError(`\\${sign}`, begin - 1, false);
  }
  return readEscaped(reader);
}

/** Behind a backslash, in and outside of sets. */
function readEscaped(reader: PatternReader): number | Accepts {
  const { text } = reader;
  const sign = text[reader.at];
  if (sign === undefined) throw new PatternError('\\ at end of pattern', reader.at);
  reader.at++;
  const control = CONTROLS.get(sign);
  if (control !== undefined) return control;
  const positive = CLASSES.get(sign);
  if (positive !== undefined) return positive;
  const negative = sign === sign.toLowerCase() ? undefined : CLASSES.get(sign.toLowerCase());
  if (negative !== undefined) return (code) => !negative(code);
  if (sign === 'x') return readHex(reader);
  if (sign === '0') {
    const digits = /^[0-7]{0,2}/.exec(text.slice(reader.at))?.[0] ?? '';
    reader.at += digits.length;
    return Number.parseInt(digits || '0', 8);
  }
  if (sign === 'c' || sign === 'o') throw new PatternError(`\\${sign}`, reader.at - 2, false);
  if (/[FLlUu]/.test(sign)) {
    const message = 'PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u';
    throw new PatternError(message, reader.at);
  }
  // Before such a character in a pattern, behind any other.
  if (/[A-Za-z0-9]/.test(sign)) {
    throw new PatternError('unrecognized character follows \\', reader.at - 1);
  }
  return sign.charCodeAt(0);
}

/** `\xHH` with two digits at most, `\x{HH}` with as many as one likes. */
function readHex(reader: PatternReader): number {
  const { text } = reader;
  const braced =
    text[reader.at] === '{' ? /^\{([0-9a-f]*)(\}?)/i.exec(text.slice(reader.at)) : null;
  if (braced === null) {
    const digits = /^[0-9a-f]{0,2}/i.exec(text.slice(reader.at))?.[0] ?? '';
    reader.at += digits.length;
    return Number.parseInt(digits || '0', 16);
  }
  const [whole, digits = '', end] = braced;
  for (let length = 1; length <= digits.length; length++) {
    if (Number.parseInt(digits.slice(0, length), 16) <= 0xff) continue;
    const message = 'character code point value in \\x{} or \\o{} is too large';
    throw new PatternError(message, reader.at + 1 + length);
  }
  if (digits === '' || end === '') {
    const message =
      digits === '' && [undefined, '}'].includes(text[reader.at + 1])
        ? 'digits missing in \\x{} or \\o{} or \\N{U+}'
        : 'non-hex character in \\x{} (closing brace missing?)';
    throw new PatternError(message, reader.at + whole.length);
  }
  reader.at += whole.length;
  return Number.parseInt(digits, 16);
}

/** A set, behind its opening bracket. */
export function readSet(reader: PatternReader): Accepts {
  const { text } = reader;
  const negated = text[reader.at] === '^';
  if (negated) reader.at++;
  const items: Accepts[] = [];
  for (let isFirst = !reader.emptySets; ; ) {
    const sign = text[reader.at];
    if (sign === undefined) {
      throw new PatternError('missing terminating ] for character class', text.length);
    }
    if (sign === ']' && !isFirst) break;
    const low = readSetItem(reader);
    if (low === undefined) continue;
    isFirst = false;
    skipEnds(reader);
    items.push(typeof low === 'number' ? readSpan(reader, low) : low);
    if (typeof low !== 'number') refuseRangeFrom(reader);
  }
  reader.at++;
  return (code) => items.some((accepts) => accepts(code)) !== negated;
}

/** One character of a set, or a class; `undefined`: nothing at all. */
function readSetItem(reader: PatternReader): number | Accepts | undefined {
  const { text } = reader;
  const begin = reader.at;
  const sign = text[begin] ?? '';
  if (sign === '[') {
    const end = posixClassEnd(text, begin);
    if (end !== undefined) return readPosixClass(reader, end);
  }
  reader.at++;
  if (sign !== '\\') return sign.charCodeAt(0);
  const next = text[reader.at] ?? '';
  if (next === 'Q') throw new PatternError('\\Q', begin, false);
  if (next === 'E') {
    reader.at++;
    return undefined;
  }
  if (next === 'b') {
    reader.at++;
    return 0x08;
  }
  if (/[1-7pP]/.test(next)) throw new PatternError(`\\${next}`, begin, false);
  if (next === 'N') {
    throw new PatternError('\\N is not supported in a class', reader.at + 1);
  }
  if (/[ABCGKRXZgkz]/.test(next)) {
    throw new PatternError('escape sequence is invalid in character class', reader.at);
  }
  return readEscaped(reader);
}

/** A range that begins with a character of a set, or the character alone. */
function readSpan(reader: PatternReader, low: number): Accepts {
  const { text, flags } = reader;
  const end = text[reader.at + 1];
  if (text[reader.at] !== '-' || end === ']' || end === undefined) return literal(flags, low);
  reader.at++;
  skipEnds(reader);
  const at = reader.at;
  const high = readSetItem(reader) ?? low;
  if (typeof high !== 'number') {
    // Before the end of a class by name, behind a class by letter.
    const back = text[at] === '[' ? reader.at - at : 0;
    throw new PatternError('invalid range in character class', reader.at - back);
  }
  if (high < low) throw new PatternError('range out of order in character class', reader.at - 1);
  const within: Accepts = (code) => code >= low && code <= high;
  if (!flags.caseless) return within;
  return (code) => within(lower(code)) || within(upper(code)) || within(code);
}

/** An `\E` without `\Q` is nothing. */
export function skipEnds(reader: PatternReader): void {
  while (reader.text.startsWith('\\E', reader.at)) reader.at += 2;
}

/** Behind a class a hyphen may only be the last in its set. */
function refuseRangeFrom({ text, at }: PatternReader): void {
  if (text[at] !== '-' || text[at + 1] === undefined || text[at + 1] === ']') return;
  throw new PatternError('invalid range in character class', at);
}

/** Where `[:NAME:]` (or `[.` or `[=`) that begins at `at` ends; `undefined` when it is none. */
export function posixClassEnd(text: string, at: number): number | undefined {
  const sign = text[at + 1];
  if (sign !== ':' && sign !== '.' && sign !== '=') return undefined;
  for (let i = at + 2; i + 1 < text.length; i++) {
    if (text[i] === sign && text[i + 1] === ']') return i + 2;
    if (text[i] === '\\' && (text[i + 1] === ']' || text[i + 1] === '\\')) i++;
    else if (text[i] === ']' || (text[i] === '[' && text[i + 1] === sign)) return undefined;
  }
  return undefined;
}

const POSIX_CLASSES: ReadonlyMap<string, Accepts> = new Map<string, Accepts>([
  ['alpha', isLetter],
  ['lower', (code) => code >= 0x61 && code <= 0x7a],
  ['upper', (code) => code >= 0x41 && code <= 0x5a],
  ['alnum', (code) => isLetter(code) || isDigit(code)],
  ['ascii', (code) => code < 0x80],
  ['blank', (code) => code === 0x20 || code === 0x09],
  ['cntrl', (code) => code < 0x20 || code === 0x7f],
  ['digit', isDigit],
  ['graph', isGraphic],
  ['print', (code) => code === 0x20 || isGraphic(code)],
  ['punct', (code) => isGraphic(code) && !isLetter(code) && !isDigit(code)],
  ['space', isSpace],
  ['word', isWord],
  ['xdigit', (code) => isDigit(code) || (lower(code) >= 0x61 && lower(code) <= 0x66)],
]);

function readPosixClass(reader: PatternReader, end: number): Accepts {
  const { text, at } = reader;
  if (text[at + 1] !== ':') {
    throw new PatternError('POSIX collating elements are not supported', at);
  }
  const isNegated = text[at + 2] === '^';
  const nameAt = at + (isNegated ? 3 : 2);
  const name = text.slice(nameAt, end - 2);
  // Without case, upper and lower are all letters.
  const isCase = name === 'lower' || name === 'upper';
  const accepts = POSIX_CLASSES.get(reader.flags.caseless && isCase ? 'alpha' : name);
  if (accepts === undefined) throw new PatternError('unknown POSIX class name', nameAt);
  reader.at = end;
  return isNegated ? (code) => !accepts(code) : accepts;
}

/** One character as written, of either case where case does not count. */
export function literal(flags: PatternFlags, wanted: number): Accepts {
  if (!flags.caseless) return (code) => code === wanted;
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

function isLetter(code: number): boolean {
  return lower(code) >= 0x61 && lower(code) <= 0x7a;
}

function isGraphic(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

/** Whether `\w` takes it. */
export function isWord(code: number): boolean {
  return isDigit(code) || isLetter(code) || code === 0x5f;
}

/** Whether `\s` takes it. */
export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
