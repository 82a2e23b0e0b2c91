/**
 * The regular expressions of `regex`, matched without the engine's own: a pattern from a configuration can
 * never hang the daemon.
 *
 * All alternatives are followed at once (Thompson's construction), so the time is bounded by pattern length
 * times text length. Read are literals, `.`, sets with ranges, negation and POSIX classes, the escapes for single
 * characters and classes, `\Q…\E`, groups of every name, flags as in `(?i)`, comments, `|`, `* + ?` and `{m,n}`
 * (lazy ones too), `^ $ \A \Z \z \b \B`, and the options that change where something
 * is found. Not read are back references, look-around, possessive quantifiers, conditions, calls, `\R`, `\X`, `\p`,
 * `\G`, `\K`: such a pattern is right for keepalived and matches nothing here, which `lantwin check` tells.
 */

import { type Assertion, type PatternNode, readPattern } from './text-pattern-reader.ts';
import { type Accepts, isWord, PatternError } from './text-pattern-sets.ts';

/** Most states of one pattern; counted repetitions are written out, so they are what reaches it. */
const STATES_MAX = 5000;

type State =
  | { readonly kind: 'character'; readonly accepts: Accepts; next: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

/** What `regex_options` takes. Many change nothing about where a pattern is found. */
export const REGEX_OPTIONS: ReadonlySet<string> = new Set(
  (
    'allow_empty_class alt_bsux auto_callout caseless dollar_endonly dotall dupnames extended firstline ' +
    'match_unset_backref multiline never_ucp never_utf no_auto_capture no_auto_possess no_dotstar_anchor ' +
    'no_start_optimize ucp ungreedy utf never_backslash_c alt_circumflex alt_verbnames use_offset_limit'
  ).split(' '),
);

/** A pattern ready for use. */
export interface Pattern {
  readonly states: readonly State[];
  readonly start: number;
  /** Characters before a match that it may depend on. */
  readonly lookBehind: 0 | 1;
  /** At the end of a text a match may begin although nothing was seen of it. */
  readonly mayEndAtOnce: boolean;
  /** Found in the first line or not at all. */
  readonly firstLine: boolean;
}

/** Why a pattern cannot be used: PCRE2's own words and offset, or (`isWrong` false) what is not read here. */
export interface PatternProblem {
  readonly message: string;
  readonly at: number;
  readonly isWrong: boolean;
}

/** Makes a pattern, or says why there is none. */
export function compilePattern(
  text: string,
  options: readonly string[],
): Pattern | { readonly problem: PatternProblem } {
  try {
    const states: State[] = [{ kind: 'match' }];
    const node = readPattern(text, options);
    const start = build(states, node, 0);
    const lookBehind = looksBehind(node) ? 1 : 0;
    const mayEndAtOnce = lookBehind > 0 || mayBeEmpty(node);
    const firstLine = options.includes('firstline');
    return { states, start, firstLine, lookBehind, mayEndAtOnce };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const { message, at, isWrong } = error;
    return { problem: { message, at, isWrong } };
  }
}

/** Where a pattern was found, or (`partial`) where it may begin once more text has come. */
export interface Found {
  readonly kind: 'match' | 'partial';
  readonly at: number;
}

/**
 * Looks for the pattern from `from` on, in a text that may go on: its end is no end. A way through the pattern that is
 * preferred to a match and would go on behind the end is `partial`, so `ok.*` is never found at the very end.
 * Source: pcre2partial(3), PCRE2_PARTIAL_HARD.
 */
export function findMatch(pattern: Pattern, text: string, from = 0): Found | undefined {
  const last = lastStart(pattern, text, from);
  // State and where its way began, the preferred ones first.
  let current = new Map<number, number>();
  let best: number | undefined;
  for (let at = from; at <= text.length; at++) {
    if (at <= last && best === undefined) {
      follow(pattern, { into: current, text, at }, pattern.start, at);
    }
    const next = new Map<number, number>();
    for (const [index, begin] of current) {
      const state = pattern.states[index];
      if (state?.kind === 'match') {
        best = begin;
        break;
      }
      if (at === text.length) {
        if (begin < at || pattern.mayEndAtOnce || state?.kind === 'assertion')
          return { kind: 'partial', at: begin };
      } else if (state?.kind === 'assertion') {
        if (!next.has(index)) next.set(index, begin);
      } else if (state?.kind === 'character' && state.accepts(text.charCodeAt(at))) {
        follow(pattern, { into: next, text, at: at + 1 }, state.next, begin);
      }
    }
    if (next.size === 0 && (best !== undefined || at >= last)) break;
    current = next;
  }
  return best === undefined ? undefined : { kind: 'match', at: best };
}

/** Where a match may begin at the latest. */
function lastStart(pattern: Pattern, text: string, from: number): number {
  const lineEnd = pattern.firstLine ? text.indexOf('\n', from) : -1;
  return lineEnd < 0 ? text.length : lineEnd;
}

interface Place {
  readonly into: Map<number, number>;
  readonly text: string;
  readonly at: number;
}

/** Adds what can be reached without a character, in the order in which it is tried. */
function follow(pattern: Pattern, place: Place, first: number, begin: number): void {
  const waiting = [first];
  const seen = new Set<number>();
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const state = pattern.states[index];
    if (state === undefined) continue;
    if (state.kind === 'split') waiting.push(state.other, state.next);
    else if (state.kind === 'assertion' && !asksBehindEnd(state.assertion, place)) {
      if (holds(state.assertion, place)) waiting.push(state.next);
    } else if (
      state.kind === 'assertion' &&
      state.assertion === 'line-end' &&
      begin === place.at &&
      !pattern.mayEndAtOnce
    ) {
      // Alone among them, this one holds at the end when nothing was seen yet.
      waiting.push(state.next);
    } else if (!place.into.has(index)) place.into.set(index, begin);
  }
}

/** Only the text to come can say whether it holds. */
function asksBehindEnd(assertion: Assertion, { text, at }: Place): boolean {
  if (assertion === 'end' && at === text.length - 1) return text[at] === '\n';
  return at === text.length && !/^(?:start|line-start)/.test(assertion);
}

function holds(assertion: Assertion, { text, at }: Place): boolean {
  switch (assertion) {
    case 'start':
      return at === 0;
    case 'final':
    case 'end':
      return false;
    case 'line-start':
      // Behind the last line feed no line begins.
      return at === 0 || (text[at - 1] === '\n' && at < text.length);
    case 'line-start-or-end':
      return at === 0 || text[at - 1] === '\n';
    case 'line-end':
      return text[at] === '\n';
    case 'word':
    case 'not-word': {
      const before = at > 0 && isWord(text.charCodeAt(at - 1));
      return (before !== isWord(text.charCodeAt(at))) === (assertion === 'word');
    }
  }
}

/** `\A`, `\b` and `\B` do, for PCRE2. */
function looksBehind(node: PatternNode): boolean {
  switch (node.kind) {
    case 'character':
      return false;
    case 'assertion':
      return node.looksBehind;
    case 'repeat':
      return looksBehind(node.part);
    default:
      return node.parts.some(looksBehind);
  }
}

function mayBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case 'character':
      return false;
    case 'assertion':
      return true;
    case 'repeat':
      return node.least === 0 || mayBeEmpty(node.part);
    case 'choice':
      return node.parts.some(mayBeEmpty);
    case 'sequence':
      return node.parts.every(mayBeEmpty);
  }
}

function add(states: State[], state: State): number {
  if (states.length >= STATES_MAX) throw new PatternError('a pattern as large as this', 0, false);
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
  const { part, least, most, isLazy } = node;
  const split = (body: number) =>
    ({ kind: 'split', ...(isLazy ? { next, other: body } : { next: body, other: next }) }) as const;
  let entry = next;
  if (most === Number.POSITIVE_INFINITY) {
    const loop = { kind: 'split' as const, next, other: next };
    entry = add(states, loop);
    Object.assign(loop, split(build(states, part, entry)));
  } else {
    for (let i = least; i < most; i++) {
      entry = add(states, split(build(states, part, entry)));
    }
  }
  for (let i = 0; i < least; i++) entry = build(states, part, entry);
  return entry;
}
