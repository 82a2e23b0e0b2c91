/** The page's terminals: one per host, each with what was typed and what came back. */

import type { ClientMessage, ServerMessage } from '../../../sim/session/protocol.ts';

/** A piece of a terminal's text. */
export interface TerminalText {
  readonly kind: 'typed' | 'stdout' | 'stderr' | 'code';
  readonly text: string;
}

/** One terminal. */
export interface Terminal {
  readonly id: string;
  readonly host: string;
  readonly pieces: readonly TerminalText[];
  /** Command lines, oldest first. */
  readonly history: readonly string[];
  readonly running: boolean;
}

/** Pieces that a terminal keeps. */
const PIECES_MAX = 600;

/** All terminals by host. */
export class Terminals {
  all: ReadonlyMap<string, Terminal> = $state.raw(new Map());
  readonly #send: (message: ClientMessage) => void;

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  of(host: string): Terminal {
    return this.all.get(host) ?? { id: `t-${host}`, host, pieces: [], history: [], running: false };
  }

  run(host: string, line: string): void {
    const terminal = this.of(host);
    if (terminal.running || line.trim() === '') return;
    this.#change(host, {
      pieces: withPiece(terminal.pieces, { kind: 'typed', text: line }),
      history: [...terminal.history, line],
      running: true,
    });
    this.#send({ type: 'exec', terminal: terminal.id, host, line });
  }

  cancel(host: string): void {
    this.#send({ type: 'cancel', terminal: this.of(host).id });
  }

  wipe(host: string): void {
    this.#change(host, { pieces: [] });
  }

  clear(): void {
    this.all = new Map();
  }

  receive(message: Extract<ServerMessage, { type: 'output' | 'exit' }>): void {
    const terminal = [...this.all.values()].find((known) => known.id === message.terminal);
    if (terminal === undefined) return;
    if (message.type === 'output') {
      const piece = { kind: message.stream, text: message.text };
      this.#change(terminal.host, { pieces: withPiece(terminal.pieces, piece) });
      return;
    }
    const pieces =
      message.code === 0
        ? terminal.pieces
        : withPiece(terminal.pieces, { kind: 'code', text: `exit code ${message.code}` });
    this.#change(terminal.host, { pieces, running: false });
  }

  #change(host: string, change: Partial<Terminal>): void {
    this.all = new Map(this.all).set(host, { ...this.of(host), ...change });
  }
}

function withPiece(pieces: readonly TerminalText[], piece: TerminalText): TerminalText[] {
  return [...pieces, piece].slice(-PIECES_MAX);
}
