/**
 * The book of one traffic: every request with its outcome, whether it is answered now, and the events that tell
 * when that changes. How a request is sent and what counts as an answer is its owner's business: `pinger.ts`,
 * `http-load.ts`.
 */

import { type DurationUs, elapsed, later, type TimeUs } from '../../../daemon/base/time.ts';
import { Wakeup } from '../../engine/wakeup.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import type { ScenarioRunEvent } from '../run-events.ts';
import type { TrafficSpec } from '../scenario.ts';
import { AnswerLog, type Answers } from './answer-log.ts';

/** A server that answered one of so many requests is one of those that take turns. */
export const TURNS = 10;

/** A traffic that runs, whatever its kind. */
export interface RunningTraffic {
  readonly spec: TrafficSpec;
  /** By sequence number, from 0. */
  readonly sentAt: readonly TimeUs[];
  readonly answers: Answers;
  /** Whether it is answered: the newest request that had its time was. */
  readonly alive: boolean;
  /** How many requests had their time, or failed, and got no answer. */
  readonly lost: number;
  /** When those requests were sent. */
  lostRequests(end: TimeUs): readonly TimeUs[];
  /** Why requests failed, with how often; empty where only silence is known. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The book; see the head of the file. */
export class RequestBook implements RunningTraffic {
  readonly sentAt: TimeUs[] = [];
  readonly answers = new AnswerLog();
  readonly failures = new Map<string, number>();
  readonly #outcomes: ('answered' | 'late' | 'failed' | undefined)[] = [];
  readonly #lan: LivingLan;
  readonly spec: TrafficSpec;
  readonly #timeouts: Wakeup;
  #nextToJudge = 0;
  #newestAnswer = -1;
  #alive = false;
  /** Answers with a name so far, and the number of the last one of each name. */
  #named = 0;
  readonly #lastNumber = new Map<string, number>();
  readonly #memory: number;

  /** Another name is told when none of the last `memory` answers had it: 1 tells every change. */
  constructor(lan: LivingLan, spec: TrafficSpec, memory: number) {
    this.#lan = lan;
    this.spec = spec;
    this.#memory = memory;
    this.#timeouts = new Wakeup(lan.engine, (now) => this.#judgeTimeouts(now));
  }

  get alive(): boolean {
    return this.#alive;
  }

  get lost(): number {
    let lost = 0;
    for (let i = 0; i < this.sentAt.length; i++) {
      const outcome = this.#outcomes[i];
      const isOver = outcome === undefined && i < this.#nextToJudge;
      if (isOver || outcome === 'failed' || outcome === 'late') lost++;
    }
    return lost;
  }

  lostRequests(end: TimeUs): readonly TimeUs[] {
    return this.sentAt.filter((at, i) => {
      const outcome = this.#outcomes[i];
      if (outcome === undefined) return elapsed(at, end) >= this.spec.timeout;
      return outcome !== 'answered';
    });
  }

  /** Notes a request that is sent now; its sequence number. */
  send(now: TimeUs): number {
    const sequence = this.sentAt.length;
    this.sentAt.push(now);
    this.#outcomes.push(undefined);
    this.#armTimeout();
    return sequence;
  }

  /** Whether the request waits for its outcome. */
  isOpen(sequence: number): boolean {
    const outcome = this.#outcomes[sequence];
    return sequence < this.sentAt.length && outcome !== 'answered' && outcome !== 'late';
  }

  /**
   * An answer came. After its time it is none: a host that stood still for five seconds answers what waited in
   * its queue, and whoever asked has long given up.
   */
  answer(sequence: number, by: string | undefined): void {
    const now = this.#lan.engine.now;
    if (sequence < this.#nextToJudge) {
      this.#outcomes[sequence] = 'late';
      this.#lan.engine.log.mixNumber(now);
      return;
    }
    const before = this.answers.newestAt;
    this.#outcomes[sequence] = 'answered';
    this.answers.add(now, sequence, by);
    this.#lan.engine.log.mixNumber(now);
    const wasAlive = this.#alive;
    this.#alive = true;
    const news = by === undefined ? undefined : this.#newsOf(by);
    if (before === undefined || !wasAlive) this.#recordAlive(sequence, by, before);
    else if (by !== undefined && news !== undefined) {
      this.#record({ change: 'answered-by', by, ...(this.#memory > 1 ? { turn: news } : {}) });
    }
    this.#newestAnswer = Math.max(this.#newestAnswer, sequence);
  }

  #recordAlive(sequence: number, by: string | undefined, before: TimeUs | undefined): void {
    const who = by === undefined ? {} : { by };
    if (before === undefined) {
      this.#record({ change: 'first-answer', ...who });
      return;
    }
    const outage = elapsed(before, this.#lan.engine.now);
    this.#record({ change: 'answered-again', ...who, outage, lost: this.#gapBefore(sequence) });
  }

  /** Notes who answered; what is new about it, if anything. Balanced answers take turns, which is no news. */
  #newsOf(by: string): 'first' | 'again' | undefined {
    const number = ++this.#named;
    const last = this.#lastNumber.get(by);
    this.#lastNumber.set(by, number);
    if (last === undefined) return 'first';
    return number - last > this.#memory ? 'again' : undefined;
  }

  /** The request has failed, and why; no answer can come any more. */
  fail(sequence: number, why: string): void {
    if (this.#outcomes[sequence] !== undefined) return;
    this.#outcomes[sequence] = 'failed';
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
    this.#lan.engine.log.mixNumber(this.#lan.engine.now);
    if (!this.#alive || this.#newestAnswer > sequence) return;
    this.#alive = false;
    this.#record({ change: 'lost', why });
  }

  /** Requests between the newest answered one and this one that have no answer. */
  #gapBefore(sequence: number): number {
    let gap = 0;
    for (let i = this.#newestAnswer + 1; i < sequence; i++) {
      if (this.#outcomes[i] !== 'answered') gap++;
    }
    return gap;
  }

  #armTimeout(): void {
    const sent = this.sentAt[this.#nextToJudge];
    if (sent !== undefined) this.#timeouts.moveTo(later(sent, this.spec.timeout));
  }

  /**
   * Answered ones need not have their time: where all are, one look per time-out does for many requests. The newest waits for
   * its own all the same, so that the look at a request is armed after it was sent: whoever sent it tells its time-out first.
   */
  #judgeTimeouts(now: TimeUs): void {
    for (;;) {
      const sequence = this.#nextToJudge;
      const sent = this.sentAt[sequence];
      if (sent === undefined) break;
      const outcome = this.#outcomes[sequence];
      const waits = outcome !== 'answered' || sequence === this.sentAt.length - 1;
      if (waits && later(sent, this.spec.timeout) > now) break;
      this.#nextToJudge++;
      if (outcome !== undefined) continue;
      if (this.#alive && this.#newestAnswer < sequence) {
        this.#alive = false;
        this.#record({ change: 'lost' });
      }
    }
    this.#armTimeout();
  }

  #record(change: Change): void {
    const { engine } = this.#lan;
    engine.log.record<ScenarioRunEvent>({
      at: engine.now,
      node: this.spec.from,
      kind: 'traffic',
      traffic: this.spec.name,
      ...change,
    });
  }
}

type Change =
  | { readonly change: 'first-answer'; readonly by?: string }
  | {
      readonly change: 'answered-again';
      readonly by?: string;
      readonly outage: DurationUs;
      readonly lost: number;
    }
  | { readonly change: 'answered-by'; readonly by: string; readonly turn?: 'first' | 'again' }
  | { readonly change: 'lost'; readonly why?: string };
