/**
 * TCP and TLS for checkers and mail, over node's own sockets; with `fwmark` or `bind_if` over sockets that node takes over
 * once they are connected. Every open stream ends in exactly one of closed and failed.
 */

import { connect, Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { CommandId, StreamCommand } from '../core/commands.ts';
import { formatIp } from '../wire/ip-address.ts';
import {
  BindError,
  type BoundSocketPlace,
  connectTcp,
  needsOwnWay,
  placeOf,
} from './native/bound-socket.ts';
import type { NetworkClientsOptions } from './network-clients.ts';
import { failureOf, failureOfErrno, hostText } from './node-socket-words.ts';

type StreamOpen = Extract<StreamCommand, { kind: 'stream-open' }>;

/** The open streams of one daemon. */
export class StreamClients {
  readonly #options: NetworkClientsOptions;
  readonly #streams = new Map<CommandId, Socket>();
  /** How to give up connections that are under way on sockets of our own. */
  readonly #connecting = new Map<CommandId, () => void>();

  constructor(options: NetworkClientsOptions) {
    this.#options = options;
  }

  /** Carries a TCP or TLS command out. */
  carryOut(command: StreamCommand): void {
    if (command.kind === 'stream-open') {
      this.#openStream(command);
      return;
    }
    const socket = this.#streams.get(command.id);
    if (socket === undefined) {
      if (command.kind === 'stream-close') this.#giveUp(command.id);
      return;
    }
    if (command.kind === 'stream-send') {
      socket.write(command.bytes);
    } else {
      this.#streams.delete(command.id);
      socket.removeAllListeners();
      socket.on('error', () => {});
      if (!command.abort) socket.end();
      // node refuses to reset what TLS stands on, with an exception.
      else if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Closes everything without further events. */
  close(): void {
    for (const socket of this.#streams.values()) {
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
    }
    for (const id of [...this.#connecting.keys()]) this.#giveUp(id);
    this.#streams.clear();
  }

  #openStream(command: StreamOpen): void {
    const place = placeOf({
      ...command,
      remote: command,
      local: command.from,
      interfaceIndex: this.#options.interfaceIndex,
    });
    if (needsOwnWay(place)) {
      this.#connectOwn(command, place);
      return;
    }
    const target = {
      host: hostText(command.address, command.interface),
      port: command.port,
      ...(command.from?.address === undefined
        ? {}
        : { localAddress: formatIp(command.from.address) }),
      ...(command.from?.port === undefined ? {} : { localPort: command.from.port }),
    };
    if (command.tls === undefined) this.#adopt(command, connect(target), 'connect');
    else this.#adopt(command, connectTls({ ...target, ...tlsOptions(command) }), 'secureConnect');
  }

  /** With a mark or a device: connected here, then node's. */
  #connectOwn(command: StreamOpen, place: BoundSocketPlace): void {
    const { id } = command;
    const { libc, poller, deliver, log } = this.#options;
    const onDone = (descriptor: number): void => {
      this.#connecting.delete(id);
      if (descriptor < 0) {
        deliver({ kind: 'stream-failed', id, failure: failureOfErrno(-descriptor) });
        return;
      }
      const socket = new Socket({ fd: descriptor, readable: true, writable: true });
      if (command.tls !== undefined) {
        this.#adopt(command, connectTls({ socket, ...tlsOptions(command) }), 'secureConnect');
        return;
      }
      this.#adopt(command, socket, undefined);
      deliver({ kind: 'stream-connected', id });
    };
    try {
      // A refusal on the spot comes while the command is being carried out: later, as all answers.
      const later = (result: number): void => void setImmediate(onDone, result);
      let returned = false;
      const giveUp = connectTcp({
        libc,
        poller,
        place,
        onDone: (result) => (returned ? onDone(result) : later(result)),
      });
      returned = true;
      this.#connecting.set(id, giveUp);
    } catch (error) {
      if (!(error instanceof BindError)) throw error;
      log(error.message);
      setImmediate(() => deliver({ kind: 'stream-failed', id, failure: 'no-resource' }));
    }
  }

  #giveUp(id: CommandId): void {
    this.#connecting.get(id)?.();
    this.#connecting.delete(id);
  }

  /** Listens to a socket; `ready` is the event that tells of the connection, if there is one to come. */
  #adopt({ id }: StreamOpen, socket: Socket, ready: 'connect' | 'secureConnect' | undefined): void {
    const { deliver } = this.#options;
    this.#streams.set(id, socket);
    if (ready !== undefined) socket.on(ready, () => deliver({ kind: 'stream-connected', id }));
    socket.on('data', (bytes: Buffer) => deliver({ kind: 'stream-data', id, bytes }));
    socket.on('end', () => {
      if (this.#streams.delete(id)) deliver({ kind: 'stream-closed', id });
    });
    socket.on('error', (error) => {
      if (!this.#streams.delete(id)) return;
      deliver({ kind: 'stream-failed', id, failure: failureOf(error) });
    });
    socket.on('close', () => {
      if (this.#streams.delete(id)) deliver({ kind: 'stream-closed', id });
    });
  }
}

/** Checkers look at what the server says, not at who signed it; keepalived does not verify either. */
function tlsOptions({ tls }: StreamOpen) {
  const { serverName } = tls ?? {};
  const servername = serverName === undefined ? {} : { servername: serverName };
  return { rejectUnauthorized: false, ...servername };
}
