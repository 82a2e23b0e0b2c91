/** Chance for drawn plans: the same number draws the same plan for ever. */

import seedrandom from 'seedrandom';

/** Draws. */
export interface Chance {
  happens(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A number of seconds between two bounds, in hundredths. */
  between(least: number, most: number): number;
}

/** The draws of one plan. */
export function chanceOf(number: number): Chance {
  const next = seedrandom(`plan ${number}`);
  return {
    happens: (probability) => next() < probability,
    pick: (list) => {
      const found = list[Math.floor(next() * list.length)];
      if (found === undefined) throw new Error('nothing to pick from');
      return found;
    },
    between: (least, most) => Number((least + next() * (most - least)).toFixed(2)),
  };
}
