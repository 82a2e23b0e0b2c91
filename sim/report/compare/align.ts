/**
 * Finds the twin's time at which a real capture begins. The captures of both start somewhere, so every pair of a real and a
 * virtual advert is a guess; the guess under which most adverts find a partner wins, of equal ones the one with the least
 * differences. Exact times within the tolerance come from the median of the pairs.
 */

import { matchSightings, type Tolerances } from './match-sightings.ts';
import type { Sighting } from './sighting.ts';

/** Adverts of either side that make guesses. */
const GUESSES = 25;
/** Adverts that judge a guess. */
const JUDGES = 400;

/** µs to be added to real times; `undefined` when no advert of one side has a like on the other. */
export function alignSightings(
  real: readonly Sighting[],
  twin: readonly Sighting[],
  tolerances: Tolerances,
): number | undefined {
  const judges = {
    real: real.filter((one) => one.kind === 'adverts').slice(0, JUDGES),
    twin: twin.filter((one) => one.kind === 'adverts').slice(0, JUDGES),
  };
  let best: { readonly offset: number; readonly score: number } | undefined;
  for (const r of spread(judges.real)) {
    for (const t of spread(judges.twin)) {
      if (r.key !== t.key || r.detail !== t.detail) continue;
      const offset = t.at - r.at;
      const score = scoreOf(shift(judges.real, offset), judges.twin, tolerances);
      if (best === undefined || score > best.score) best = { offset, score };
    }
  }
  if (best === undefined) return undefined;
  const { offsetsUs } = matchSightings(shift(judges.real, best.offset), judges.twin, tolerances);
  const median = offsetsUs[Math.floor(offsetsUs.length / 2)] ?? 0;
  return best.offset - median;
}

/** The same sightings on another clock. */
export function shift(sightings: readonly Sighting[], by: number): readonly Sighting[] {
  return sightings.map((one) => ({ ...one, at: one.at + by }));
}

function scoreOf(
  real: readonly Sighting[],
  twin: readonly Sighting[],
  tolerances: Tolerances,
): number {
  const { partings, counts, offsetsUs } = matchSightings(real, twin, { ...tolerances, missing: 0 });
  const paired = counts.reduce((sum, one) => sum + one.paired, 0);
  const apart = offsetsUs.reduce((sum, one) => sum + Math.abs(one), 0);
  // Less than one pair is worth, so that it decides between equals alone.
  const blur = apart / (1 + offsetsUs.length) / (tolerances.timeUs * 4);
  return paired - partings.length - blur;
}

/** The first ones, and the firsts of every other key: adverts of later masters guess as well. */
function spread(sightings: readonly Sighting[]): readonly Sighting[] {
  const firsts = new Set(sightings.slice(0, GUESSES / 5));
  const seen = new Set<string>();
  for (const one of sightings) {
    const key = `${one.key} ${one.detail}`;
    if (!seen.has(key)) firsts.add(one);
    seen.add(key);
    if (firsts.size >= GUESSES) break;
  }
  return [...firsts];
}
