/** Which rows of a long list are drawn: rows of one height, those in sight and a few around them. */

/** What is in sight, in pixels. */
export interface Viewport {
  readonly scrollTop: number;
  readonly height: number;
}

/** The drawn rows, and where the first of them stands. */
export interface RowWindow {
  readonly first: number;
  /** One behind the last. */
  readonly end: number;
  readonly offsetPx: number;
}

const AROUND = 8;

/** The rows to draw of a list of `count` rows. */
export function rowWindow(count: number, rowPx: number, view: Viewport): RowWindow {
  const first = Math.max(0, Math.min(count, Math.floor(view.scrollTop / rowPx)) - AROUND);
  const end = Math.min(count, Math.ceil((view.scrollTop + view.height) / rowPx) + AROUND);
  return { first, end: Math.max(first, end), offsetPx: first * rowPx };
}

/** Whether the last row is in sight: then a growing list is followed. */
export function atEnd(count: number, rowPx: number, view: Viewport): boolean {
  return view.scrollTop + view.height >= (count - 1) * rowPx;
}

/** The scroll position that brings a row into sight with the least movement. */
export function scrollTo(index: number, rowPx: number, view: Viewport): number {
  const top = index * rowPx;
  if (top < view.scrollTop) return top;
  const bottom = top + rowPx;
  return bottom > view.scrollTop + view.height ? bottom - view.height : view.scrollTop;
}

/** How many rows a key moves the choice; `undefined` for other keys. */
export function rowStep(key: string, count: number, pageRows: number): number | undefined {
  const page = Math.max(1, pageRows);
  const steps = new Map([
    ['ArrowDown', 1],
    ['ArrowUp', -1],
    ['PageDown', page],
    ['PageUp', -page],
    ['Home', -count],
    ['End', count],
  ]);
  return steps.get(key);
}
