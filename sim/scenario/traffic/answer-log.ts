/**
 * All answers of one traffic, in order. Ten a second for a day are a million, so they lie in columns: an object for each would
 * take three times the memory, and the collector would copy it twice before it lets it be.
 */

import type { TimeUs } from '../../../daemon/base/time.ts';

/** One answer: when, to which request, and by whom as far as it shows. */
export interface Answer {
  readonly at: TimeUs;
  readonly sequence: number;
  readonly by: string | undefined;
}

/** Answers as everybody but their book sees them. */
export interface Answers extends Iterable<Answer> {
  readonly length: number;
  /** The answer of that number; negative numbers count from the end. */
  at(index: number): Answer | undefined;
}

/** The answers of one traffic; see the head of the file. */
export class AnswerLog implements Answers {
  readonly #at: TimeUs[] = [];
  readonly #sequences: number[] = [];
  readonly #by: (string | undefined)[] = [];

  get length(): number {
    return this.#at.length;
  }

  /** When the newest came. */
  get newestAt(): TimeUs | undefined {
    return this.#at.at(-1);
  }

  add(at: TimeUs, sequence: number, by: string | undefined): void {
    this.#at.push(at);
    this.#sequences.push(sequence);
    this.#by.push(by);
  }

  at(index: number): Answer | undefined {
    const i = index < 0 ? this.length + index : index;
    const at = this.#at[i];
    return at === undefined
      ? undefined
      : { at, sequence: this.#sequences[i] as number, by: this.#by[i] };
  }

  *[Symbol.iterator](): Iterator<Answer> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as Answer;
  }
}
