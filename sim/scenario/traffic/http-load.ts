/**
 * One traffic of HTTP requests: at a steady pace (open loop, whatever the answers do), each over a connection of
 * its own or over one that is kept alive, and the outcome of every one. As the pinger it is no program of its host.
 */

import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import type { EventHandle, EventTarget } from '../../engine/event-queue.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { TcpError } from '../../kernel/socket-api.ts';
import { HttpConnection, type HttpOutcome, type HttpRequest } from '../../programs/http-client.ts';
import type { TlsClient } from '../../programs/tls-socket.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { HttpTrafficSpec, TrafficSpec } from '../scenario.ts';
import { Pace, placeOf } from './pace.ts';
import { RequestBook, type RunningTraffic, TURNS } from './request-book.ts';
import { failureName, NAME_LENGTH_MAX } from './request-text.ts';

/** Starts it; what it keeps of its requests is the answer. */
export function startHttpLoad(
  lan: LivingLan,
  spec: TrafficSpec,
  http: HttpTrafficSpec,
): RunningTraffic {
  const book = new RequestBook(lan, spec, TURNS);
  const load = new HttpLoad(lan, spec, book, http);
  new Pace(lan, spec, book, (kernel, sequence) => load.request(kernel, sequence));
  return book;
}

class HttpLoad implements EventTarget {
  readonly #lan: LivingLan;
  readonly #spec: TrafficSpec;
  readonly #book: RequestBook;
  readonly #http: HttpTrafficSpec;
  #kernel: KernelApi | undefined;
  /** By the request's place among those that go out together. */
  readonly #kept = new Map<number, HttpConnection>();

  constructor(lan: LivingLan, spec: TrafficSpec, book: RequestBook, http: HttpTrafficSpec) {
    this.#lan = lan;
    this.#spec = spec;
    this.#book = book;
    this.#http = http;
  }

  /** A time limit has passed; the engine calls it. */
  onEvent(_now: number, _code: number, payload: unknown): void {
    (payload as () => void)();
  }

  request(kernel: KernelApi, sequence: number): void {
    if (this.#kernel !== kernel) {
      this.#kernel = kernel;
      this.#kept.clear();
    }
    const slot = placeOf(this.#spec, sequence);
    const connection = this.#connection(kernel, slot);
    if (typeof connection === 'string') {
      this.#book.fail(sequence, failureName(connection));
      return;
    }
    const { engine } = this.#lan;
    const giveUp = (): void => {
      this.#forget(connection, slot);
      this.#book.fail(sequence, 'timed-out');
    };
    const timer: EventHandle = engine.scheduleAfter(this.#spec.timeout, this, 0, giveUp);
    connection.send(this.#message(), (outcome) => {
      engine.cancel(timer);
      this.#judge(sequence, outcome);
      if (!this.#http.keepAlive) connection.close();
    });
  }

  #connection(kernel: KernelApi, slot: number): HttpConnection | TcpError {
    const kept = this.#kept.get(slot);
    if (kept?.isIdle === true) return kept;
    const { to: address } = this.#spec;
    const { port } = this.#http;
    const now = () => this.#lan.engine.now;
    const connection = HttpConnection.open({ kernel, address, port, now, tls: this.#tls() });
    if (this.#http.keepAlive && typeof connection !== 'string') this.#kept.set(slot, connection);
    return connection;
  }

  /** Certificates are verified as browsers do, unless the scenario says otherwise. */
  #tls(): TlsClient | undefined {
    const { tls } = this.#http;
    if (tls === undefined) return undefined;
    return { ...tls, random: this.#lan.engine.streams.named(`traffic/${this.#spec.name}/tls`) };
  }

  #forget(connection: HttpConnection, slot: number): void {
    if (this.#kept.get(slot) === connection) this.#kept.delete(slot);
    connection.close();
  }

  #message(): HttpRequest {
    const { keepAlive, authority, target } = this.#http;
    return {
      method: 'GET',
      target,
      version: 'HTTP/1.1',
      fields: [
        ['Host', authority],
        ['User-Agent', 'lantwin'],
        ['Accept', '*/*'],
        ...(keepAlive ? [] : [['Connection', 'close'] as const]),
      ],
    };
  }

  #judge(sequence: number, outcome: HttpOutcome): void {
    if (outcome.kind === 'failed') {
      this.#book.fail(sequence, failureName(outcome.reason));
      return;
    }
    const text = decodeUtf8(outcome.response.body).trim();
    const { status, body } = this.#http;
    if (outcome.status !== status) this.#book.fail(sequence, `status ${outcome.status}`);
    else if (body !== undefined && text !== body.trim()) this.#book.fail(sequence, 'wrong-body');
    else this.#book.answer(sequence, text.slice(0, NAME_LENGTH_MAX));
  }
}
