/**
 * A web server as a process: it binds under Linux' rules and fails as nginx does when it cannot, answers
 * HTTP/1.1 and 1.0 with pages, statuses and delays from its options, keeps connections alive, and does what
 * broken servers do: hang, or reset.
 */

import { formatIp, type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import type { Program, ProgramContext } from '../host/machine.ts';
import type { TcpHandlers, TcpSocket } from '../kernel/kernel-api.ts';
import { fieldOf, type HttpMessage, HttpReader } from './http-message.ts';
import {
  errorPage,
  formatResponse,
  type HttpOptions,
  type Page,
  readHttpOptions,
  wantsKeepAlive,
} from './http-pages.ts';
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
/** An idle connection is closed after that. Source: nginx, keepalive_timeout 75s. */
const IDLE_LIMIT_US = 75_000_000;

/** The options of the program `http`: those of `readHttpOptions`, `port` (80), `address` (all). */
export class HttpServer implements Program {
  readonly #context: ProgramContext;
  readonly #service: ListeningService;
  readonly #options: HttpOptions;

  constructor(context: ProgramContext) {
    this.#context = context;
    this.#service = new ListeningService(context.machine);
    this.#options = readHttpOptions(context.options);
  }

  /** Binds, or exits with 1 and nginx's line in the journal. */
  start(): number | undefined {
    const { name } = this.#context;
    const address = addressOption(this.#context);
    const tls = tlsOption(this.#context.options, this.#context.machine, name);
    const port = portOption(this.#context, tls === undefined ? 80 : 443);
    const pid = this.#context.spawn(name, [`${name}:`, 'master', 'process', `/usr/sbin/${name}`]);
    const onAccept = (socket: TcpSocket) => this.#serve(socket);
    const error = this.#service.listen({ address, port, pid, name, tls, onAccept });
    if (error !== undefined) {
      this.#complain(pid, `bind() to ${endpoint(address, port)} failed (${BIND_ERRORS[error]})`);
      return 1;
    }
    this.#context.spawn(name, [`${name}:`, 'worker', 'process']);
    return undefined;
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
    const reader = new HttpReader('request');
    let cancelIdle = this.#closeWhenIdle(socket);
    return {
      onData: (bytes) => {
        cancelIdle();
        for (const request of reader.push(bytes)) this.#answerLater(socket, request);
        if (reader.fault !== undefined) this.#send(socket, errorPage(400), undefined);
        cancelIdle = this.#closeWhenIdle(socket);
      },
      onClosed: () => {
        cancelIdle();
        // A request under way is still answered; hanging ones are given up with their client.
        if (this.#options.delayUs === 0 || this.#options.hang) this.#service.end(socket);
        else this.#service.after(this.#options.delayUs, () => this.#service.end(socket));
      },
      onError: () => cancelIdle(),
    };
  }

  #closeWhenIdle(socket: TcpSocket): () => void {
    if (this.#options.hang) return () => {};
    const limit = IDLE_LIMIT_US + this.#options.delayUs;
    return this.#service.after(limit, () => this.#service.end(socket));
  }

  #answerLater(socket: TcpSocket, request: HttpMessage): void {
    const { hang, reset, delayUs } = this.#options;
    if (hang) return;
    if (reset) {
      this.#service.reset(socket);
      return;
    }
    if (delayUs === 0) this.#answer(socket, request);
    else this.#service.after(delayUs, () => this.#answer(socket, request));
  }

  #answer(socket: TcpSocket, request: HttpMessage): void {
    const [method, target] = request.startLine;
    const isKnown = method === 'GET' || method === 'HEAD' || method === 'POST';
    this.#send(socket, isKnown ? this.#pageOf(target) : errorPage(405), request);
  }

  #pageOf(target: string): Page {
    const path = target.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/, '') || '/';
    return this.#options.pages.get(path) ?? this.#options.fallback ?? errorPage(404);
  }

  #send(socket: TcpSocket, page: Page, request: HttpMessage | undefined): void {
    const version = request?.startLine[2] ?? '';
    const connection = request === undefined ? 'close' : fieldOf(request.fields, 'Connection');
    const keepAlive = wantsKeepAlive(version, connection);
    const headOnly = request?.startLine[0] === 'HEAD';
    const clockUs = this.#context.machine.wallClockUs();
    socket.send(formatResponse(page, { keepAlive, headOnly, clockUs }));
    if (!keepAlive) this.#service.end(socket);
  }

  #complain(pid: number, text: string): void {
    const { name } = this.#context;
    this.#context.log({ identifier: name, pid, level: 'error', text: `${name}: [emerg] ${text}` });
    const file = `/etc/${name}/${name}.conf`;
    const failed = `${name}: configuration file ${file} test failed`;
    this.#context.log({ identifier: name, pid, level: 'error', text: failed });
  }
}

function endpoint(address: IpAddress | undefined, port: number): string {
  if (address === undefined) return `0.0.0.0:${port}`;
  return isIpv4(address) ? `${formatIp(address)}:${port}` : `[${formatIp(address)}]:${port}`;
}
