/** Sends the requests of one traffic at its pace: from its host's kernel while that runs, whatever the answers do. */

import { randomBelow } from '../../../daemon/base/random.ts';
import { type DurationUs, later, type TimeUs } from '../../../daemon/base/time.ts';
import type { EventTarget } from '../../engine/event-queue.ts';
import type { KernelApi } from '../../kernel/kernel-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { TrafficSpec } from '../scenario.ts';
import type { RequestBook } from './request-book.ts';

/** Most requests that are remembered; a run that sends more stops sending and says so. */
const REQUEST_LIMIT = 5_000_000;

/** The pace; see the head of the file. */
export class Pace implements EventTarget {
  readonly #lan: LivingLan;
  readonly #spec: TrafficSpec;
  readonly #book: RequestBook;
  readonly #send: (kernel: KernelApi, sequence: number) => void;

  /** `send` is called for every request, which stands in the book already. */
  constructor(
    lan: LivingLan,
    spec: TrafficSpec,
    book: RequestBook,
    send: (kernel: KernelApi, sequence: number) => void,
  ) {
    this.#lan = lan;
    this.#spec = spec;
    this.#book = book;
    this.#send = send;
    lan.engine.schedule(later(spec.start, firstPhase(lan, spec)), this, 0, undefined);
  }

  /** The engine calls it. */
  onEvent(now: TimeUs): void {
    const { stop, every, from } = this.#spec;
    if (stop !== undefined && now > stop) return;
    if (this.#book.sentAt.length >= REQUEST_LIMIT) return;
    this.#lan.engine.scheduleAfter(every, this, 0, undefined);
    const host = this.#lan.hosts.get(from);
    if (host?.power !== 'on' || host.kernel === undefined) return;
    for (let i = 0; i < (this.#spec.concurrency ?? 1); i++) {
      if (this.#book.sentAt.length >= REQUEST_LIMIT) return;
      this.#send(host.kernel, this.#book.send(now));
    }
  }
}

/** The place of a request among those that go out together; a kept connection belongs to one. */
export function placeOf({ concurrency = 1 }: TrafficSpec, sequence: number): number {
  return sequence % concurrency;
}

/** How long after its start the first request goes: a phase of its own, unless jitter is off. */
function firstPhase(lan: LivingLan, spec: TrafficSpec): DurationUs {
  if (lan.spec.jitter === 'none') return 0 as DurationUs;
  return randomBelow(lan.engine.streams.named(`traffic/${spec.name}`), spec.every) as DurationUs;
}
