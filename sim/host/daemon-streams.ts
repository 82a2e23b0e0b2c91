/**
 * TCP connections of the daemon (checkers and mail) on the virtual kernel. Every stream ends in exactly one of
 * 'stream-closed' and 'stream-failed', unless the daemon closes it itself; both come as later events.
 */

import type { CommandId, StreamCommand } from '../../daemon/core/commands.ts';
import type { NetworkFailure, StreamEvent } from '../../daemon/core/events.ts';
import type { KernelApi, TcpError, TcpSocket } from '../kernel/kernel-api.ts';

type OpenStream = Extract<StreamCommand, { kind: 'stream-open' }>;

/** All streams of one daemon. */
export class DaemonStreams {
  readonly #kernel: KernelApi;
  readonly #post: (event: StreamEvent) => void;
  readonly #sockets = new Map<CommandId, TcpSocket>();

  constructor(kernel: KernelApi, post: (event: StreamEvent) => void) {
    this.#kernel = kernel;
    this.#post = post;
  }

  /** Carries a command out. */
  run(command: StreamCommand): void {
    switch (command.kind) {
      case 'stream-open':
        this.#open(command);
        return;
      case 'stream-send': {
        const error = this.#sockets.get(command.id)?.send(command.bytes);
        if (error !== undefined) this.#fail(command.id, error);
        return;
      }
      case 'stream-close': {
        const socket = this.#sockets.get(command.id);
        this.#sockets.delete(command.id);
        if (command.abort) socket?.abort();
        else socket?.close();
        return;
      }
    }
  }

  /** The process is gone: the kernel closes what it had open. */
  closeAll(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #open(command: OpenStream): void {
    const { id, address, port, from, interface: link } = command;
    const socket = this.#kernel.connectTcp({
      address,
      port,
      ...(from === undefined ? {} : { from }),
      ...(link === undefined ? {} : { link }),
      handlers: {
        onConnected: () => this.#post({ kind: 'stream-connected', id }),
        onData: (bytes) => this.#post({ kind: 'stream-data', id, bytes }),
        onClosed: () => this.#end(id),
        onError: (error) => this.#fail(id, error),
      },
    });
    if (typeof socket === 'string')
      this.#post({ kind: 'stream-failed', id, failure: failureOf(socket) });
    else this.#sockets.set(id, socket);
  }

  /** The peer has finished; what is still to be sent goes out before the FIN. */
  #end(id: CommandId): void {
    this.#sockets.get(id)?.close();
    if (this.#sockets.delete(id)) this.#post({ kind: 'stream-closed', id });
  }

  #fail(id: CommandId, error: TcpError): void {
    this.#sockets.get(id)?.close();
    if (!this.#sockets.delete(id)) return;
    this.#post({ kind: 'stream-failed', id, failure: failureOf(error) });
  }
}

/** The closed set of failures for errno names. */
export function failureOf(error: TcpError): NetworkFailure {
  switch (error) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ENOTCONN':
      return 'reset';
    case 'ETIMEDOUT':
      return 'timed-out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
    case 'EPERM':
    case 'EPROTO':
    case 'EADDRNOTAVAIL':
      return 'unreachable';
    default:
      return 'no-resource';
  }
}
