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

import {
  type Accepts,
  type Assertion,
  isWord,
  type PatternNode,
  readPattern,
  UnsupportedPattern,
} from './text-pattern-reader.ts';

/** Most states of one pattern; counted repetitions are written out, so they are what reaches it. */
const STATES_MAX = 5000;

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

/** Makes a pattern; `undefined` when it is not of the subset, or larger than the stated bounds. */
export function compilePattern(text: string, options: readonly string[]): Pattern | undefined {
  try {
    const states: State[] = [{ kind: 'match' }];
    const start = build(states, readPattern(text, options), 0);
    return { states, start, anchored: options.includes('anchored') };
  } catch (error) {
    if (error instanceof UnsupportedPattern) return undefined;
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
  if (states.length >= STATES_MAX) throw new UnsupportedPattern('too large');
  states.push(state);
  return states.length - 1;
}

/** Adds the states of a node in front of `next`; returns the entry. */
function build(states: State[], node: PatternNode, next: number): number {
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
  node: Extract<PatternNode, { kind: 'repeat' }>,
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
