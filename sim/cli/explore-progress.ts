/** How far a search is: a bar in a terminal, now and then a line elsewhere. */

import { performance } from 'node:perf_hooks';
import type { SearchPart } from '../scenario/explore/explore.ts';
import type { Output } from './output.ts';

const BAR_WIDTH = 20;
/** Where there is no terminal, a line after that many ms. */
const LINE_EVERY_MS = 10_000;

/** Counts what comes in and shows it on stderr. */
export class ExploreProgress {
  readonly #output: Output;
  readonly #total: number;
  readonly #isTerminal: boolean;
  readonly #begun = performance.now();
  readonly #points = new Set<string>();
  #lastLine = performance.now();
  #done = 0;
  #fresh = 0;
  #failed = 0;
  #unknown = 0;

  constructor(output: Output, total: number, isTerminal: boolean) {
    this.#output = output;
    this.#total = total;
    this.#isTerminal = isTerminal;
  }

  /** A block is done, now or in an earlier session (`fresh: false`). */
  add(part: SearchPart, fresh: boolean): void {
    this.#done += part.runs;
    if (fresh) this.#fresh += part.runs;
    this.#failed += part.failures.length;
    this.#unknown += part.failures.filter((one) => one.known === undefined).length;
    for (const point of part.coverage.keys()) this.#points.add(point);
    if (!fresh) return;
    if (this.#isTerminal) this.#output.err(`\r${this.#bar()} ${this.#words()} `);
    else if (performance.now() - this.#lastLine > LINE_EVERY_MS) this.#line();
  }

  /** The last word. */
  end(): void {
    if (this.#isTerminal) this.#output.err('\n');
    else this.#line();
  }

  #line(): void {
    this.#lastLine = performance.now();
    this.#output.err(`${this.#words()}\n`);
  }

  #bar(): string {
    const full = Math.floor((BAR_WIDTH * this.#done) / Math.max(1, this.#total));
    return `[${'█'.repeat(full)}${'·'.repeat(BAR_WIDTH - full)}]`;
  }

  #words(): string {
    const seconds = Math.max(0.001, (performance.now() - this.#begun) / 1000);
    const rate = Math.round(this.#fresh / seconds);
    const failed = `${this.#failed} failed, ${this.#unknown} of them not known of keepalived`;
    const reached = `${this.#points.size} points reached`;
    return `${this.#done} of ${this.#total} runs, ${rate} runs/s, ${reached}, ${failed}`;
  }
}
