/**
 * How far behind real time a bridge runs: for every turn in which something was due, by how much it was late. Events of
 * virtual time fire in the right order whatever happens; lateness is what the real network sees of them too late.
 */

/** Late by more than that, again and again: the machine cannot keep up. 100 ms adverts bear no more. */
const WARN_US = 50_000;
/** So many turns in a row. */
const WARN_TURNS = 3;
/** Between two warnings. */
const WARN_EVERY_US = 10_000_000;
/** Upper ends of the classes, µs; the last class has none. */
const CLASSES = [100, 1_000, 10_000, 100_000] as const;

/** What a run's lateness came to. */
export interface LatenessSummary {
  /** Turns in which something was due. */
  readonly turns: number;
  readonly meanUs: number;
  readonly maxUs: number;
  /** Turns late by at most 100 µs, 1 ms, 10 ms, 100 ms, and more. */
  readonly classes: readonly number[];
}

/** The measure of one run. */
export class Lateness {
  readonly #onWarning: (lateUs: number) => void;
  readonly #classes = new Array<number>(CLASSES.length + 1).fill(0);
  #turns = 0;
  #sum = 0;
  #max = 0;
  #lateInARow = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(onWarning: (lateUs: number) => void) {
    this.#onWarning = onWarning;
  }

  /** Something due at `dueUs` fires at `nowUs`. */
  note(dueUs: number, nowUs: number): void {
    const late = Math.max(0, nowUs - dueUs);
    this.#turns++;
    this.#sum += late;
    if (late > this.#max) this.#max = late;
    const found = CLASSES.findIndex((end) => late <= end);
    const index = found < 0 ? CLASSES.length : found;
    this.#classes[index] = (this.#classes[index] ?? 0) + 1;
    this.#lateInARow = late > WARN_US ? this.#lateInARow + 1 : 0;
    if (this.#lateInARow < WARN_TURNS || nowUs - this.#warnedAt < WARN_EVERY_US) return;
    this.#warnedAt = nowUs;
    this.#onWarning(late);
  }

  /** So far. */
  summary(): LatenessSummary {
    return {
      turns: this.#turns,
      meanUs: this.#turns === 0 ? 0 : Math.round(this.#sum / this.#turns),
      maxUs: this.#max,
      classes: this.#classes,
    };
  }
}
