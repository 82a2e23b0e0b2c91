/**
 * How keepalived looks for a `regex` in an answer: in what each read brought, as it comes. The read that ends the header is
 * looked at whole, unless nothing of the body came with it; each later one is a text of its own, in front of which stands what
 * may be the beginning of a match (PCRE2's partial matching). So `^` is the beginning of such a text, and `$` holds nowhere.
 * Offsets count from the first text that was looked at. Source: check_regex of check_http.c; `^HTTP` and `hello` match an
 * answer `hello`, `^hello` and `hello$` do not (seen with 2.2.7).
 */

import type { HttpRegex } from './checker-config.ts';
import { compilePattern, findMatch, type Pattern } from './text-pattern.ts';

/** Room for one text, octets. Source: MAX_BUFFER_LENGTH, less one for the end. */
const ROOM = 4095;

/** What is known of one answer so far. */
export interface RegexSearch {
  readonly regex: HttpRegex;
  /** `undefined`: it cannot be used, and is found nowhere. */
  readonly pattern: Pattern | undefined;
  found: boolean;
  /** What may be the beginning of a match. */
  kept: string;
  /** Where `kept` stands, characters from the first one looked at. */
  offset: number;
  /** Characters of `kept` that are there for what stands behind them. */
  behind: number;
}

/** A search of which nothing was seen yet. */
export function newRegexSearch(regex: HttpRegex): RegexSearch {
  const compiled = compilePattern(regex.pattern, regex.options);
  const pattern = 'problem' in compiled ? undefined : compiled;
  return { regex, pattern, found: false, kept: '', offset: 0, behind: 0 };
}

/** Looks at what one read brought, in pieces of what a buffer holds. */
export function lookAt(search: RegexSearch, text: string): void {
  if (search.pattern === undefined) return;
  let at = 0;
  while (at < text.length && !search.found) {
    const end = at + ROOM - search.kept.length;
    lookAtPiece(search, search.pattern, search.kept + text.slice(at, end));
    at = end;
  }
}

function lookAtPiece(search: RegexSearch, pattern: Pattern, piece: string): void {
  const { minOffset, maxOffset = Number.POSITIVE_INFINITY } = search.regex;
  const { behind } = search;
  const isBefore = minOffset > 0 && search.offset + piece.length < minOffset - pattern.lookBehind;
  if (isBefore || search.offset + behind > maxOffset) {
    passOver(search, piece.length);
    return;
  }
  search.behind = 0;
  const from = Math.max(minOffset - search.offset, behind, 0);
  const match = from > piece.length ? undefined : findMatch(pattern, piece, from);
  if (match?.kind === 'partial') {
    const keptFrom = Math.max(0, match.at - pattern.lookBehind);
    // A beginning that fills the buffer is let go: "Regex partial match preserve too large".
    if (keptFrom === 0 && piece.length === ROOM) passOver(search, piece.length);
    else {
      search.kept = piece.slice(keptFrom);
      search.offset += keptFrom;
      if (keptFrom > 0) search.behind = pattern.lookBehind;
    }
    return;
  }
  if (match !== undefined && search.offset + match.at <= maxOffset) search.found = true;
  passOver(search, piece.length);
}

function passOver(search: RegexSearch, length: number): void {
  search.offset += length;
  search.kept = '';
}
