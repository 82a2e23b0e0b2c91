/** The standard matrix of faults as a table for people, and what differs between two of them. */

import { durationWords } from '../scenario/expectations/verdict.ts';
import type { Matrix, MatrixRow } from '../scenario/matrix/matrix.ts';
import type { Style } from './style.ts';

/** Most changes of holders that one cell tells. */
const HOLDINGS_SHOWN = 6;
/** A hand-over in microseconds: the new owner has the address, the old one is about to drop it. */
const BRIEF = 1000;

/** The table; every line ends with a line end. */
export function matrixText(matrix: Matrix, style: Style): string {
  const head = ['fault', 'address', 'client without', 'held by two', 'who held it, from when on'];
  const cells = matrix.rows.map((row, index) => [
    row.fault === matrix.rows[index - 1]?.fault ? '' : row.fault,
    row.address,
    withoutWords(row),
    row.doubled < BRIEF ? '-' : rounded(row.doubled),
    holdingWords(row),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => (line[column] ?? '').length)),
  );
  const line = (parts: readonly string[]) =>
    parts
      .map((part, column) => part.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const paint = (row: MatrixRow | undefined) =>
    row?.dead === true || row?.astray === true ? style.bad : (text: string) => text;
  const body = cells.map((parts, index) => paint(matrix.rows[index])(line(parts)));
  return `${[style.strong(line(head)), ...body].join('\n')}\n`;
}

/** What the table leaves to be said: when faults are repaired, and what is wrong at the end. */
export function matrixNotes(matrix: Matrix, style: Style): string {
  const notes = [
    `\nTimes count from the fault. It is repaired after ${durationWords(Math.round(matrix.healAfter / 100_000) * 100_000)}, or after as long as its name says.`,
  ];
  const list = (rows: readonly MatrixRow[]) =>
    rows.length === matrix.rows.length
      ? 'after every fault'
      : rows.map((row) => `${row.fault} (${row.address})`).join(', ');
  const dead = matrix.rows.filter((row) => row.dead && row.without !== undefined);
  const mute = [...new Set(matrix.rows.filter((row) => row.dead && row.without === undefined))];
  const split = matrix.rows.filter((row) => row.astray);
  if (dead.length > 0) notes.push(style.bad(`Not answered at the end: ${list(dead)}.`));
  if (mute.length > 0) {
    const addresses = [...new Set(mute.map((row) => row.address))].join(', ');
    notes.push(style.bad(`Never answered, not even before the fault: ${addresses}.`));
  }
  if (split.length > 0) {
    notes.push(style.bad(`Not held by exactly one at the end: ${list(split)}; see lantwin check.`));
  }
  const slow = matrix.rows.filter(
    (row) => row.without !== undefined && !row.dead && isBlackHole(row),
  );
  if (slow.length > 0) {
    const cure = 'garp_master_refresh or higher_prio_send_advert shortens that';
    notes.push(`Held by one and still silent for the client: ${list(slow)}; ${cure}.`);
  }
  return `${notes.join('\n')}\n`;
}

/** The client waited much longer than nobody held it: its neighbour table points to somebody else. */
function isBlackHole(row: MatrixRow): boolean {
  if (row.without === undefined || row.holdings.length < 2 || row.doubled < BRIEF) return false;
  const gaps = row.holdings.map((one, index) =>
    one.hosts.length === 0 ? (row.holdings[index + 1]?.from ?? one.from) - one.from : 0,
  );
  return row.without > Math.max(row.holdings[1]?.from ?? 0, ...gaps) + 1_000_000;
}

/** What a program reads: seconds as numbers. */
export function matrixJson(matrix: Matrix): Record<string, unknown> {
  return { seed: matrix.seed, victims: matrix.victims, rows: matrix.rows.map(rowJson) };
}

/** Lines for the rows that a client sees a difference in; empty when there is none. */
export function matrixDiff(before: Matrix, after: Matrix): readonly string[] {
  const key = (row: MatrixRow) => `${row.fault} ${row.address}`;
  const old = new Map(before.rows.map((row) => [key(row), row] as const));
  const lines: string[] = [];
  for (const row of after.rows) {
    const was = old.get(key(row));
    old.delete(key(row));
    if (was === undefined) lines.push(`${key(row)}: new, client without ${withoutWords(row)}`);
    else lines.push(...rowDiff(was, row).map((text) => `${key(row)}: ${text}`));
  }
  for (const gone of old.keys()) lines.push(`${gone}: no longer there`);
  return lines;
}

function rowDiff(was: MatrixRow, row: MatrixRow): readonly string[] {
  const texts: string[] = [];
  const compare = (what: string, a: string, b: string) => {
    if (a !== b) texts.push(`${what} ${a} -> ${b}`);
  };
  compare('client without', withoutWords(was), withoutWords(row));
  compare('held by two for', rounded(was.doubled), rounded(row.doubled));
  const order = (one: MatrixRow) => one.holdings.map(({ hosts }) => names(hosts)).join(', ');
  compare('held by', order(was), order(row));
  return texts;
}

function withoutWords(row: MatrixRow): string {
  if (row.without === undefined) return 'never answered';
  if (row.without === 0) return '-';
  return `${rounded(row.without)}${row.dead ? ', still out' : ''}`;
}

function holdingWords(row: MatrixRow): string {
  const { holdings } = row;
  const long = holdings.filter((one, index) => {
    const next = holdings[index + 1]?.from;
    return next === undefined || next - one.from >= BRIEF;
  });
  const shown = long.slice(0, HOLDINGS_SHOWN).map((one) => {
    const from = one.from === 0 ? '' : ` ${(one.from / 1_000_000).toFixed(3)}`;
    return `${names(one.hosts)}${from}`;
  });
  const left = long.length - shown.length;
  return left > 0 ? `${shown.join(', ')}, ${left} more` : shown.join(', ');
}

function names(hosts: readonly string[]): string {
  return hosts.length === 0 ? 'nobody' : hosts.join('+');
}

function rounded(duration: number): string {
  return durationWords(duration >= 10_000 ? Math.round(duration / 1000) * 1000 : duration);
}

function rowJson(row: MatrixRow): Record<string, unknown> {
  return {
    fault: row.fault,
    words: row.words,
    address: row.address,
    clientWithoutSeconds: row.without === undefined ? null : row.without / 1_000_000,
    stillOut: row.dead,
    heldByOneAtEnd: !row.astray,
    heldByTwoSeconds: row.doubled / 1_000_000,
    holders: row.holdings.map((one) => ({ fromSeconds: one.from / 1_000_000, hosts: one.hosts })),
  };
}
