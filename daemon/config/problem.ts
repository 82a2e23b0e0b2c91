/**
 * One thing wrong with an input file, with its place. Used by the keepalived.conf reader and by the scenario
 * reader; `sim/report` and the daemon print them in one form: `file:line:col: severity: message [code]`, the source line, a caret.
 */

/** A located problem. All problems of a file are found in one pass. */
export interface Problem {
  /** Stable, kebab-case, with the area in front: `config:unknown-keyword`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1-based; 0 when the problem belongs to the file as a whole. */
  readonly line: number;
  /** 1-based, in characters; 0 when the problem belongs to the line as a whole. */
  readonly column: number;
  /** What was read, what was expected, what happens instead. */
  readonly message: string;
  readonly hint?: string;
  /** keepalived 2.2.7's own words, where it has any: `(file: Line N) text`. */
  readonly keepalivedText?: string;
  /** What it says at a start besides, before that, and not under `-t`. */
  readonly startText?: string;
}
