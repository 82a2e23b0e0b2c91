/**
 * The machine's journal, as systemd-journald keeps it on disk: it survives a power-off. Every line
 * is also an event of the run. Its wall clock is the host's own, which a step may move.
 */

import type { JournalLine } from './host-api.ts';

/** Most lines kept; the oldest go first, as with journald's disk limit. */
const JOURNAL_LINES_MAX = 20_000;

/** What a writer gives; the stamp is the journal's. */
export interface JournalEntry {
  readonly identifier: string;
  readonly pid: number;
  readonly level: JournalLine['level'];
  readonly text: string;
  /** The unit that the line belongs to, for `journalctl -u`. */
  readonly unit?: string;
}

/** A kept line with its unit. */
export interface KeptLine extends JournalLine {
  readonly unit?: string;
}

/** The journal; see the head of the file. */
export class Journal {
  #lines: KeptLine[] = [];
  readonly #stamp: () => number;
  readonly #onLine: (line: JournalLine) => void;

  constructor(options: { stamp: () => number; onLine: (line: JournalLine) => void }) {
    this.#stamp = options.stamp;
    this.#onLine = options.onLine;
  }

  /** Oldest first. */
  get lines(): readonly KeptLine[] {
    return this.#lines;
  }

  /** Adds a line, stamped with the host's wall clock. */
  write(entry: JournalEntry): void {
    const { unit, ...rest } = entry;
    const line: JournalLine = { epochUs: this.#stamp(), ...rest };
    this.#lines.push(unit === undefined ? line : { ...line, unit });
    if (this.#lines.length > JOURNAL_LINES_MAX * 2) {
      this.#lines = this.#lines.slice(-JOURNAL_LINES_MAX);
    }
    this.#onLine(line);
  }
}
