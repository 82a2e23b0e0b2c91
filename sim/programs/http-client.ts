/**
 * One HTTP connection of a client: requests one after the other, each with an outcome. Time limits are the
 * caller's: it calls `close` and counts the request as timed out. curl, load generators and the proxy use it.
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { TlsFailure } from '../host/tls-model.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { TcpError, TcpSocket } from '../kernel/socket-api.ts';
import {
  fieldOf,
  formatMessage,
  type HeaderFields,
  type HttpMessage,
  HttpReader,
} from './http-message.ts';
import { wantsKeepAlive } from './http-pages.ts';
import { connectTls, type TlsClient } from './tls-socket.ts';

/** A request to be sent. */
export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1';
  readonly fields: HeaderFields;
  readonly body?: Uint8Array;
}

/** What became of a request. */
export type HttpOutcome =
  | { readonly kind: 'response'; readonly response: HttpMessage; readonly status: number }
  | {
      readonly kind: 'failed';
      /** Whether the connection was there: false is "could not connect". */
      readonly connected: boolean;
      readonly reason: FailureReason;
      /** Octets of the body that are missing, with 'partial', when that is known. */
      readonly missingBytes?: number;
    };

/** What went wrong with a request: TCP, TLS, or what came back. */
export type FailureReason = TcpError | TlsFailure | 'empty-reply' | 'partial' | 'bad-response';

/** A connection; see the head of the file. */
export class HttpConnection {
  /** Time of connect, as the engine's clock has it, once it is there. */
  connectedAt: number | undefined;
  /** When requests could be sent: with TLS that is later. */
  readyAt: number | undefined;
  readonly #reader = new HttpReader('response');
  readonly #now: () => number;
  #socket: TcpSocket | undefined;
  #pending:
    | { readonly request: HttpRequest; readonly onOutcome: (o: HttpOutcome) => void }
    | undefined;
  #over = false;

  private constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins to connect; the errno when the kernel refuses at once. */
  static open(options: {
    readonly kernel: KernelApi;
    readonly address: IpAddress;
    readonly port: number;
    readonly from?: { readonly address?: IpAddress; readonly port?: number };
    readonly link?: string;
    readonly tls?: TlsClient | undefined;
    readonly now: () => number;
  }): HttpConnection | TcpError {
    const { address, port, from, link, kernel, tls } = options;
    const connection = new HttpConnection(options.now);
    const how = {
      address,
      port,
      ...(from === undefined ? {} : { from }),
      ...(link === undefined ? {} : { link }),
      handlers: {
        onConnected: () => connection.#onConnected(),
        onData: (bytes: Uint8Array) => connection.#onData(bytes),
        onClosed: () => connection.#onClosed(),
        onError: (error: TcpError) => connection.#fail(error),
      },
    };
    const onTcp = () => connection.#noteTcp();
    const onTlsFailure = (why: TlsFailure) => connection.#fail(why);
    const socket =
      tls === undefined
        ? kernel.connectTcp(how)
        : connectTls(kernel, how, { ...tls, onTcp, onTlsFailure });
    if (typeof socket === 'string') return socket;
    connection.#socket = socket;
    return connection;
  }

  /** Bytes of a response that has begun. */
  get receivedBytes(): number {
    return this.#reader.pendingBytes;
  }

  get localPort(): number {
    return this.#socket?.localPort ?? 0;
  }

  /** Whether another request may be sent on it. */
  get isIdle(): boolean {
    return !this.#over && this.#pending === undefined;
  }

  /** Sends a request, now or when the connection is there. One at a time. */
  send(request: HttpRequest, onOutcome: (outcome: HttpOutcome) => void): void {
    this.#pending = { request, onOutcome };
    if (this.readyAt !== undefined) this.#write();
  }

  /** Closes it; a pending request gets no outcome any more. */
  close(): void {
    this.#pending = undefined;
    if (this.#over) return;
    this.#over = true;
    this.#socket?.close();
  }

  #noteTcp(): void {
    this.connectedAt ??= this.#now();
  }

  #onConnected(): void {
    this.#noteTcp();
    this.readyAt = this.#now();
    if (this.#pending !== undefined) this.#write();
  }

  #write(): void {
    const request = this.#pending?.request;
    if (request === undefined) return;
    if (request.method === 'HEAD') this.#reader.expectNoBody();
    const { method, target, version, fields, body } = request;
    const error = this.#socket?.send(formatMessage(`${method} ${target} ${version}`, fields, body));
    if (error !== undefined) this.#fail(error);
  }

  #onData(bytes: Uint8Array): void {
    if (this.#over) return;
    for (const message of this.#reader.push(bytes)) this.#answer(message);
    if (this.#reader.fault !== undefined) this.#fail('bad-response');
  }

  #answer(response: HttpMessage): void {
    const pending = this.#pending;
    if (pending === undefined || response.startLine[1] === '100') return;
    this.#pending = undefined;
    const connection = fieldOf(response.fields, 'Connection');
    const keeps =
      wantsKeepAlive(response.startLine[0], connection) &&
      fieldOf(pending.request.fields, 'Connection')?.toLowerCase() !== 'close' &&
      pending.request.version === 'HTTP/1.1';
    if (!keeps) this.close();
    pending.onOutcome({ kind: 'response', response, status: Number(response.startLine[1]) });
  }

  #onClosed(): void {
    const last = this.#reader.end();
    if (last !== undefined) {
      this.#answer(last);
      return;
    }
    const isPartial = this.#reader.inBody || this.#reader.pendingBytes > 0;
    this.#fail(isPartial ? 'partial' : 'empty-reply');
  }

  #fail(reason: FailureReason): void {
    const pending = this.#pending;
    const missing = reason === 'partial' ? this.#reader.missingBytes : undefined;
    const connected = this.connectedAt !== undefined;
    this.close();
    pending?.onOutcome({
      kind: 'failed',
      connected,
      reason,
      ...(missing === undefined ? {} : { missingBytes: missing }),
    });
  }
}
