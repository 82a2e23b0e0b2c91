/** A terminal on the screen: xterm.js with our line editor. A module of its own, loaded when somebody opens a terminal. */

import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal as Screen } from '@xterm/xterm';
import type { TerminalText } from '../store/terminals.svelte.ts';
import { EMPTY_LINE, type LineState, type LineWorld, typeKey } from '../words/terminal-line.ts';

/** An open screen. */
export interface TerminalScreen {
  /** Shows what came since the last call, and the prompt unless a command runs. */
  show(pieces: readonly TerminalText[], count: number, running: boolean): void;
  focus(): void;
  /** Puts a line behind the prompt as if it had been typed. */
  type(line: string): void;
  close(): void;
}

/** What a screen needs. */
export interface ScreenOptions {
  readonly parent: HTMLElement;
  readonly prompt: string;
  /** What a screen reader calls the input. */
  readonly label: string;
  readonly id: string;
  readonly mayType: () => boolean;
  readonly world: () => LineWorld;
  readonly run: (line: string) => void;
  readonly cancel: () => void;
  readonly wipe: () => void;
}

const GREEN = '\x1b[1;32m';
const RED = '\x1b[31m';
const PLAIN = '\x1b[0m';
/** Erases from the cursor to the end of the screen. */
const ERASE = '\x1b[J';

const COLOURS = {
  background: '#10161f',
  foreground: '#dbe4ee',
  cursor: '#8ab8ff',
  cursorAccent: '#10161f',
  selectionBackground: '#31507c',
  green: '#7ee2a8',
  brightGreen: '#7ee2a8',
  red: '#ffb3ab',
};

/** Opens a screen inside `parent`. */
export function openTerminalScreen(options: ScreenOptions): TerminalScreen {
  const screen = new Screen({
    convertEol: true,
    cursorBlink: false,
    screenReaderMode: true,
    scrollback: 5_000,
    fontSize: 12.5,
    fontFamily: 'ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, monospace',
    theme: COLOURS,
  });
  const fit = new FitAddon();
  screen.loadAddon(fit);
  screen.open(options.parent);
  nameInput(screen, options);
  const state: ScreenState = {
    line: EMPTY_LINE,
    row: 0,
    shown: 0,
    isPrompting: false,
    isMidLine: false,
    isOpen: false,
  };
  const refit = () => {
    if (options.parent.clientWidth > 0) fit.fit();
  };
  const watcher = new ResizeObserver(refit);
  watcher.observe(options.parent);
  refit();
  screen.attachCustomKeyEventHandler((event) => mayTake(event, state, screen));
  screen.onData((data) => onData(data, { screen, state, options }));
  return {
    show: (pieces, count, running) => show({ screen, state, options }, { pieces, count, running }),
    focus: () => screen.focus(),
    type: (line) => {
      if (!state.isPrompting) return;
      state.line = { ...EMPTY_LINE, text: line, cursor: line.length };
      drawLine({ screen, state, options });
      screen.focus();
    },
    close: () => {
      watcher.disconnect();
      screen.dispose();
    },
  };
}

interface ScreenState {
  line: LineState;
  /** The row of the cursor below that of the prompt, for a line that is wider than the screen. */
  row: number;
  /** Pieces that were written, counted from the first one ever. */
  shown: number;
  isPrompting: boolean;
  /** The last output did not end its line, as a page without a line end: the prompt must not be drawn over it. */
  isMidLine: boolean;
  /** What was there before the screen was opened stands on it. */
  isOpen: boolean;
}

interface Surroundings {
  readonly screen: Screen;
  readonly state: ScreenState;
  readonly options: ScreenOptions;
}

function nameInput(screen: Screen, { id, label }: ScreenOptions): void {
  const input = screen.textarea;
  if (input === undefined) return;
  input.id = id;
  input.setAttribute('aria-label', label);
}

/** Nobody is caught: Shift+Tab leaves always, Tab leaves an empty line; copying with Ctrl+C copies. */
function mayTake(event: KeyboardEvent, state: ScreenState, screen: Screen): boolean {
  if (event.key === 'Tab') return !event.shiftKey && state.line.text !== '';
  const isCopy = event.ctrlKey && event.key === 'c' && screen.hasSelection();
  const isPaste = event.ctrlKey && event.key === 'v';
  // The palette's key is the page's, not the line editor's.
  const isPalette = event.ctrlKey && event.key === 'k';
  return !isCopy && !isPaste && !isPalette;
}

function onData(data: string, around: Surroundings): void {
  const { state, options, screen } = around;
  if (!options.mayType()) return;
  if (!state.isPrompting) {
    if (data === '\x03') options.cancel();
    return;
  }
  const { line, deeds } = typeKey(state.line, data, options.world());
  for (const deed of deeds) {
    if (deed.kind === 'run') {
      leaveLine(around, deed.line);
      if (deed.line.trim() === 'clear') options.wipe();
      else if (deed.line.trim() !== '') options.run(deed.line);
      else prompt(around);
    } else if (deed.kind === 'cancel') {
      screen.write('^C\n');
      prompt(around);
    } else if (deed.kind === 'wipe') options.wipe();
    else if (deed.kind === 'choices') {
      screen.write(`\n${deed.words.slice(0, 60).join('  ')}\n`);
      state.row = 0;
    }
  }
  state.line = line;
  if (state.isPrompting) drawLine(around);
}

/** The line as it was typed stays on the screen; what follows begins below it. */
function leaveLine(around: Surroundings, line: string): void {
  around.state.line = { ...EMPTY_LINE, text: line, cursor: line.length };
  drawLine(around);
  around.screen.write('\n');
  around.state.line = EMPTY_LINE;
  around.state.row = 0;
  around.state.isPrompting = false;
}

function prompt(around: Surroundings): void {
  if (around.state.isMidLine) around.screen.write('\n');
  around.state.isMidLine = false;
  around.state.line = EMPTY_LINE;
  around.state.row = 0;
  around.state.isPrompting = true;
  drawLine(around);
}

/** Draws prompt and line anew, over as many rows as they take. */
function drawLine({ screen, state, options }: Surroundings): void {
  const { text, cursor } = state.line;
  const before = options.prompt.length + 1;
  const rowOf = (place: number) => Math.floor((before + place) / screen.cols);
  const up = (rows: number) => (rows > 0 ? `\x1b[${rows}A` : '');
  // A line that ends at the last column leaves the cursor there: one step on makes the row real.
  const isFull = (before + text.length) % screen.cols === 0;
  const column = (before + cursor) % screen.cols;
  screen.write(
    `${up(state.row)}\r${ERASE}${GREEN}${options.prompt}${PLAIN} ${text}${isFull ? '\r\n' : ''}` +
      `${up(rowOf(text.length) - rowOf(cursor))}\r${column > 0 ? `\x1b[${column}C` : ''}`,
  );
  state.row = rowOf(cursor);
}

function show(
  around: Surroundings,
  what: { readonly pieces: readonly TerminalText[]; readonly count: number; running: boolean },
): void {
  const { screen, state, options } = around;
  const { pieces, count, running } = what;
  if (count < state.shown) {
    screen.reset();
    state.shown = 0;
    state.isPrompting = false;
    state.isMidLine = false;
    state.row = 0;
  }
  const fresh = pieces.slice(Math.max(0, pieces.length - (count - state.shown)));
  const isFirst = !state.isOpen;
  state.isOpen = true;
  state.shown = count;
  for (const { kind, text } of fresh) {
    // A line typed on this screen stands there already; on a screen opened later it does not.
    if (text !== '') state.isMidLine = kind !== 'typed' && !text.endsWith('\n');
    if (kind === 'typed') {
      if (isFirst) screen.write(`${GREEN}${options.prompt}${PLAIN} ${text}\n`);
    } else screen.write(kind === 'stderr' ? `${RED}${text}${PLAIN}` : text);
  }
  if (!running && !state.isPrompting) prompt(around);
  if (running) state.isPrompting = false;
}
