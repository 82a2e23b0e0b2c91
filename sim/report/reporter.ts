/**
 * What a reporter is: it is told of every run and says in the end what it has to say. Writing is
 * the caller's business.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import type { RunResult } from '../scenario/run.ts';
import type { Style } from './style.ts';

/** One packet of a run as a line of a list, as the browser view shows it. */
export interface PacketLine {
  /** In µs since the start. */
  readonly at: number;
  /** The port that sent it. */
  readonly from: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly info: string;
  /** What colour it has: `arp`, `icmp`, `tcp`, `udp`, `routing`, `trouble`, … */
  readonly colour: string;
  /** Why it never arrived. */
  readonly lost?: string;
}

/** The packets of a run that a report shows. */
export interface PacketList {
  readonly lines: readonly PacketLine[];
  /** Those that are not among them. */
  readonly omitted: number;
}

/** One file of a `run`, whatever became of it. */
export type FileOutcome =
  | {
      readonly kind: 'ran';
      readonly file: string;
      readonly result: RunResult;
      /** Real time that the run took, in milliseconds; measured by the caller. */
      readonly wallMs: number;
      /** Files that were written for this run. */
      readonly written: readonly string[];
      readonly warnings: readonly Problem[];
      readonly sources: ReadonlyMap<string, string>;
      /** Only where a reporter wants packets. */
      readonly packets?: PacketList;
      /** The command that repeats it, where that is not `run`. */
      readonly repeat?: string;
    }
  | {
      readonly kind: 'invalid';
      readonly file: string;
      readonly problems: readonly Problem[];
      readonly sources: ReadonlyMap<string, string>;
    };

/** What is known of the whole `run`. */
export interface ReportContext {
  readonly style: Style;
  /** How many files are going to be run. */
  readonly fileCount: number;
  readonly version: string;
  /** Tell the story of every run, not only of failures and of a single file. */
  readonly verbose: boolean;
  /** Only failures. */
  readonly quiet: boolean;
  /** Where and when it runs, for forms that say so (JUnit); absent: `localhost` and the epoch. */
  readonly surroundings?: { readonly hostname: string; readonly timestamp: string };
}

/** A form of output. Every text ends with a line end or is empty. */
export interface Reporter {
  /** After each file, in order. */
  onFile(outcome: FileOutcome): string;
  /** After the last. */
  onEnd(outcomes: readonly FileOutcome[]): string;
}

/** Makes a reporter. */
export type ReporterFactory = (context: ReportContext) => Reporter;

/** The command that repeats a run, the last line of every failure. */
export function reproduceLine(result: RunResult): string {
  return `npx lantwin run ${shellWord(result.scenario.file)} --seed ${result.seed}`;
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
