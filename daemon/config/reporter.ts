/**
 * Collects what is wrong, from all passes over a file. keepalived reads its configuration once in each of
 * its processes (parent, VRRP, checkers, BFD) and each complains for itself; here one problem at one place is
 * kept once, and remembers which processes would say it.
 *
 * A complaint about a number and the handler's own complaint that follows it become one problem with two
 * lines of keepalived's text.
 */

import type { Problem } from './problem.ts';

/** keepalived's processes. */
export type ReaderProcess = 'parent' | 'vrrp' | 'checkers' | 'bfd';

/** Where in the input something stands. */
export interface Location {
  readonly file: string;
  /** The file as keepalived names it in messages; empty for the parent's main file. */
  readonly label: string;
  readonly line: number;
  readonly reportedLine: number;
  /** The line as written, for finding columns. */
  readonly text: string;
}

/** How bad keepalived takes a message, for its exit code. */
export type Level = 'quiet' | 'general' | 'security' | 'file' | 'fatal';

/** One collected complaint. */
export interface Finding extends Omit<Problem, 'keepalivedText'> {
  readonly process: ReaderProcess;
  readonly level: Level;
  /** keepalived's lines; empty when it says nothing. */
  readonly keepalivedLines: readonly string[];
  /** What a start says instead, where that differs from `-t`. */
  readonly startLines?: readonly string[];
  /** Said at a start and no problem to anybody: advice, or why another line follows. */
  readonly startOnly?: boolean;
}

/** What a handler says. */
export interface Complaint {
  readonly code: string;
  /** keepalived's words without the place; absent when it is silent here. */
  readonly text?: string;
  /** Ours, when it should say more than keepalived's. */
  readonly message?: string;
  readonly hint?: string;
  /** The word complained about, for the column. */
  readonly word?: string;
  readonly level?: Level;
  readonly severity?: 'error' | 'warning';
  /** Stands elsewhere than the line being read. */
  readonly at?: Location;
  /** keepalived's further words at a start; `-t` does not have them. */
  readonly startText?: string;
  /** keepalived prints the text without a place, as it does after reading. */
  readonly unplaced?: boolean;
  /** About the line as such: said in a block that is skipped, too. */
  readonly ofLine?: boolean;
}

/** How a start takes a bad number. */
export interface NumberAtStart {
  /** It is called a warning. */
  readonly isWarning?: boolean;
  /** It is used all the same: the handler has nothing to say of it. */
  readonly isTaken?: boolean;
}

interface PendingNumber {
  readonly line: string;
  readonly startLine: string;
  readonly word: string;
  readonly isTaken: boolean;
}

/** The collector. One for all passes. */
export class Reporter {
  readonly findings: Finding[] = [];
  process: ReaderProcess = 'parent';
  location: Location | undefined;
  /** All lines are read: whatever still comes about a block left open, keepalived says without a place. */
  pastEnd = false;
  /** Inside a block that `-t` skips and the running daemon reads: nothing is said in keepalived's words. */
  skippedByTest = false;
  /** A process that met a missing parameter has ended: it says no more. */
  ended = false;
  private pendingNumber: PendingNumber | undefined;

  /** Says that a number was bad; kept until the handler says what that means. */
  complainOfNumber(text: string, word: string, atStart: NumberAtStart = {}): void {
    if (this.ended) return;
    this.flushNumber();
    const front = atStart.isWarning === true ? 'WARNING - ' : '';
    this.pendingNumber = {
      line: this.placed(text, this.location),
      startLine: this.placed(`${front}${text}`, this.location),
      word,
      isTaken: atStart.isTaken === true,
    };
  }

  /** Adds one complaint. */
  report(complaint: Complaint): void {
    if (this.ended) return;
    const pending = this.pendingNumber;
    this.pendingNumber = undefined;
    const at = complaint.at ?? this.location;
    const said = !this.skippedByTest || complaint.ofLine === true;
    const own =
      complaint.text === undefined
        ? []
        : [complaint.unplaced === true ? complaint.text : this.placed(complaint.text, at)];
    const lines = !said ? [] : pending === undefined ? own : [pending.line, ...own];
    const word = complaint.word ?? pending?.word;
    this.findings.push({
      code: complaint.code,
      severity: complaint.severity ?? 'warning',
      file: at?.file ?? '',
      line: at?.line ?? 0,
      column: columnOf(at, word),
      message: complaint.message ?? complaint.text ?? '',
      ...(complaint.hint === undefined ? {} : { hint: complaint.hint }),
      ...(complaint.startText === undefined ? {} : { startText: complaint.startText }),
      process: this.process,
      level: said
        ? (complaint.level ?? (complaint.text === undefined ? 'quiet' : 'general'))
        : 'quiet',
      keepalivedLines: lines,
      ...(pending === undefined && said ? {} : { startLines: startLinesOf(pending, own) }),
    });
  }

  /** A line that keepalived says at a start, and neither `-t` nor we call a problem. */
  sayAtStart(given: string, { isPlaced = false } = {}): void {
    if (this.ended || this.skippedByTest) return;
    this.flushNumber();
    const text = isPlaced ? this.placed(given, this.location) : given;
    this.findings.push({
      code: 'config:start-line',
      severity: 'warning',
      file: '',
      line: 0,
      column: 0,
      message: text,
      startText: text,
      process: this.process,
      level: 'quiet',
      keepalivedLines: [],
      startOnly: true,
    });
  }

  /** Turns a number complaint that no handler took up into a problem of its own. */
  flushNumber(): void {
    const pending = this.pendingNumber;
    if (pending === undefined) return;
    this.pendingNumber = undefined;
    this.findings.push({
      code: 'config:bad-number',
      severity: 'warning',
      file: this.location?.file ?? '',
      line: this.location?.line ?? 0,
      column: columnOf(this.location, pending.word),
      message: `${pending.line.replace(/^\([^)]*\) /, '')}; the line has no effect`,
      process: this.process,
      level: this.skippedByTest ? 'quiet' : 'general',
      keepalivedLines: this.skippedByTest ? [] : [pending.line],
      startLines: [pending.startLine],
    });
  }

  private placed(text: string, at: Location | undefined): string {
    if (this.pastEnd || at === undefined || at.reportedLine === 0) return text;
    return at.label === '' ? `(Line ${at.reportedLine}) ${text}` : placedIn(at, text);
  }
}

function startLinesOf(
  pending: PendingNumber | undefined,
  own: readonly string[],
): readonly string[] {
  if (pending === undefined) return own;
  return pending.isTaken ? [pending.startLine] : [pending.startLine, ...own];
}

function placedIn(at: Location, text: string): string {
  return `(${at.label}: Line ${at.reportedLine}) ${text}`;
}

/** 1-based column of a word in its line; the first non-blank when the word is not found. */
function columnOf(at: Location | undefined, word: string | undefined): number {
  if (at === undefined || at.line === 0) return 0;
  const found = word === undefined || word === '' ? -1 : at.text.indexOf(word);
  if (found >= 0) return found + 1;
  const first = at.text.search(/[^ \t]/);
  return first < 0 ? 1 : first + 1;
}
