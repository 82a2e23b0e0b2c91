/**
 * What programs that listen on TCP have in common: binding under Linux' rules, the connections that are open,
 * and what signals do to them. A stopped process accepts and reads nothing; a killed one leaves its sockets to
 * the kernel, which closes them.
 */

import { type IpAddress, isIpv4, parseIp } from '../../daemon/wire/ip-address.ts';
import type { Machine, Program, ProgramContext } from '../host/machine.ts';
import type { MachineTimer } from '../host/machine-timers.ts';
import type { TcpHandlers, TcpListener, TcpSocket } from '../kernel/socket-api.ts';
import { acceptTls, type TlsServer } from './tls-socket.ts';

/** Why a service cannot bind; the errno's name. */
export type BindError = 'EADDRINUSE' | 'EADDRNOTAVAIL' | 'ENODEV' | 'EINVAL';

/** One listening socket and its connections. */
export class ListeningService {
  readonly #machine: Machine;
  readonly #listeners: TcpListener[] = [];
  readonly #open = new Set<TcpSocket>();
  readonly #timers = new Set<MachineTimer>();
  /** What waits for a stopped process to go on. */
  #waiting: (() => void)[] = [];
  #stopped = false;
  #closed = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Binds and listens; without an address on both families. `onAccept` is asked once per connection. */
  listen(options: {
    readonly address: IpAddress | undefined;
    readonly port: number;
    readonly pid: number;
    readonly name: string;
    /** Connections are TLS, and are there when its handshake is done. */
    readonly tls?: TlsServer | undefined;
    readonly onAccept: (socket: TcpSocket) => TcpHandlers;
  }): BindError | undefined {
    const { address, port, pid, name, tls } = options;
    const families =
      address === undefined
        ? (['inet', 'inet6'] as const)
        : ([isIpv4(address) ? 'inet' : 'inet6'] as const);
    for (const family of families) {
      const listener = this.#machine.kernel.listenTcp({
        family,
        ipv6Only: true,
        ...(address === undefined ? {} : { address }),
        port,
        onAccept: (socket) =>
          tls === undefined
            ? this.#accept(socket, options.onAccept)
            : acceptTls(socket, tls, (own) => this.#accept(own, options.onAccept)),
      });
      if (typeof listener === 'string') {
        for (const other of this.#listeners.splice(0)) other.close();
        return listener === 'EADDRINUSE' || listener === 'EADDRNOTAVAIL' ? listener : 'EINVAL';
      }
      this.#listeners.push(listener);
    }
    this.#machine.listeners.bind({ address, port, pid, name });
    return undefined;
  }

  /** Closes a connection in an orderly way and forgets it. */
  end(socket: TcpSocket): void {
    this.#open.delete(socket);
    socket.close();
  }

  /** Resets a connection and forgets it. */
  reset(socket: TcpSocket): void {
    this.#open.delete(socket);
    socket.abort();
  }

  /** Does something later, and not while the process is stopped. Returns how to prevent it. */
  after(byUs: number, action: () => void): () => void {
    const timer = this.#machine.timers.after(byUs, () => {
      this.#timers.delete(timer);
      this.run(action);
    });
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
  }

  /** Does something now, or when the stopped process goes on. */
  run(action: () => void): void {
    if (this.#closed) return;
    if (this.#stopped) this.#waiting.push(action);
    else action();
  }

  /** SIGSTOP and SIGCONT. */
  setStopped(stopped: boolean): void {
    if (this.#stopped === stopped) return;
    this.#stopped = stopped;
    for (const listener of this.#listeners) listener.setAccepting(!stopped);
    for (const socket of this.#open) socket.setReading(!stopped);
    if (stopped) return;
    for (const action of this.#waiting.splice(0)) this.run(action);
  }

  /** The process is gone: the kernel closes what it had open. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const socket of [...this.#open]) socket.close();
    this.#open.clear();
  }

  #accept(socket: TcpSocket, onAccept: (socket: TcpSocket) => TcpHandlers): TcpHandlers {
    this.#open.add(socket);
    const handlers = onAccept(socket);
    return {
      onData: (bytes) => this.run(() => handlers.onData?.(bytes)),
      onClosed: () => this.run(() => handlers.onClosed?.()),
      onError: (error) => {
        this.#open.delete(socket);
        this.run(() => handlers.onError?.(error));
      },
    };
  }
}

/**
 * A program that is one listening service and nothing else: it runs as its own name, ends with exit code 1 when it cannot
 * bind, and with 0 on SIGTERM.
 */
export function listeningProgram(
  context: ProgramContext,
  options: {
    readonly usualPort: number;
    readonly onAccept: (socket: TcpSocket, service: ListeningService) => TcpHandlers;
  },
): Program {
  const service = new ListeningService(context.machine);
  return {
    start() {
      const { name } = context;
      const pid = context.spawn(name, [`/usr/sbin/${name}`]);
      const error = service.listen({
        address: addressOption(context),
        port: portOption(context, options.usualPort),
        pid,
        name,
        onAccept: (socket) => options.onAccept(socket, service),
      });
      if (error === undefined) return undefined;
      context.log({ identifier: name, pid, level: 'error', text: `bind: ${error}` });
      return 1;
    },
    terminate() {
      service.close();
      context.exited({ kind: 'exit', code: 0 });
    },
    kill: () => service.close(),
    reload() {},
    setStopped: (stopped) => service.setStopped(stopped),
    signal() {},
  };
}

/** The option `address`, as text or already read; `undefined` is any. */
export function addressOption(context: ProgramContext): IpAddress | undefined {
  const { options } = context;
  const given = options['address'] ?? options['bind'] ?? options['listen'];
  if (typeof given === 'number' || typeof given === 'bigint') return given as IpAddress;
  return typeof given === 'string' ? parseIp(given.replace(/:\d+$/, '')) : undefined;
}

/** The option `port`, or the service's own. */
export function portOption(context: ProgramContext, usual: number): number {
  const { port } = context.options;
  return typeof port === 'number' ? port : usual;
}
