/**
 * A connection as its program holds it, and handing over what came in. Handlers are called at the end of the
 * event that brought something, never from inside a call of the program.
 * Source: net/ipv4/tcp.c (tcp_sendmsg, tcp_shutdown, __tcp_close).
 */

import type { EventTarget } from '../../engine/event-queue.ts';
import type { TcpError, TcpSocket } from '../socket-api.ts';
import { restartAfterIdle } from './tcp-congestion.ts';
import { abort, forget, waitForFin } from './tcp-lifecycle.ts';
import { pushData, sendAck } from './tcp-output.ts';
import type { TcpConnection } from './tcp-state.ts';

/** Most octets that wait to be acknowledged; far above what Linux' tcp_wmem lets a program queue. */
const SEND_QUEUE_MAX = 64 * 1024 * 1024;

/** The program's side of a connection. */
export function socketOf(connection: TcpConnection): TcpSocket {
  return new ConnectedSocket(connection);
}

class ConnectedSocket implements TcpSocket {
  readonly #connection: TcpConnection;

  constructor(connection: TcpConnection) {
    this.#connection = connection;
  }

  get localAddress() {
    return this.#connection.localAddress;
  }

  get localPort() {
    return this.#connection.localPort;
  }

  get remoteAddress() {
    return this.#connection.remoteAddress;
  }

  get remotePort() {
    return this.#connection.remotePort;
  }

  get state() {
    return this.#connection.state;
  }

  get unacknowledged() {
    return unacknowledged(this.#connection);
  }

  send(bytes: Uint8Array) {
    return send(this.#connection, bytes);
  }

  finish(): void {
    finish(this.#connection);
  }

  close(onOver?: () => void): void {
    close(this.#connection, onOver);
  }

  abort(): void {
    const connection = this.#connection;
    if (connection.orphan || connection.state === 'CLOSED') return;
    connection.orphan = true;
    abort(connection);
  }

  setReading(reading: boolean): void {
    setReading(this.#connection, reading);
  }
}

/** Octets that the program has sent and the peer has not acknowledged. */
export function unacknowledged(connection: TcpConnection): number {
  return connection.sent.reduce((n, each) => n + each.payload.length, connection.unsentLength);
}

/** Hands over what can be read, and the end of it. */
export function deliver(connection: TcpConnection): void {
  while (connection.reading && !connection.orphan && connection.unread.length > 0) {
    const bytes = connection.unread.shift() as Uint8Array;
    connection.unreadLength -= bytes.length;
    connection.handlers.onData?.(bytes);
  }
  const isAtEnd = connection.finReceived && connection.unread.length === 0;
  if (!isAtEnd || connection.finAnnounced || !connection.reading || connection.orphan) return;
  connection.finAnnounced = true;
  connection.handlers.onClosed?.();
}

/** Does the same in an event of its own at this moment, when nothing came in that could bring it about. */
export function deliverSoon(connection: TcpConnection): void {
  const { engine } = connection.tcp.kernel.clock;
  engine.schedule(engine.now, DELIVER, 0, connection);
}

const DELIVER: EventTarget = {
  onEvent(_now, _code, payload) {
    const connection = payload as TcpConnection;
    const { kernel } = connection.tcp;
    if (kernel.halted || kernel.frozen) return;
    deliver(connection);
  },
};

function send(connection: TcpConnection, bytes: Uint8Array): TcpError | undefined {
  const { state } = connection;
  if (connection.orphan || connection.finWanted) return 'EPIPE';
  if (state === 'SYN_SENT' || state === 'SYN_RECV') return 'ENOTCONN';
  if (state !== 'ESTABLISHED' && state !== 'CLOSE_WAIT') return 'EPIPE';
  if (bytes.length === 0) return undefined;
  if (unacknowledged(connection) + bytes.length > SEND_QUEUE_MAX) return 'ENOBUFS';
  restartAfterIdle(connection);
  connection.unsent.push(bytes);
  connection.unsentLength += bytes.length;
  pushData(connection);
  return undefined;
}

function finish(connection: TcpConnection): void {
  if (connection.finWanted) return;
  if (connection.state === 'ESTABLISHED' || connection.state === 'SYN_RECV') {
    connection.state = 'FIN_WAIT1';
  } else if (connection.state === 'CLOSE_WAIT') {
    connection.state = 'LAST_ACK';
  } else {
    return;
  }
  connection.finWanted = true;
  pushData(connection);
}

function close(connection: TcpConnection, onOver: (() => void) | undefined): void {
  if (connection.orphan || connection.state === 'CLOSED') return;
  connection.orphan = true;
  connection.onOver = onOver;
  if (connection.state === 'SYN_SENT') {
    forget(connection);
    return;
  }
  if (connection.unread.length > 0) {
    // Data that nobody will read: the peer must know that it was lost.
    abort(connection);
    return;
  }
  finish(connection);
  waitForFin(connection);
}

function setReading(connection: TcpConnection, reading: boolean): void {
  if (connection.reading === reading) return;
  connection.reading = reading;
  if (!reading || connection.orphan) return;
  const wasShut = connection.receiveEdge - connection.receiveNext < connection.receivedMss;
  deliverSoon(connection);
  if (!wasShut || connection.state === 'CLOSED') return;
  // The window opens again; Linux says so when the program has read (tcp_cleanup_rbuf).
  const { engine } = connection.tcp.kernel.clock;
  engine.schedule(engine.now, WINDOW_UPDATE, 0, connection);
}

const WINDOW_UPDATE: EventTarget = {
  onEvent(_now, _code, payload) {
    const connection = payload as TcpConnection;
    if (connection.state === 'CLOSED' || connection.tcp.kernel.halted) return;
    if (connection.state !== 'TIME_WAIT') sendAck(connection);
  },
};
