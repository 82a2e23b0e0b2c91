/**
 * One row per keyword: how it is written, how much it matters, what this program does with it, and the
 * handler. Parser, "did you mean" and the generated documentation read the same rows.
 */

import type { ParseContext } from './parse-context.ts';
import type { ReaderProcess } from './reporter.ts';

/** P1 typical user, P2 advanced, P3 exotic. */
export type Importance = 'P1' | 'P2' | 'P3';

/** Whether a keyword does what it does in keepalived. */
export type KeywordStatus = 'supported' | 'no-effect-here';

/** One keyword of one block. */
export interface KeywordRow {
  readonly keyword: string;
  /** In the manner of the manual page: `NAME`, `1..255`, `[BOOL]`, `{ ADDRESS… }`. */
  readonly arguments: string;
  readonly importance: Importance;
  readonly status: KeywordStatus;
  readonly apply?: (context: ParseContext, words: readonly string[]) => void;
  /** The first keepalived that knows it; by default all do. */
  readonly since?: string;
  /** Keywords inside its braces. */
  readonly block?: readonly KeywordRow[];
  /** Called at the closing brace, unless the block was skipped. */
  readonly end?: (context: ParseContext) => void;
  /** Top level only: which of keepalived's processes read it. */
  readonly processes?: readonly ReaderProcess[];
}

/** A row; `more` holds block, end and the like. */
export function row(
  spelling: string,
  importance: Importance,
  apply: NonNullable<KeywordRow['apply']>,
  more: Partial<KeywordRow> = {},
): KeywordRow {
  const blank = spelling.indexOf(' ');
  const keyword = blank < 0 ? spelling : spelling.slice(0, blank);
  const shape = blank < 0 ? '' : spelling.slice(blank + 1);
  return { keyword, arguments: shape, importance, status: 'supported', apply, ...more };
}
