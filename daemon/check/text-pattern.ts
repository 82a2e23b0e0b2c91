/**
 * The regular expressions of `regex`, matched without the engine's own: a pattern from a configuration can
 * never hang the daemon.
 *
 * All alternatives are followed at once (Thompson's construction), so the time is bounded by pattern length
 * times text length. The subset of PCRE: literals, `.`, `[…]` with ranges, negation and POSIX-free classes,
 * `\d \D \w \W \s \S`, `\n \r \t \xHH`, groups `( )` and `(?: )`, `|`, `* + ?` and `{m,n}` (lazy ones too,
 * which finds the same place), `^`, `$`, `\A`, `\z`, `\b`, `\B`; options caseless, dotall, multiline,
 * anchored. Not there: back references, look-around, named classes `[:alpha:]`. Such a pattern is refused
 * as a whole and matches nothing.
 */

/** Most states of one pattern; counted repetitions are written out, so they are what reaches it. */
const STATES_MAX = 5000;
/** Deepest nesting of groups. */
const DEPTH_MAX = 50;

type Accepts = (code: number) => boolean;
type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'word' | 'not-word' | 'final';

type Node =
  | { readonly kind: 'character'; readonly accepts: Accepts }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number };

type State =
  | { readonly kind: 'character'; readonly accepts: Accepts; next: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

/** A pattern ready for use. */
export interface Pattern {
  readonly states: readonly State[];
  readonly start: number;
  readonly anchored: boolean;
}

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  readonly caseless: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
}

/** Thrown inside this file only, caught by `compilePattern`. */
class Unsupported extends Error {}

/** Makes a pattern; `undefined` when it is not of the subset, or larger than the stated bounds. */
export function compilePattern(text: string, options: readonly string[]): Pattern | undefined {
  const reader: Reader = {
    text,
    at: 0,
    depth: 0,
    caseless: options.includes('caseless'),
    dotAll: options.includes('dotall'),
    multiline: options.includes('multiline'),
  };
  try {
    const node = readChoice(reader);
    if (reader.at < text.length) return undefined;
    const states: State[] = [{ kind: 'match' }];
    const start = build(states, node, 0);
    return { states, start, anchored: options.includes('anchored') };
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

/**
 * Offset of the first match that begins at `from` or behind, or -1. With `open` more text may follow: its end is no
 * end, and no `$` holds there.
 */
export function findMatch(
  pattern: Pattern,
  text: string,
  { from = 0, open = false }: { readonly from?: number; readonly open?: boolean } = {},
): number {
  const last = pattern.anchored ? Math.min(from, text.length) : text.length;
  // The beginning of each thread travels with it; the earliest beginning of all that match counts.
  let current = new Map<number, number>();
  let best = -1;
  for (let at = from; at <= text.length; at++) {
    if (at <= last && best < 0)
      follow(pattern, { into: current, text, at, open }, pattern.start, at);
    const next = new Map<number, number>();
    for (const [index, begin] of current) {
      const state = pattern.states[index];
      if (state?.kind === 'match') {
        if (best < 0 || begin < best) best = begin;
      } else if (state?.kind === 'character' && at < text.length) {
        if (!state.accepts(text.charCodeAt(at))) continue;
        if (best >= 0 && begin >= best) continue;
        follow(pattern, { into: next, text, at: at + 1, open }, state.next, begin);
      }
    }
    if (next.size === 0 && (best >= 0 || at >= last)) break;
    current = next;
  }
  return best;
}

interface Place {
  readonly into: Map<number, number>;
  readonly text: string;
  readonly at: number;
  readonly open: boolean;
}

function follow(pattern: Pattern, place: Place, first: number, begin: number): void {
  const waiting = [first];
  const seen = new Set<number>();
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const state = pattern.states[index];
    if (state === undefined) continue;
    if (state.kind === 'split') waiting.push(state.other, state.next);
    else if (state.kind === 'assertion') {
      if (holds(state.assertion, place)) waiting.push(state.next);
    } else {
      const known = place.into.get(index);
      if (known === undefined || begin < known) place.into.set(index, begin);
    }
  }
}

function holds(assertion: Assertion, { text, at, open }: Place): boolean {
  const { length } = text;
  switch (assertion) {
    case 'start':
      return at === 0;
    case 'final':
      return at === length && !open;
    case 'end':
      return !open && (at === length || (at === length - 1 && text[at] === '\n'));
    case 'line-start':
      return at === 0 || text[at - 1] === '\n';
    case 'line-end':
      return (at === length && !open) || text[at] === '\n';
    case 'word':
    case 'not-word': {
      const before = at > 0 && isWord(text.charCodeAt(at - 1));
      const behind = at < length && isWord(text.charCodeAt(at));
      return (before !== behind) === (assertion === 'word');
    }
  }
}

function add(states: State[], state: State): number {
  if (states.length >= STATES_MAX) throw new Unsupported('too large');
  states.push(state);
  return states.length - 1;
}

/** Adds the states of a node in front of `next`; returns the entry. */
function build(states: State[], node: Node, next: number): number {
  switch (node.kind) {
    case 'character':
      return add(states, { kind: 'character', accepts: node.accepts, next });
    case 'assertion':
      return add(states, { kind: 'assertion', assertion: node.assertion, next });
    case 'sequence':
      return node.parts.reduceRight((behind, part) => build(states, part, behind), next);
    case 'choice': {
      const entries = node.parts.map((part) => build(states, part, next));
      return entries.reduceRight((other, entry) =>
        add(states, { kind: 'split', next: entry, other }),
      );
    }
    case 'repeat':
      return buildRepeat(states, node, next);
  }
}

function buildRepeat(
  states: State[],
  node: Extract<Node, { kind: 'repeat' }>,
  next: number,
): number {
  const { part, least, most } = node;
  let entry = next;
  if (most === Number.POSITIVE_INFINITY) {
    const loop = { kind: 'split' as const, next, other: next };
    entry = add(states, loop);
    loop.next = build(states, part, entry);
  } else {
    for (let i = least; i < most; i++) {
      const body = build(states, part, entry);
      entry = add(states, { kind: 'split', next: body, other: next });
    }
  }
  for (let i = 0; i < least; i++) entry = build(states, part, entry);
  return entry;
}

function readChoice(reader: Reader): Node {
  const parts = [readSequence(reader)];
  while (reader.text[reader.at] === '|') {
    reader.at++;
    parts.push(readSequence(reader));
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts };
}

function readSequence(reader: Reader): Node {
  const parts: Node[] = [];
  while (reader.at < reader.text.length) {
    const sign = reader.text[reader.at];
    if (sign === '|' || sign === ')') break;
    parts.push(readRepeats(reader, readItem(reader)));
  }
  return { kind: 'sequence', parts };
}

function readRepeats(reader: Reader, part: Node): Node {
  const range = readRange(reader);
  if (range === undefined) return part;
  const sign = reader.text[reader.at];
  if (sign === '?') reader.at++;
  if (sign === '+') throw new Unsupported('possessive');
  const again = reader.text[reader.at];
  if (again === '*' || again === '+' || again === '?') throw new Unsupported('repeated repeat');
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
  if (most < least) throw new Unsupported('range');
  return { least, most };
}

function readItem(reader: Reader): Node {
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
      throw new Unsupported('nothing to repeat');
    case '\\':
      return readEscape(reader);
    default:
      return { kind: 'character', accepts: literal(reader, sign.charCodeAt(0)) };
  }
}

function readGroup(reader: Reader): Node {
  if (reader.text[reader.at] === '?') {
    if (reader.text[reader.at + 1] !== ':') throw new Unsupported('group');
    reader.at += 2;
  }
  if (++reader.depth > DEPTH_MAX) throw new Unsupported('depth');
  const node = readChoice(reader);
  reader.depth--;
  if (reader.text[reader.at] !== ')') throw new Unsupported('unclosed group');
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

function readEscape(reader: Reader): Node {
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
  if (sign === undefined) throw new Unsupported('end');
  reader.at++;
  const control = CONTROLS.get(sign);
  if (control !== undefined) return control;
  if (sign === 'x') {
    const digits = /^[0-9a-f]{2}/i.exec(reader.text.slice(reader.at, reader.at + 2));
    if (digits === null) throw new Unsupported('\\x');
    reader.at += 2;
    return Number.parseInt(digits[0], 16);
  }
  const known = classOf(sign);
  if (known !== undefined) return known;
  if (/[A-Za-z0-9]/.test(sign)) throw new Unsupported('escape');
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
    if (sign === undefined) throw new Unsupported('unclosed set');
    reader.at++;
    if (sign === ']' && !first) break;
    if (sign === '[' && /[:.=]/.test(reader.text[reader.at] ?? '')) throw new Unsupported('[:');
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
  if (typeof high !== 'number' || high < low) throw new Unsupported('range');
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

function isWord(code: number): boolean {
  return isDigit(code) || (lower(code) >= 0x61 && lower(code) <= 0x7a) || code === 0x5f;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
