/**
 * One traffic of TCP: every request is a connection of its own that sends bytes and waits for as many back, or, kept
 * alive, the same on one long connection, as a terminal session or a database client is one. A kept connection is
 * not given up when a request has had its time: TCP repeats until it gives up itself.
 */

import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import type { EventHandle, EventTarget } from '../../engine/event-queue.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { TcpError, TcpSocket } from '../../kernel/socket-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { TrafficSpec } from '../scenario.ts';
import { Pace, placeOf } from './pace.ts';
import { RequestBook, type RunningTraffic, TURNS } from './request-book.ts';
import { failureName, payloadOf, whoSays } from './request-text.ts';

/** Starts it; what it keeps of its requests is the answer. */
export function startTcpLoad(
  lan: LivingLan,
  spec: TrafficSpec,
  echo: { readonly port: number; readonly keepAlive: boolean },
): RunningTraffic {
  const book = new RequestBook(lan, spec, TURNS);
  const load = new TcpLoad(lan, spec, book, echo.port);
  new Pace(lan, spec, book, (kernel, sequence) => load.request(kernel, sequence, echo.keepAlive));
  return book;
}

/** One connection with the requests that wait for their answers, oldest first. */
interface Talk {
  readonly kernel: KernelApi;
  readonly waiting: { readonly sequence: number; left: number }[];
  socket: TcpSocket | undefined;
  isConnected: boolean;
  isOver: boolean;
  /** Why the kernel would not even try. */
  refusal?: string;
}

class TcpLoad implements EventTarget {
  readonly #lan: LivingLan;
  readonly #spec: TrafficSpec;
  readonly #book: RequestBook;
  readonly #port: number;
  readonly #timers = new Map<Talk, EventHandle>();
  /** By the request's place among those that go out together. */
  readonly #kept = new Map<number, Talk>();

  constructor(lan: LivingLan, spec: TrafficSpec, book: RequestBook, port: number) {
    this.#lan = lan;
    this.#spec = spec;
    this.#book = book;
    this.#port = port;
  }

  request(kernel: KernelApi, sequence: number, keepAlive: boolean): void {
    const slot = placeOf(this.#spec, sequence);
    const kept = this.#kept.get(slot);
    const old = keepAlive && kept?.isOver === false && kept.kernel === kernel ? kept : undefined;
    const talk = old ?? this.#open(kernel);
    if (keepAlive) this.#kept.set(slot, talk);
    if (talk.isOver) {
      this.#book.fail(sequence, talk.refusal ?? 'unreachable');
      return;
    }
    talk.waiting.push({ sequence, left: this.#spec.size });
    if (talk.isConnected) this.#write(talk, sequence);
    if (!keepAlive) this.#giveUpLater(talk, sequence);
  }

  /** A time limit has passed; the engine calls it. */
  onEvent(_now: number, _code: number, payload: unknown): void {
    (payload as () => void)();
  }

  #open(kernel: KernelApi): Talk {
    const talk: Talk = {
      kernel,
      waiting: [],
      socket: undefined,
      isConnected: false,
      isOver: false,
    };
    const socket = kernel.connectTcp({
      address: this.#spec.to,
      port: this.#port,
      handlers: {
        onConnected: () => {
          talk.isConnected = true;
          for (const { sequence } of [...talk.waiting]) this.#write(talk, sequence);
        },
        onData: (bytes) => this.#answer(talk, bytes),
        onClosed: () => this.#end(talk, 'closed'),
        onError: (error) => this.#end(talk, error),
      },
    });
    if (typeof socket === 'string') {
      talk.isOver = true;
      talk.refusal = failureName(socket);
    } else talk.socket = socket;
    return talk;
  }

  #write(talk: Talk, sequence: number): void {
    const error = talk.socket?.send(payloadOf(this.#spec.size, sequence));
    if (error !== undefined) this.#end(talk, error);
  }

  #giveUpLater(talk: Talk, sequence: number): void {
    const { engine } = this.#lan;
    const giveUp = (): void => {
      if (talk.isOver) return;
      this.#close(talk);
      this.#book.fail(sequence, 'timed-out');
    };
    const timer: EventHandle = engine.scheduleAfter(this.#spec.timeout, this, 0, giveUp);
    this.#timers.set(talk, timer);
  }

  #answer(talk: Talk, bytes: Uint8Array): void {
    let { length } = bytes;
    while (length > 0) {
      const first = talk.waiting[0];
      if (first === undefined) return;
      const taken = Math.min(length, first.left);
      first.left -= taken;
      length -= taken;
      if (first.left > 0) return;
      talk.waiting.shift();
      this.#book.answer(first.sequence, whoSays(decodeUtf8(bytes)));
      if (this.#kept.get(placeOf(this.#spec, first.sequence)) !== talk) this.#close(talk);
    }
  }

  /** It is over: what still waits has failed. */
  #end(talk: Talk, why: TcpError | 'closed'): void {
    if (talk.isOver) return;
    const left = talk.waiting.splice(0);
    this.#close(talk);
    for (const { sequence } of left) {
      this.#book.fail(sequence, why === 'closed' ? why : failureName(why));
    }
  }

  #close(talk: Talk): void {
    talk.isOver = true;
    const timer = this.#timers.get(talk);
    if (timer !== undefined) this.#lan.engine.cancel(timer);
    this.#timers.delete(talk);
    talk.socket?.close();
  }
}
