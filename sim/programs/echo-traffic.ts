/**
 * Ping as traffic of a scenario: an echo request every so often from a host, what became of each,
 * who answered, and the outages. An outage runs from the last answer before it to the next answer;
 * before the first answer there is none. It belongs to no process, so that a reboot of its host
 * only makes a gap.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import type { HostApi } from '../host/host-api.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import { EchoSocket } from './echo-socket.ts';

/** What the traffic is. */
export interface EchoTrafficOptions {
  readonly engine: Engine;
  readonly host: HostApi;
  readonly destination: IpAddress;
  readonly every: DurationUs;
  /** Octets of payload; ping's default is 56. */
  readonly size: number;
  /** When the first request leaves. */
  readonly startAt: TimeUs;
  /** ICMP identifier; one per traffic. */
  readonly identifier: number;
  readonly onAnswer?: (echo: Echo) => void;
}

/** One request and what became of it. */
export interface Echo {
  readonly sentAt: TimeUs;
  outcome: 'waiting' | 'answered' | 'unreachable' | 'not-sent';
  answeredAt?: TimeUs;
  /** Who sent the answer's frame. */
  answeredBy?: MacAddress;
  /** ping's words about an error, or the errno. */
  detail?: string;
}

/** A span without answers. */
export interface Outage {
  readonly from: TimeUs;
  /** The next answer; `undefined` while there is none. */
  readonly to: TimeUs | undefined;
  /** Requests sent inside that got no answer. */
  readonly lost: number;
}

/** A stretch of answers by one station. */
export interface AnswerRun {
  readonly mac: MacAddress | undefined;
  readonly from: TimeUs;
  readonly to: TimeUs;
  readonly count: number;
}

/** Requests may wait this many places back for their answer; sequence numbers have 16 bits. */
const SEQUENCE_SPACE = 0x1_0000;

/** A gap in the answers longer than this many intervals is an outage, in halves. */
const OUTAGE_HALF_INTERVALS = 3;

/** The traffic; see the head of the file. */
export class EchoTraffic implements EventTarget {
  /** All requests in the order in which they were due. */
  readonly echoes: Echo[] = [];
  readonly #options: EchoTrafficOptions;
  readonly #answerTimes: TimeUs[] = [];
  readonly #runs: { mac: MacAddress | undefined; from: TimeUs; to: TimeUs; count: number }[] = [];
  #socket: EchoSocket | undefined;
  #kernel: KernelApi | undefined;
  #stopped = false;

  constructor(options: EchoTrafficOptions) {
    this.#options = options;
    options.engine.schedule(options.startAt, this, 0, undefined);
  }

  /** Ends the traffic; answers that are on their way are not heard any more. */
  stop(): void {
    this.#stopped = true;
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Sends the next request. */
  onEvent(now: TimeUs): void {
    if (this.#stopped) return;
    const { engine, every } = this.#options;
    engine.scheduleAfter(every, this, 0, undefined);
    const echo: Echo = { sentAt: now, outcome: 'waiting' };
    const sequence = this.echoes.length % SEQUENCE_SPACE;
    this.echoes.push(echo);
    const socket = this.#openSocket();
    const error = socket === undefined ? 'no power' : socket.send(sequence, this.#options.size);
    if (error !== undefined) {
      echo.outcome = 'not-sent';
      echo.detail = error;
    }
  }

  /** When the first answer came. */
  get firstAnswerAt(): TimeUs | undefined {
    return this.#answerTimes[0];
  }

  get answerCount(): number {
    return this.#answerTimes.length;
  }

  /** Who answered, stretch by stretch. */
  get answerRuns(): readonly AnswerRun[] {
    return this.#runs;
  }

  /** All outages, the last one open when answers are overdue at `until`. */
  outages(until: TimeUs): readonly Outage[] {
    const most = (this.#options.every * OUTAGE_HALF_INTERVALS) / 2;
    const found: Outage[] = [];
    const times = this.#answerTimes;
    for (let i = 1; i < times.length; i++) {
      const from = times[i - 1] as TimeUs;
      const to = times[i] as TimeUs;
      if (to - from > most) found.push({ from, to, lost: this.#lostBetween(from, to) });
    }
    const last = times.at(-1);
    if (last !== undefined && until - last > most) {
      found.push({ from: last, to: undefined, lost: this.#lostBetween(last, until) });
    }
    return found;
  }

  /** The longest outage so far; an open one counts up to `until`. */
  longestOutage(until: TimeUs): DurationUs {
    let longest = 0;
    for (const { from, to } of this.outages(until)) {
      longest = Math.max(longest, (to ?? until) - from);
    }
    return longest as DurationUs;
  }

  #lostBetween(from: TimeUs, to: TimeUs): number {
    let lost = 0;
    for (const echo of this.echoes) {
      if (echo.sentAt > from && echo.sentAt < to && echo.outcome !== 'answered') lost++;
    }
    return lost;
  }

  /** A host that booted has a new kernel, and needs a new socket. */
  #openSocket(): EchoSocket | undefined {
    const { host } = this.#options;
    const kernel = host.power === 'on' ? host.kernel : undefined;
    if (kernel === undefined) return undefined;
    if (kernel !== this.#kernel) {
      this.#kernel = kernel;
      this.#socket = new EchoSocket({
        kernel,
        destination: this.#options.destination,
        identifier: this.#options.identifier,
        ttl: 64,
        onReply: (reply) => this.#answered(reply.sequence, reply.mac),
        onError: (error) => this.#failed(error.sequence, error.text),
      });
    }
    return this.#socket;
  }

  #answered(sequence: number, mac: MacAddress | undefined): void {
    const echo = this.#echoOf(sequence);
    if (echo === undefined || echo.outcome === 'answered') return;
    const { now } = this.#options.engine;
    echo.outcome = 'answered';
    echo.answeredAt = now;
    if (mac !== undefined) echo.answeredBy = mac;
    this.#answerTimes.push(now);
    const run = this.#runs.at(-1);
    if (run !== undefined && run.mac === mac) {
      run.to = now;
      run.count++;
    } else this.#runs.push({ mac, from: now, to: now, count: 1 });
    this.#options.onAnswer?.(echo);
  }

  #failed(sequence: number, text: string): void {
    const echo = this.#echoOf(sequence);
    if (echo === undefined || echo.outcome !== 'waiting') return;
    echo.outcome = 'unreachable';
    echo.detail = text;
  }

  /** The latest request with that sequence number. */
  #echoOf(sequence: number): Echo | undefined {
    const count = this.echoes.length;
    const turn = Math.floor((count - 1 - sequence) / SEQUENCE_SPACE);
    return turn < 0 ? undefined : this.echoes[turn * SEQUENCE_SPACE + sequence];
  }
}
