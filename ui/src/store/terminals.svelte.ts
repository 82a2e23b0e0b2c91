/** The page's terminals: one per host, each with what was typed and what came back. */

import type { ClientMessage, ServerMessage } from '../../../sim/session/protocol.ts';

/** A piece of a terminal's text. */
export interface TerminalText {
  readonly kind: 'typed' | 'stdout' | 'stderr';
  readonly text: string;
}

/** One terminal. */
export interface Terminal {
  readonly id: string;
  readonly host: string;
  readonly pieces: readonly TerminalText[];
  /** Pieces ever since it was wiped, those that were forgotten included. */
  readonly count: number;
  /** Command lines, oldest first. */
  readonly history: readonly string[];
  readonly running: boolean;
  /** How the last command ended. */
  readonly exitCode?: number;
}

/** Pieces that a terminal keeps. */
const PIECES_MAX = 2_000;
const HISTORY_MAX = 500;
/** How long Ctrl+C waits for the command's own end, ms. */
const CANCEL_MS = 600;

/** All terminals by host. */
export class Terminals {
  all: ReadonlyMap<string, Terminal> = $state.raw(new Map());
  readonly #send: (message: ClientMessage) => void;
  /** Two pages that look at the same session have terminals of their own. */
  readonly #page = crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? '0';

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  of(host: string): Terminal {
    const known = this.all.get(host);
    if (known !== undefined) return known;
    const id = `t-${this.#page}-${host}`.slice(0, 60);
    return { id, host, pieces: [], count: 0, history: [], running: false };
  }

  run(host: string, line: string): void {
    const terminal = this.of(host);
    if (terminal.running || line.trim() === '') return;
    const history =
      terminal.history.at(-1) === line ? terminal.history : [...terminal.history, line];
    this.#change(host, { history: history.slice(-HISTORY_MAX), running: true });
    this.#add(host, { kind: 'typed', text: line });
    this.#send({ type: 'exec', terminal: terminal.id, host, line });
  }

  cancel(host: string): void {
    this.#send({ type: 'cancel', terminal: this.of(host).id });
    // A command that time went back before has nobody left to say that it ended.
    setTimeout(() => this.#change(host, { running: false }), CANCEL_MS);
  }

  wipe(host: string): void {
    this.#change(host, { pieces: [], count: 0 });
  }

  clear(): void {
    this.all = new Map();
  }

  receive(message: Extract<ServerMessage, { type: 'output' | 'exit' }>): void {
    const terminal = [...this.all.values()].find((known) => known.id === message.terminal);
    if (terminal === undefined) return;
    if (message.type === 'output') {
      this.#add(terminal.host, { kind: message.stream, text: message.text });
    } else this.#change(terminal.host, { running: false, exitCode: message.code });
  }

  /** Nothing runs any more, as after a connection that was lost. */
  release(): void {
    for (const { host, running } of this.all.values()) {
      if (running) this.#change(host, { running: false });
    }
  }

  #add(host: string, piece: TerminalText): void {
    const { pieces, count } = this.of(host);
    this.#change(host, { pieces: [...pieces, piece].slice(-PIECES_MAX), count: count + 1 });
  }

  #change(host: string, change: Partial<Terminal>): void {
    this.all = new Map(this.all).set(host, { ...this.of(host), ...change });
  }
}
