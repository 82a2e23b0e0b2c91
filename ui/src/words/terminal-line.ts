/**
 * The line that somebody types into a terminal, as a shell's line editor keeps it: cursor keys, history, completion, the
 * Ctrl keys that everybody's fingers know. Keys come as a terminal sends them (escape sequences), what is to be done comes
 * out; it draws nothing and sends nothing.
 */

/** What a key press asks of the terminal. */
export type LineDeed =
  /** The line looks different now. */
  | { readonly kind: 'draw' }
  /** Enter: this is to be run. */
  | { readonly kind: 'run'; readonly line: string }
  /** Ctrl+C: the line is given up, or the running command stopped. */
  | { readonly kind: 'cancel' }
  /** Ctrl+L. */
  | { readonly kind: 'wipe' }
  /** Tab with several ways to go on. */
  | { readonly kind: 'choices'; readonly words: readonly string[] };

/** The line and where the cursor stands in it. */
export interface LineState {
  readonly text: string;
  readonly cursor: number;
  /** How far back in the history; 0 is the line that is being typed. */
  readonly back: number;
  /** What was typed before the history was looked at. */
  readonly draft: string;
}

/** What the editor may look at. */
export interface LineWorld {
  /** Lines that were run, oldest first. */
  readonly history: readonly string[];
  /** Words that may come next, given the words before the one at the cursor. */
  readonly words: (before: readonly string[]) => readonly string[];
}

/** Longest line; the session takes no longer one. */
export const LINE_LENGTH_MAX = 1000;

/** What a terminal puts around a paste. */
const PASTE_MARKS = ['\x1b[200~', '\x1b[201~'];

export const EMPTY_LINE: LineState = { text: '', cursor: 0, back: 0, draft: '' };

/** One key, or pasted text; returns the new line and what is to be done. */
export function typeKey(
  line: LineState,
  data: string,
  world: LineWorld,
): { readonly line: LineState; readonly deeds: readonly LineDeed[] } {
  const moved = moveOrEdit(line, data, world);
  if (moved !== undefined) return { line: moved, deeds: [{ kind: 'draw' }] };
  switch (data) {
    case '\x03':
      return { line: EMPTY_LINE, deeds: [{ kind: 'cancel' }] };
    case '\x0c':
      return { line, deeds: [{ kind: 'wipe' }] };
    case '\t':
      return complete(line, world);
    default:
      return typeText(line, data);
  }
}

function moveOrEdit(line: LineState, data: string, world: LineWorld): LineState | undefined {
  const { text, cursor } = line;
  const at = (place: number) => ({ ...line, cursor: Math.max(0, Math.min(text.length, place)) });
  const cut = (from: number, to: number) => ({
    ...line,
    text: text.slice(0, from) + text.slice(to),
    cursor: from,
  });
  switch (data) {
    case '\x1b[D':
    case '\x02':
      return at(cursor - 1);
    case '\x1b[C':
    case '\x06':
      return at(cursor + 1);
    case '\x1b[H':
    case '\x1b[1~':
    case '\x01':
      return at(0);
    case '\x1b[F':
    case '\x1b[4~':
    case '\x05':
      return at(text.length);
    case '\x7f':
    case '\b':
      return cut(Math.max(0, cursor - 1), cursor);
    case '\x1b[3~':
    case '\x04':
      return cut(cursor, cursor + 1);
    case '\x15':
      return cut(0, cursor);
    case '\x0b':
      return cut(cursor, text.length);
    case '\x17':
      return cut(text.slice(0, cursor).replace(/\S*\s*$/, '').length, cursor);
    case '\x1b[A':
    case '\x10':
      return recall(line, 1, world);
    case '\x1b[B':
    case '\x0e':
      return recall(line, -1, world);
    default:
      return undefined;
  }
}

function recall(line: LineState, step: number, { history }: LineWorld): LineState {
  const back = Math.max(0, Math.min(history.length, line.back + step));
  const draft = line.back === 0 ? line.text : line.draft;
  const text = back === 0 ? draft : (history[history.length - back] ?? '');
  return { text, cursor: text.length, back, draft };
}

/** Printable text, line by line when several were pasted; only the last unfinished one stays to be edited. */
function typeText(
  line: LineState,
  data: string,
): { readonly line: LineState; readonly deeds: readonly LineDeed[] } {
  if (data.startsWith('\x1b') && !data.startsWith('\x1b[200~')) return { line, deeds: [] };
  const pasted = PASTE_MARKS.reduce((text, mark) => text.replaceAll(mark, ''), data).replaceAll(
    '\r\n',
    '\r',
  );
  const deeds: LineDeed[] = [];
  let now = line;
  for (const [index, part] of pasted.split(/[\r\n]/).entries()) {
    if (index > 0) {
      deeds.push({ kind: 'draw' }, { kind: 'run', line: now.text });
      now = EMPTY_LINE;
    }
    const clean = part.replaceAll(/[^\P{Cc}]/gu, '');
    const text = now.text.slice(0, now.cursor) + clean + now.text.slice(now.cursor);
    if (clean === '' || text.length > LINE_LENGTH_MAX) continue;
    now = { ...now, text, cursor: now.cursor + clean.length };
  }
  return { line: now, deeds: [...deeds, { kind: 'draw' }] };
}

function complete(
  line: LineState,
  world: LineWorld,
): { readonly line: LineState; readonly deeds: readonly LineDeed[] } {
  const before = line.text.slice(0, line.cursor).split(/\s+/);
  const start = before.pop() ?? '';
  const fitting = [...new Set(world.words(before))].filter((word) => word.startsWith(start)).sort();
  const [first] = fitting;
  if (first === undefined) return { line, deeds: [] };
  const common = fitting.reduce(commonStart, first);
  const more = common.slice(start.length) + (fitting.length === 1 ? ' ' : '');
  if (more !== '') return typeText(line, more);
  return { line, deeds: [{ kind: 'choices', words: fitting }] };
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}
