/**
 * A web server as a process: it binds under Linux' rules and fails as nginx does when it cannot, answers
 * HTTP/1.1 and 1.0 with pages, statuses and delays from its options, keeps connections alive, and does what
 * broken servers do: hang, or reset.
 */

import type { ProgramContext } from '../host/machine.ts';
import type { TcpHandlers, TcpSocket } from '../kernel/socket-api.ts';
import { type HttpMessage, HttpReader } from './http-message.ts';
import { errorPage, type HttpOptions, type Page, readHttpOptions } from './http-pages.ts';
import { NginxProcess } from './nginx-process.ts';

/** An idle connection is closed after that. Source: nginx, keepalive_timeout 75s. */
const IDLE_LIMIT_US = 75_000_000;

/** The options of the program `http`: those of `NginxProcess` and of `readHttpOptions`. */
export class HttpServer extends NginxProcess {
  readonly #options: HttpOptions;

  constructor(context: ProgramContext) {
    super(context);
    this.#options = readHttpOptions(context.options);
  }

  protected override serve(socket: TcpSocket): TcpHandlers {
    const reader = new HttpReader('request');
    let cancelIdle = this.#closeWhenIdle(socket);
    return {
      onData: (bytes) => {
        cancelIdle();
        for (const request of reader.push(bytes)) this.#answerLater(socket, request);
        if (reader.fault !== undefined) this.sendPage(socket, errorPage(400), undefined);
        cancelIdle = this.#closeWhenIdle(socket);
      },
      onClosed: () => {
        cancelIdle();
        // A request under way is still answered; hanging ones are given up with their client.
        if (this.#options.delayUs === 0 || this.#options.hang) this.service.end(socket);
        else this.service.after(this.#options.delayUs, () => this.service.end(socket));
      },
      onError: () => cancelIdle(),
    };
  }

  #closeWhenIdle(socket: TcpSocket): () => void {
    if (this.#options.hang) return () => {};
    const limit = IDLE_LIMIT_US + this.#options.delayUs;
    return this.service.after(limit, () => this.service.end(socket));
  }

  #answerLater(socket: TcpSocket, request: HttpMessage): void {
    const { hang, reset, delayUs } = this.#options;
    if (hang) return;
    if (reset) {
      this.service.reset(socket);
      return;
    }
    if (delayUs === 0) this.#answer(socket, request);
    else this.service.after(delayUs, () => this.#answer(socket, request));
  }

  #answer(socket: TcpSocket, request: HttpMessage): void {
    const [method, target] = request.startLine;
    const isKnown = method === 'GET' || method === 'HEAD' || method === 'POST';
    this.sendPage(socket, isKnown ? this.#pageOf(target) : errorPage(405), request);
  }

  #pageOf(target: string): Page {
    const path = target.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/, '') || '/';
    return this.#options.pages.get(path) ?? this.#options.fallback ?? errorPage(404);
  }
}
