/**
 * TCP connections of the daemon (checkers and mail) on the virtual kernel. Every stream ends in exactly one of
 * 'stream-closed' and 'stream-failed', unless the daemon closes it itself; both come as later events.
 */

import type { RandomSource } from '../../daemon/base/random.ts';
import { milliseconds, seconds } from '../../daemon/base/time.ts';
import type { CommandId, StreamCommand } from '../../daemon/core/commands.ts';
import type { NetworkFailure, StreamEvent } from '../../daemon/core/events.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { TcpError, TcpSocket } from '../kernel/socket-api.ts';
import type { MachineTimer, MachineTimers } from './machine-timers.ts';
import { TlsSide } from './tls-model.ts';

type OpenStream = Extract<StreamCommand, { kind: 'stream-open' }>;

/** SO_LINGER of keepalived's sockets, and from when on a close is told of: an answer on a LAN is quicker. */
const LINGER = seconds(5);
const LINGER_TOLD = milliseconds(5);
/** States of a closed connection whose FIN is not acknowledged. */
const UNACKNOWLEDGED: ReadonlySet<string> = new Set(['FIN_WAIT1', 'CLOSING', 'LAST_ACK']);

/** All streams of one daemon. */
export class DaemonStreams {
  readonly #kernel: KernelApi;
  readonly #timers: MachineTimers;
  readonly #post: (event: StreamEvent) => void;
  readonly #sockets = new Map<CommandId, TcpSocket>();

  readonly #tls = new Map<CommandId, TlsSide>();
  /** Chance for the fields of TLS; asked only when a stream wants TLS. */
  readonly #random: () => RandomSource;

  constructor(
    machine: { readonly kernel: KernelApi; readonly timers: MachineTimers },
    post: (event: StreamEvent) => void,
    random: () => RandomSource,
  ) {
    this.#kernel = machine.kernel;
    this.#timers = machine.timers;
    this.#post = post;
    this.#random = random;
  }

  /** Carries a command out. */
  run(command: StreamCommand): void {
    switch (command.kind) {
      case 'stream-open':
        this.#open(command);
        return;
      case 'stream-send': {
        const tls = this.#tls.get(command.id);
        if (tls !== undefined) tls.write(command.bytes);
        else this.#write(command.id, command.bytes);
        return;
      }
      case 'stream-close': {
        const socket = this.#sockets.get(command.id);
        this.#sockets.delete(command.id);
        this.#tls.delete(command.id);
        if (command.abort) socket?.abort();
        else if (socket !== undefined) this.#close(command.id, socket);
        return;
      }
    }
  }

  /** Closes, and tells of a close that the process stands still in. Source: recording k241. */
  #close(id: CommandId, socket: TcpSocket): void {
    let isTold = false;
    const timers: MachineTimer[] = [];
    const end = () => {
      for (const timer of timers) timer.cancel();
      if (isTold) this.#post({ kind: 'stream-lingered', id });
      isTold = false;
    };
    socket.close(end);
    if (!UNACKNOWLEDGED.has(socket.state)) return;
    const tell = () => {
      isTold = true;
      this.#post({ kind: 'stream-lingers', id });
    };
    timers.push(this.#timers.after(LINGER_TOLD, tell), this.#timers.after(LINGER, end));
  }

  /** The process is gone: the kernel closes what it had open. */
  closeAll(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#tls.clear();
  }

  #open(command: OpenStream): void {
    const { id, address, port, from, interface: link } = command;
    const tls = command.tls === undefined ? undefined : this.#makeTls(id);
    const socket = this.#kernel.connectTcp({
      address,
      port,
      ...(from === undefined ? {} : { from }),
      ...(link === undefined ? {} : { link }),
      ...(command.mark === undefined ? {} : { mark: command.mark }),
      handlers: {
        onConnected: () => {
          if (tls === undefined) this.#post({ kind: 'stream-connected', id });
          else tls.begin(command.tls?.serverName);
        },
        onData: (bytes) => {
          if (tls === undefined) this.#post({ kind: 'stream-data', id, bytes });
          else tls.receive(bytes);
        },
        onClosed: () => this.#end(id),
        onError: (error) => this.#fail(id, error),
      },
    });
    if (typeof socket === 'string')
      this.#post({ kind: 'stream-failed', id, failure: failureOf(socket) });
    else {
      this.#sockets.set(id, socket);
      if (tls !== undefined) this.#tls.set(id, tls);
    }
  }

  #makeTls(id: CommandId): TlsSide {
    const user = {
      send: (bytes: Uint8Array) => this.#write(id, bytes),
      onReady: () => this.#post({ kind: 'stream-connected', id }),
      onData: (bytes: Uint8Array) => this.#post({ kind: 'stream-data', id, bytes }),
      onFail: () => {
        const socket = this.#sockets.get(id);
        this.#forget(id);
        socket?.abort();
        this.#post({ kind: 'stream-failed', id, failure: 'bad-certificate' });
      },
    };
    return new TlsSide('client', user, { random: this.#random() });
  }

  #write(id: CommandId, bytes: Uint8Array): void {
    const error = this.#sockets.get(id)?.send(bytes);
    if (error !== undefined) this.#fail(id, error);
  }

  #forget(id: CommandId): boolean {
    this.#tls.delete(id);
    return this.#sockets.delete(id);
  }

  /** The peer has finished; what is still to be sent goes out before the FIN. */
  #end(id: CommandId): void {
    const socket = this.#sockets.get(id);
    if (socket !== undefined) this.#close(id, socket);
    if (this.#forget(id)) this.#post({ kind: 'stream-closed', id });
  }

  #fail(id: CommandId, error: TcpError): void {
    this.#sockets.get(id)?.close();
    if (!this.#forget(id)) return;
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
    case 'EACCES':
    case 'EPERM':
    case 'EPROTO':
    case 'ENOPROTOOPT':
    case 'EHOSTDOWN':
    case 'ENONET':
      return 'unreachable';
    case 'EADDRNOTAVAIL':
      return 'no-such-address';
    case 'EADDRINUSE':
      return 'address-in-use';
    default:
      return 'no-resource';
  }
}
