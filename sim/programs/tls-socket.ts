/**
 * TLS connections that look like TCP sockets to their users: servers wrap what they accept, clients what they
 * open. Nothing is encrypted; see `sim/host/tls-model.ts`.
 */

import type { RandomSource } from '../../daemon/base/random.ts';
import type { Machine } from '../host/machine.ts';
import { type Certificate, type TlsFailure, TlsSide, type TlsUser } from '../host/tls-model.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { TcpConnectOptions, TcpError, TcpHandlers, TcpSocket } from '../kernel/socket-api.ts';

/** What a server needs for TLS. */
export interface TlsServer {
  readonly certificate: Certificate;
  readonly random: RandomSource;
}

/** How a client wants TLS. */
export interface TlsClient {
  /** Server Name Indication; none for addresses. */
  readonly serverName?: string;
  readonly verify: boolean;
  readonly random: RandomSource;
}

/** The option `tls` of a program that listens: which certificate it has; `undefined` is plain TCP. */
export function tlsOption(
  options: Readonly<Record<string, unknown>>,
  machine: Machine,
  name: string,
): TlsServer | undefined {
  const { tls } = options;
  if (typeof tls !== 'string') return undefined;
  return { certificate: tls as Certificate, random: tlsRandom(machine, name) };
}

/** Chance for the fields of TLS of one program; its stream is made when it is first asked for. */
export function tlsRandom(machine: Machine, name: string): RandomSource {
  return machine.engine.streams.named(`${machine.name}/${name}/tls`);
}

/** Handlers of an accepted connection: `onAccept` is asked when the handshake is done. */
export function acceptTls(
  raw: TcpSocket,
  server: TlsServer,
  onAccept: (socket: TcpSocket) => TcpHandlers,
): TcpHandlers {
  let handlers: TcpHandlers | undefined;
  const user: TlsUser = {
    send: (bytes) => void raw.send(bytes),
    onReady: () => {
      handlers = onAccept(wrap(raw, side));
    },
    onData: (bytes) => handlers?.onData?.(bytes),
    onFail: () => raw.close(),
  };
  const side = new TlsSide('server', user, server);
  return {
    onData: (bytes) => side.receive(bytes),
    onClosed: () => {
      if (handlers === undefined) raw.close();
      else handlers.onClosed?.();
    },
    onError: (error) => handlers?.onError?.(error),
  };
}

/**
 * Opens a TLS connection: `onConnected` comes after the handshake, `onTcp` after that of TCP. What goes wrong with TLS
 * is told to `onTlsFailure` alone.
 */
export function connectTls(
  kernel: KernelApi,
  options: TcpConnectOptions,
  client: TlsClient & {
    readonly onTcp: () => void;
    readonly onTlsFailure: (why: TlsFailure) => void;
  },
): TcpSocket | TcpError {
  const { handlers } = options;
  const user: TlsUser = {
    send: (bytes) => void raw?.send(bytes),
    onReady: () => handlers.onConnected?.(),
    onData: (bytes) => handlers.onData?.(bytes),
    onFail: (why) => {
      raw?.close();
      client.onTlsFailure(why);
    },
  };
  const side = new TlsSide('client', user, client);
  let raw: TcpSocket | undefined;
  const socket = kernel.connectTcp({
    ...options,
    handlers: {
      onConnected: () => {
        client.onTcp();
        side.begin(client.serverName);
      },
      onData: (bytes) => side.receive(bytes),
      ...(handlers.onClosed === undefined ? {} : { onClosed: handlers.onClosed }),
      ...(handlers.onError === undefined ? {} : { onError: handlers.onError }),
    },
  });
  if (typeof socket === 'string') return socket;
  raw = socket;
  return wrap(socket, side);
}

/** The socket with TLS records around what it sends. */
function wrap(raw: TcpSocket, side: TlsSide): TcpSocket {
  return {
    localAddress: raw.localAddress,
    localPort: raw.localPort,
    remoteAddress: raw.remoteAddress,
    remotePort: raw.remotePort,
    get state() {
      return raw.state;
    },
    get unacknowledged() {
      return raw.unacknowledged;
    },
    send(bytes) {
      side.write(bytes);
      return undefined;
    },
    finish: () => raw.finish(),
    close: () => raw.close(),
    abort: () => raw.abort(),
    setReading: (reading) => raw.setReading(reading),
  };
}
