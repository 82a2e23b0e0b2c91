/** A TCP echo service (RFC 862): bytes come back in order; option `port` (7), `address` (all). */

import type { Program, ProgramContext } from '../host/machine.ts';
import type { TcpHandlers, TcpSocket } from '../kernel/kernel-api.ts';
import { addressOption, ListeningService, portOption } from './listening-service.ts';
import { ECHO_PORT } from './udp-echo.ts';

/** The server as a program. */
export class TcpEchoServer implements Program {
  readonly #context: ProgramContext;
  readonly #service: ListeningService;

  constructor(context: ProgramContext) {
    this.#context = context;
    this.#service = new ListeningService(context.machine);
  }

  start(): number | undefined {
    const { name } = this.#context;
    const pid = this.#context.spawn(name, [`/usr/sbin/${name}`]);
    const error = this.#service.listen({
      address: addressOption(this.#context),
      port: portOption(this.#context, ECHO_PORT),
      pid,
      name,
      onAccept: (socket) => this.#serve(socket),
    });
    if (error === undefined) return undefined;
    this.#context.log({ identifier: name, pid, level: 'error', text: `bind: ${error}` });
    return 1;
  }

  terminate(): void {
    this.kill();
    this.#context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {
    this.#service.close();
  }

  reload(): void {}

  setStopped(stopped: boolean): void {
    this.#service.setStopped(stopped);
  }

  signal(): void {}

  #serve(socket: TcpSocket): TcpHandlers {
    return {
      onData: (bytes) => void socket.send(bytes.slice()),
      onClosed: () => this.#service.end(socket),
    };
  }
}
