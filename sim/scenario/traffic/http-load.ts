/**
 * One traffic of HTTP requests: at a steady pace (open loop, whatever the answers do), each over a connection of
 * its own or over one that is kept alive, and the outcome of every one. As the pinger it is no program of its host.
 */

import type { TimeUs } from '../../../daemon/base/time.ts';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import type { EventHandle, EventTarget } from '../../engine/event-queue.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import { HttpConnection, type HttpOutcome, type HttpRequest } from '../../programs/http-client.ts';
import type { TlsClient } from '../../programs/tls-socket.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { HttpTrafficSpec, TrafficSpec } from '../scenario.ts';
import {
  type Answer,
  REQUEST_LIMIT,
  RequestBook,
  type RunningTraffic,
  scheduleFirst,
  TURNS,
} from './request-book.ts';
import { failureName, NAME_LENGTH_MAX } from './request-text.ts';

const TIMED_OUT = 1;

/** A running traffic; see the head of the file. */
export class HttpLoad implements EventTarget, RunningTraffic {
  readonly spec: TrafficSpec;
  readonly #http: HttpTrafficSpec;
  readonly #lan: LivingLan;
  readonly #book: RequestBook;
  #kernel: KernelApi | undefined;
  #kept: HttpConnection | undefined;

  constructor(lan: LivingLan, spec: TrafficSpec, http: HttpTrafficSpec) {
    this.#lan = lan;
    this.spec = spec;
    this.#http = http;
    this.#book = new RequestBook(lan, spec, TURNS);
    scheduleFirst(lan, spec, this);
  }

  get sentAt(): readonly TimeUs[] {
    return this.#book.sentAt;
  }

  get answers(): readonly Answer[] {
    return this.#book.answers;
  }

  get alive(): boolean {
    return this.#book.alive;
  }

  get lost(): number {
    return this.#book.lost;
  }

  get failures(): ReadonlyMap<string, number> {
    return this.#book.failures;
  }

  lostRequests(end: TimeUs): readonly TimeUs[] {
    return this.#book.lostRequests(end);
  }

  /** Sends one request, or gives one up; the engine calls it. */
  onEvent(now: TimeUs, code: number, payload: unknown): void {
    if (code === TIMED_OUT) {
      (payload as () => void)();
      return;
    }
    if (this.spec.stop !== undefined && now > this.spec.stop) return;
    if (this.#book.sentAt.length >= REQUEST_LIMIT) return;
    this.#lan.engine.scheduleAfter(this.spec.every, this, 0, undefined);
    const host = this.#lan.hosts.get(this.spec.from);
    if (host?.power !== 'on' || host.kernel === undefined) return;
    if (this.#kernel !== host.kernel) {
      this.#kernel = host.kernel;
      this.#kept = undefined;
    }
    this.#request(host.kernel, this.#book.send(now));
  }

  #request(kernel: KernelApi, sequence: number): void {
    const connection = this.#connection(kernel);
    if (typeof connection === 'string') {
      this.#book.fail(sequence, 'unreachable');
      return;
    }
    const { engine } = this.#lan;
    const giveUp = (): void => {
      this.#forget(connection);
      this.#book.fail(sequence, 'timed-out');
    };
    const timer: EventHandle = engine.scheduleAfter(this.spec.timeout, this, TIMED_OUT, giveUp);
    connection.send(this.#message(), (outcome) => {
      engine.cancel(timer);
      this.#judge(sequence, outcome);
      if (!this.#http.keepAlive) connection.close();
    });
  }

  #connection(kernel: KernelApi): HttpConnection | string {
    if (this.#kept?.isIdle === true) return this.#kept;
    const { to: address } = this.spec;
    const { port } = this.#http;
    const now = () => this.#lan.engine.now;
    const connection = HttpConnection.open({ kernel, address, port, now, tls: this.#tls() });
    if (this.#http.keepAlive && typeof connection !== 'string') this.#kept = connection;
    return connection;
  }

  /** Certificates are verified as browsers do, unless the scenario says otherwise. */
  #tls(): TlsClient | undefined {
    const { tls } = this.#http;
    if (tls === undefined) return undefined;
    return { ...tls, random: this.#lan.engine.streams.named(`traffic/${this.spec.name}/tls`) };
  }

  #forget(connection: HttpConnection): void {
    if (this.#kept === connection) this.#kept = undefined;
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
