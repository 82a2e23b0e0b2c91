/**
 * One browser's WebSocket: reads its messages within limits, and sends what the session says. One that reads too slowly
 * loses messages, not the session: while too much waits for it nothing more is queued, and when it has caught up it is
 * told of the gap and then everything anew.
 */

import type { WebSocket } from 'ws';
import type { LiveSession } from '../session/live-session.ts';
import type { Role, ServerMessage } from '../session/protocol.ts';
import type { Viewer } from '../session/viewer.ts';

/** Limits of one connection; tests make them smaller. */
export interface ConnectionLimits {
  /** Bytes that may wait for a slow reader. */
  readonly bufferedMax: number;
  /** Messages a second, and how many may come at once. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
}

/** 4 MiB wait at most; a person makes a few messages a second, a page that scrolls some dozens. */
export const CONNECTION_LIMITS_DEFAULT: ConnectionLimits = {
  bufferedMax: 4 * 1024 * 1024,
  messagesPerSecond: 100,
  messageBurst: 300,
};

/** A download is asked for and comes in one go; it may wait longer. */
const DOWNLOAD_BUFFERED_MAX = 256 * 1024 * 1024;
const POLICY_VIOLATION = 1008;

/** One connection; see the head of the file. */
export class ClientConnection {
  readonly #socket: WebSocket;
  readonly #session: LiveSession;
  readonly #limits: ConnectionLimits;
  readonly #viewer: Viewer;
  readonly #onError: (error: unknown) => void;
  #dropped = 0;
  #allowance: number;
  #lastAt: number;
  #isAlive = true;

  constructor(options: {
    readonly socket: WebSocket;
    readonly session: LiveSession;
    readonly role: Role;
    readonly limits: ConnectionLimits;
    readonly onError: (error: unknown) => void;
  }) {
    this.#socket = options.socket;
    this.#session = options.session;
    this.#limits = options.limits;
    this.#onError = options.onError;
    this.#allowance = options.limits.messageBurst;
    this.#lastAt = performance.now();
    this.#viewer = this.#session.attach({
      role: options.role,
      send: (message) => this.#send(message),
    });
    this.#socket.on('message', (data, isBinary) => this.#onMessage(String(data), isBinary));
    this.#socket.on('pong', () => {
      this.#isAlive = true;
    });
    // Too long a message and the like: ws closes the connection by itself.
    this.#socket.on('error', () => {});
  }

  /** Goes on with a reader that has caught up. Called often. */
  tick(): void {
    if (this.#dropped === 0 || this.#socket.bufferedAmount > this.#limits.bufferedMax / 4) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#send({ type: 'gap', dropped });
    this.#viewer.resync();
  }

  /** Asks whether the peer still lives; one that did not answer the last time is cut off. */
  probe(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  /** The connection is gone. */
  end(): void {
    this.#session.detach(this.#viewer);
  }

  #onMessage(text: string, isBinary: boolean): void {
    if (!this.#mayTalk()) {
      this.#socket.close(POLICY_VIOLATION, 'too many messages');
      return;
    }
    if (isBinary) {
      this.#viewer.refuse('bad-message', 'messages are text', undefined);
      return;
    }
    try {
      this.#session.receive(this.#viewer, text);
    } catch (error) {
      this.#onError(error);
      this.#viewer.refuse(
        'internal',
        'something went wrong in the twin; see its terminal',
        undefined,
      );
    }
  }

  /** A bucket that fills with time. */
  #mayTalk(): boolean {
    const now = performance.now();
    const { messagesPerSecond, messageBurst } = this.#limits;
    const filled = this.#allowance + ((now - this.#lastAt) / 1000) * messagesPerSecond;
    this.#lastAt = now;
    this.#allowance = Math.min(messageBurst, filled) - 1;
    return this.#allowance >= 0;
  }

  #send(message: ServerMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const most = message.type === 'pcapng' ? DOWNLOAD_BUFFERED_MAX : this.#limits.bufferedMax;
    const isCut = this.#dropped > 0 && message.type !== 'pcapng';
    if (isCut || this.#socket.bufferedAmount > most) {
      this.#dropped++;
      return;
    }
    this.#socket.send(JSON.stringify(message));
  }
}
