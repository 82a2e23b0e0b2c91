/** A UDP echo service (RFC 862) and its client: datagrams come back with the same bytes. */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { Program, ProgramContext } from '../host/machine.ts';
import type { KernelApi, UdpSocket } from '../kernel/kernel-api.ts';

/** Port of the echo service. Source: RFC 862. */
export const ECHO_PORT = 7;

/** The server as a program; option `port` (7). */
export class UdpEchoServer implements Program {
  readonly #context: ProgramContext;
  #socket: UdpSocket | undefined;
  #stopped = false;

  constructor(context: ProgramContext) {
    this.#context = context;
  }

  start(): number | undefined {
    const { name, options, machine } = this.#context;
    const port = typeof options['port'] === 'number' ? options['port'] : ECHO_PORT;
    const pid = this.#context.spawn(name, [`/usr/sbin/${name}`]);
    const socket = machine.kernel.openUdp({
      family: 'inet',
      port,
      onDatagram: (datagram) => {
        if (!this.#stopped)
          this.#socket?.send(datagram.payload, datagram.source, datagram.sourcePort);
      },
    });
    if (typeof socket === 'string') {
      this.#context.log({ identifier: name, pid, level: 'error', text: `bind: ${socket}` });
      return 1;
    }
    this.#socket = socket;
    return undefined;
  }

  terminate(): void {
    this.kill();
    this.#context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  reload(): void {}

  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
  }

  signal(): void {}
}

/** A client of the echo service: sends datagrams and hears what comes back. */
export interface UdpEchoClient {
  /** The errno's name when the datagram could not leave. */
  send(payload: Uint8Array): string | undefined;
  close(): void;
}

/** Opens a client; the errno's name when it cannot. */
export function openUdpEchoClient(
  kernel: KernelApi,
  options: {
    readonly address: IpAddress;
    readonly port: number;
    readonly onReply: (payload: Uint8Array) => void;
    readonly onRefused: () => void;
  },
): UdpEchoClient | string {
  const { address, port } = options;
  const socket = kernel.openUdp({
    family: typeof address === 'number' ? 'inet' : 'inet6',
    onDatagram: (datagram) => {
      if (datagram.source === address && datagram.sourcePort === port) {
        options.onReply(datagram.payload);
      }
    },
    onError: () => options.onRefused(),
  });
  if (typeof socket === 'string') return socket;
  return {
    send: (payload) => socket.send(payload, address, port),
    close: () => socket.close(),
  };
}
