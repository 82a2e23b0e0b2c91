/**
 * What a web server and a reverse proxy have in common, being one program: master and worker process, binding under
 * Linux' rules and failing with nginx's lines, signals, and pages sent to a client that may keep its connection.
 */

import { formatIp, type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import type { Program, ProgramContext } from '../host/machine.ts';
import type { TcpHandlers, TcpSocket } from '../kernel/socket-api.ts';
import { fieldOf, type HttpMessage } from './http-message.ts';
import { formatResponse, type Page, wantsKeepAlive } from './http-pages.ts';
import {
  addressOption,
  type BindError,
  ListeningService,
  portOption,
} from './listening-service.ts';
import { tlsOption } from './tls-socket.ts';

/** errno numbers and texts as nginx writes them. */
const BIND_ERRORS: Record<BindError, string> = {
  EADDRNOTAVAIL: '99: Cannot assign requested address',
  EADDRINUSE: '98: Address already in use',
  ENODEV: '19: No such device',
  EINVAL: '22: Invalid argument',
};

/** Options: `port` (80, with `tls` 443), `address` (all), `tls`. */
export abstract class NginxProcess implements Program {
  protected readonly context: ProgramContext;
  protected readonly service: ListeningService;

  constructor(context: ProgramContext) {
    this.context = context;
    this.service = new ListeningService(context.machine);
  }

  /** What happens on a new connection. */
  protected abstract serve(socket: TcpSocket): TcpHandlers;

  /** Binds, or exits with 1 and nginx's line in the journal. */
  start(): number | undefined {
    const { name } = this.context;
    const address = addressOption(this.context);
    const tls = tlsOption(this.context.options, this.context.machine, name);
    const port = portOption(this.context, tls === undefined ? 80 : 443);
    const pid = this.context.spawn(name, [`${name}:`, 'master', 'process', `/usr/sbin/${name}`]);
    const onAccept = (socket: TcpSocket) => this.serve(socket);
    const error = this.service.listen({ address, port, pid, name, tls, onAccept });
    if (error !== undefined) {
      this.#complain(pid, `bind() to ${endpoint(address, port)} failed (${BIND_ERRORS[error]})`);
      return 1;
    }
    this.context.spawn(name, [`${name}:`, 'worker', 'process']);
    return undefined;
  }

  terminate(): void {
    this.kill();
    this.context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {
    this.service.close();
  }

  reload(): void {}

  setStopped(stopped: boolean): void {
    this.service.setStopped(stopped);
  }

  signal(): void {}

  /** Answers a request (`undefined`: one that could not be read) and closes, unless the client asked to go on. */
  protected sendPage(socket: TcpSocket, page: Page, request: HttpMessage | undefined): void {
    const keepAlive = request !== undefined && keepsAlive(request);
    const headOnly = request?.startLine[0] === 'HEAD';
    const clockUs = this.context.machine.wallClockUs();
    socket.send(formatResponse(page, { keepAlive, headOnly, clockUs }));
    if (!keepAlive) this.service.end(socket);
  }

  #complain(pid: number, text: string): void {
    const { name } = this.context;
    this.context.log({ identifier: name, pid, level: 'error', text: `${name}: [emerg] ${text}` });
    const file = `/etc/${name}/${name}.conf`;
    const failed = `${name}: configuration file ${file} test failed`;
    this.context.log({ identifier: name, pid, level: 'error', text: failed });
  }
}

/** Whether the client wants to send more on this connection. */
export function keepsAlive(request: HttpMessage): boolean {
  return wantsKeepAlive(request.startLine[2], fieldOf(request.fields, 'Connection'));
}

function endpoint(address: IpAddress | undefined, port: number): string {
  if (address === undefined) return `0.0.0.0:${port}`;
  return isIpv4(address) ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;
}
