/**
 * YAML text to plain values plus a map from every value to its place in the file. Nothing is
 * thrown: broken text, double keys and documents that are too large or too clever (aliases that
 * unfold) are located problems. Knows nothing of scenarios.
 */

import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  type YAMLParseError,
} from 'yaml';
import type { Problem } from '../../daemon/config/problem.ts';

/** Largest scenario file that is read, in characters; a hand-written one is a hundredth of it. */
const SCENARIO_SIZE_LIMIT = 1_000_000;

/** How often aliases may stand for their anchor, in all; more is an error (YAML bombs). */
const ALIAS_LIMIT = 100;

/** Deepest nesting that is read. */
const DEPTH_LIMIT = 40;

/** A place in a text file, both numbers 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One step into a document: a key of a mapping or an index of a sequence. */
export type PathPart = string | number;

/** The places of keys and values, found by path. */
export class PlaceMap {
  readonly #values = new Map<string, Place>();
  readonly #keys = new Map<string, Place>();

  /** Notes where the value at `path` stands, and where its key does. */
  set(path: readonly PathPart[], value: Place, key?: Place): void {
    this.#values.set(pathKey(path), value);
    if (key !== undefined) this.#keys.set(pathKey(path), key);
  }

  /** The same map for a document from which one item of a list was taken. */
  withoutItem(list: readonly PathPart[], index: number): PlaceMap {
    const result = new PlaceMap();
    const prefix = `${pathKey(list)}\u0000`;
    for (const [from, to] of [
      [this.#values, result.#values],
      [this.#keys, result.#keys],
    ] as const) {
      for (const [key, place] of from) {
        const target = moved(key, prefix, index);
        if (target !== undefined) to.set(target, place);
      }
    }
    return result;
  }

  /** Whether there is a value at `path`. */
  has(path: readonly PathPart[]): boolean {
    return this.#values.has(pathKey(path));
  }

  /**
   * Where the value at `path` stands; of a missing one, where the nearest value around it stands.
   */
  valueAt(path: readonly PathPart[]): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.#values.get(pathKey(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return this.#values.get('') ?? { line: 1, column: 1 };
  }

  /** Where the key of the value at `path` stands; of a sequence's item, where the item stands. */
  keyAt(path: readonly PathPart[]): Place {
    return this.#keys.get(pathKey(path)) ?? this.valueAt(path);
  }
}

/** The path behind a list's item moved one place up; `undefined` for the item itself. */
function moved(key: string, list: string, index: number): string | undefined {
  if (!key.startsWith(list)) return key;
  const [head = '', ...rest] = key.slice(list.length).split('\u0000');
  const at = Number(head);
  if (head === '' || at < index) return key;
  return at === index ? undefined : [list + (at - 1), ...rest].join('\u0000');
}

/** What became of a YAML text; `value` is absent when the text is too broken to go on. */
export interface YamlResult {
  readonly value?: unknown;
  readonly places: PlaceMap;
  readonly problems: readonly Problem[];
}

/** Reads one YAML document; see the head of the file. */
export function readYaml(file: string, text: string): YamlResult {
  const places = new PlaceMap();
  const whole = (code: string, message: string, hint?: string): YamlResult => ({
    places,
    problems: [
      {
        code,
        severity: 'error',
        file,
        line: 1,
        column: 1,
        message,
        ...(hint === undefined ? {} : { hint }),
      },
    ],
  });
  if (text.length > SCENARIO_SIZE_LIMIT) {
    return whole(
      'yaml:too-large',
      `the file has ${text.length} characters, at most 1000000 are read`,
    );
  }
  if (text.includes('\u0000') || text.includes('\ufffd')) {
    return whole('yaml:binary', 'this is not text in UTF-8, so it cannot be a scenario');
  }
  if (text.trim() === '') return whole('yaml:empty', 'the file is empty, expected a scenario');
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    stringKeys: true,
    version: '1.2',
    merge: false,
  });
  const place = (offset: number): Place => {
    const at = lines.linePos(offset);
    return { line: Math.max(1, at.line), column: Math.max(1, at.col) };
  };
  const problems = syntaxProblems(document.errors, { file, text, place });
  if (problems.length > 0) return { places, problems };
  try {
    notePlaces(
      document.contents,
      { document, place, places, depth: 0, budget: { left: 200_000 } },
      [],
    );
    return { value: document.toJS({ maxAliasCount: ALIAS_LIMIT }), places, problems };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    return whole('yaml:too-complex', `the document cannot be unfolded: ${sentence(reason)}`);
  }
}

/** Most problems of syntax that are told; behind the first ones all is guesswork. */
const SYNTAX_PROBLEMS_MAX = 20;

/**
 * What is certain of the errors of a text that is no YAML. A bracket that is missing or too much makes the parser
 * stumble over every token to the end of the file, one error each; those follow from the first error and are left
 * out, as are further ones of the same line.
 */
function syntaxProblems(
  errors: readonly YAMLParseError[],
  source: {
    readonly file: string;
    readonly text: string;
    readonly place: (offset: number) => Place;
  },
): readonly Problem[] {
  const { file, text, place } = source;
  const inOrder = errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  const lines = new Set<number>();
  const kept: Problem[] = [];
  for (const error of inOrder) {
    const isOpenQuote = error.code === 'MISSING_CHAR' && error.message.includes('quote');
    const at = place(isOpenQuote ? tokenAt(text, error.pos[0]) : error.pos[0]);
    const isEcho = kept.length > 0 && error.code === 'UNEXPECTED_TOKEN';
    if (isEcho || lines.has(at.line) || kept.length >= SYNTAX_PROBLEMS_MAX) continue;
    lines.add(at.line);
    const code = `yaml:${error.code.toLowerCase().replaceAll('_', '-')}`;
    kept.push({ code, severity: 'error', file, ...at, message: sentence(error.message) });
  }
  const left = errors.length - kept.length;
  const [first, ...others] = kept;
  if (first === undefined || left === 0) return kept;
  const what = left === 1 ? 'message that follows' : 'messages that follow';
  const hint = `the slip is here or before; ${left} more ${what} from it are left out`;
  return [{ ...first, hint: left === 1 ? hint.replace('are left', 'is left') : hint }, ...others];
}

/** Where the token begins that ends at an offset: an open quote is missed at the end of the file only. */
function tokenAt(text: string, end: number): number {
  let begin = 0;
  for (const token of new Lexer().lex(text)) {
    // The lexer's own marks are no part of the text.
    if (token === '\u0002' || token === '\u0018' || token === '\u001f') continue;
    if (begin + token.length >= end) return begin;
    begin += token.length;
  }
  return end;
}

interface Walk {
  readonly document: ReturnType<typeof parseDocument>;
  readonly place: (offset: number) => Place;
  readonly places: PlaceMap;
  readonly depth: number;
  /** How many more values may be visited; aliases could unfold without end. */
  readonly budget: { left: number };
}

function notePlaces(node: unknown, walk: Walk, path: readonly PathPart[], key?: Place): void {
  if (walk.depth > DEPTH_LIMIT) throw new Error(`nested deeper than ${DEPTH_LIMIT} levels`);
  if (walk.budget.left-- <= 0) throw new Error('more than 200000 values');
  const at = startOf(node, walk) ?? key;
  if (at !== undefined) walk.places.set(path, at, key);
  const target = isAlias(node) ? node.resolve(walk.document) : node;
  const inner = { ...walk, depth: walk.depth + 1 };
  if (isMap(target)) {
    for (const pair of target.items) {
      if (!isPair(pair)) continue;
      const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      notePlaces(pair.value, inner, [...path, name], startOf(pair.key, walk));
    }
  } else if (isSeq(target)) {
    for (const [index, item] of target.items.entries()) notePlaces(item, inner, [...path, index]);
  }
}

function startOf(node: unknown, walk: Walk): Place | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return undefined;
  const range = node.range;
  return range === undefined || range === null ? undefined : walk.place(range[0]);
}

function pathKey(path: readonly PathPart[]): string {
  return path.join('\u0000');
}

function sentence(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
