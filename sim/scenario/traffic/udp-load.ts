/** One traffic of UDP: datagrams from a port of their own each, as a resolver asks, or all from one; each waits for an answer. */

import { familyOf, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import type { EventTarget } from '../../engine/event-queue.ts';
import type { IcmpSocketError } from '../../kernel/icmp-error-names.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { Datagram, UdpSocket } from '../../kernel/socket-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { TrafficSpec } from '../scenario.ts';
import { Pace } from './pace.ts';
import { RequestBook, type RunningTraffic, TURNS } from './request-book.ts';
import { payloadOf, sequenceOf, whoSays } from './request-text.ts';

/** Starts it; what it keeps of its requests is the answer. */
export function startUdpLoad(
  lan: LivingLan,
  spec: TrafficSpec,
  echo: { readonly port: number; readonly keepAlive: boolean },
): RunningTraffic {
  const book = new RequestBook(lan, spec, TURNS);
  const load = new UdpLoad(lan, spec, book, echo.port);
  new Pace(lan, spec, book, (kernel, sequence) => load.request(kernel, sequence, echo.keepAlive));
  return book;
}

class UdpLoad implements EventTarget {
  readonly #lan: LivingLan;
  readonly #spec: TrafficSpec;
  readonly #book: RequestBook;
  readonly #port: number;
  #kept: { readonly kernel: KernelApi; readonly socket: UdpSocket; newest: number } | undefined;

  constructor(lan: LivingLan, spec: TrafficSpec, book: RequestBook, port: number) {
    this.#lan = lan;
    this.#spec = spec;
    this.#book = book;
    this.#port = port;
  }

  request(kernel: KernelApi, sequence: number, keepAlive: boolean): void {
    const socket = keepAlive
      ? this.#keptSocket(kernel, sequence)
      : this.#ownSocket(kernel, sequence);
    const error = socket?.send(payloadOf(this.#spec.size, sequence), this.#spec.to, this.#port);
    if (socket === undefined || error !== undefined) this.#book.fail(sequence, 'unreachable');
  }

  /** The time of a datagram is over; the engine calls it. */
  onEvent(_now: number, _code: number, payload: unknown): void {
    (payload as UdpSocket).close();
  }

  #ownSocket(kernel: KernelApi, sequence: number): UdpSocket | undefined {
    const socket = kernel.openUdp({
      family: familyOf(this.#spec.to),
      onDatagram: (datagram) => {
        if (this.#isAnswer(datagram)) this.#answer(sequence, datagram);
      },
      onError: (error) => this.#fail(sequence, error),
    });
    if (typeof socket === 'string') return undefined;
    // Behind its time no answer counts any more, and the port is free again.
    this.#lan.engine.scheduleAfter(this.#spec.timeout, this, 0, socket);
    return socket;
  }

  /** One socket for all: who is meant stands in the datagram, or it is the newest. */
  #keptSocket(kernel: KernelApi, sequence: number): UdpSocket | undefined {
    if (this.#kept?.kernel === kernel) {
      this.#kept.newest = sequence;
      return this.#kept.socket;
    }
    const socket = kernel.openUdp({
      family: familyOf(this.#spec.to),
      onDatagram: (datagram) => {
        const newest = this.#kept?.newest ?? sequence;
        if (!this.#isAnswer(datagram)) return;
        this.#answer(sequenceOf(datagram.payload, newest), datagram);
      },
      onError: (error) => this.#fail(this.#kept?.newest ?? sequence, error),
    });
    if (typeof socket === 'string') return undefined;
    this.#kept = { kernel, socket, newest: sequence };
    return socket;
  }

  /** A server bound to any address may answer from its own: a classic trap, and no answer to us. */
  #isAnswer(datagram: { readonly source: IpAddress; readonly sourcePort: number }): boolean {
    return datagram.source === this.#spec.to && datagram.sourcePort === this.#port;
  }

  #answer(sequence: number, datagram: Datagram): void {
    if (!this.#book.isOpen(sequence)) return;
    this.#book.answer(sequence, whoSays(decodeUtf8(datagram.payload)));
  }

  #fail(sequence: number, error: IcmpSocketError): void {
    if (!this.#book.isOpen(sequence)) return;
    this.#book.fail(sequence, error === 'ECONNREFUSED' ? 'refused' : 'unreachable');
  }
}
