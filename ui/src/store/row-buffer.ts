/** The rows of a growing list that the page holds: what the session sends is put where it belongs. */

/** A row with its number. */
export interface NumberedRow {
  readonly id: number;
}

/** Rows that the page keeps; older ones are asked for again. */
export const ROWS_MAX = 60_000;

/** Adds rows behind those known; rows that are known already are replaced. */
export function appendRows<R extends NumberedRow>(rows: R[], more: readonly R[]): void {
  const last = rows.at(-1)?.id ?? -1;
  const overlapping = more.filter((row) => row.id <= last);
  replaceRows(rows, overlapping);
  for (const row of more) if (row.id > last) rows.push(row);
  if (rows.length > ROWS_MAX) rows.splice(0, rows.length - ROWS_MAX);
}

/** Merges a page of rows that may lie before, inside or behind those known. */
export function mergePage<R extends NumberedRow>(rows: R[], page: readonly R[]): void {
  const first = rows[0]?.id ?? Number.POSITIVE_INFINITY;
  const before = page.filter((row) => row.id < first);
  rows.unshift(...before);
  appendRows(
    rows,
    page.filter((row) => row.id >= first),
  );
}

/** Replaces rows by number; unknown numbers are left out. */
export function replaceRows<R extends NumberedRow>(rows: R[], changed: readonly R[]): void {
  for (const row of changed) {
    const index = indexOfId(rows, row.id);
    if (rows[index]?.id === row.id) rows[index] = row;
  }
}

/** The index of the first row whose number is at least `id`. */
function indexOfId(rows: readonly NumberedRow[], id: number): number {
  return firstIndex(rows.length, (index) => (rows[index]?.id ?? 0) >= id);
}

/** The index of the first row that is later than a moment. */
export function indexAfter(rows: readonly { readonly at: number }[], at: number): number {
  return firstIndex(rows.length, (index) => (rows[index]?.at ?? 0) > at);
}

function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
