/** "Did you mean": the nearest keyword by spelling, ignoring case. */

import { editDistance } from '../base/edit-distance.ts';

/** Edits that a near miss may have; short words allow fewer. */
const EDITS_MAX = 2;

/** The candidate nearest to the word, or `undefined` when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase().replaceAll('-', '_');
  let best: string | undefined;
  let bestDistance = Math.min(EDITS_MAX, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
