/**
 * Judges what has no partner on the other side. Most of it is a difference; three things are nobody's doing:
 *
 * - Where a stretch of adverts ends is a matter of phase: a master that is stopped has sent its last advert or not yet, and
 *   whoever follows begins that much later. One advert at such an end may lack a partner; one inside of a stretch may not.
 * - Two masters that hear each other start each other's timers anew: whose turn it is, is a race of milliseconds.
 * - Who asks for an address, and how often, is a matter of the client's own timers; an answer is a difference only when it
 *   comes from a station that never speaks for the address on the other side.
 */

import type { Sighting } from './sighting.ts';

/** A sighting without a partner. */
export interface Lonely {
  readonly side: 'real' | 'twin';
  readonly sighting: Sighting;
  /** Nothing of its stretch that has a partner comes before it. */
  readonly isBegin: boolean;
  /** Nothing of its stretch that has a partner comes after it. */
  readonly isEnd: boolean;
  /** How many in a row, this one among them, have none. */
  readonly row: number;
}

/** The sightings of one key on one side, and which of them found a partner. */
export interface Matched {
  readonly side: 'real' | 'twin';
  readonly list: readonly Sighting[];
  readonly paired: readonly boolean[];
}

/** What is compared, and how exactly. */
export interface LonelyRules {
  readonly real: readonly Sighting[];
  readonly twin: readonly Sighting[];
  /** The times that were compared, µs. */
  readonly from: number;
  readonly to: number;
  readonly timeUs: number;
}

/** A gap of that many intervals begins another stretch of adverts. */
const STRETCH_GAP = 1.5;
/** Of two masters that hear each other one may be silent for so many intervals, its timer being started anew. */
const SILENCE_INTERVALS = 10;
/** A backup waits three intervals and a skew before it takes over. */
const TAKEOVER_INTERVALS = 4.5;

/** What of one key has no partner on one side. */
export function lonelyOf({ side, list, paired }: Matched): readonly Lonely[] {
  return list.flatMap((sighting, index) => {
    if (paired[index] === true) return [];
    const before = walk(list, paired, index, -1);
    const after = walk(list, paired, index, 1);
    const row = before.steps + after.steps + 1;
    return [{ side, sighting, isBegin: before.isEdge, isEnd: after.isEdge, row }];
  });
}

/** Goes along a stretch until something has a partner, or the stretch is over. */
function walk(
  list: readonly Sighting[],
  paired: readonly boolean[],
  from: number,
  by: 1 | -1,
): { readonly isEdge: boolean; readonly steps: number } {
  let steps = 0;
  for (let index = from; ; index += by) {
    const [here, next] = [list[index], list[index + by]];
    if (here === undefined || next === undefined) return { isEdge: true, steps };
    const longest = (here.advert?.intervalUs ?? 0) * STRETCH_GAP;
    if (Math.abs(next.at - here.at) > longest || next.detail !== here.detail) {
      return { isEdge: true, steps };
    }
    if (paired[index + by] === true) return { isEdge: false, steps };
    steps++;
  }
}

/** Splits the lonely ones into those that are a difference, and counts the others. */
export function judgeLonely(
  lonely: readonly Lonely[],
  rules: LonelyRules,
): { readonly parted: readonly Lonely[]; readonly tolerated: number; readonly races: number } {
  const raced = findRaces(lonely, rules);
  const rest = lonely.filter((one) => !raced.has(one));
  const parted = rest.filter((one) => !isNobodysDoing(one, rest, rules));
  return { parted, tolerated: rest.length - parted.length, races: raced.size / 2 };
}

function isNobodysDoing(one: Lonely, all: readonly Lonely[], rules: LonelyRules): boolean {
  const { sighting, side } = one;
  switch (sighting.kind) {
    case 'requests':
      return true;
    case 'answers': {
      const other = side === 'real' ? rules.twin : rules.real;
      return other.some(
        ({ about, detail }) => about === sighting.about && detail === sighting.detail,
      );
    }
    case 'announcements':
      return isAtBorder(sighting, rules, 0);
    case 'adverts':
      return isMatterOfPhase(one, all, rules);
  }
}

function isMatterOfPhase(one: Lonely, all: readonly Lonely[], rules: LonelyRules): boolean {
  const { sighting, isBegin, isEnd, row } = one;
  const interval = sighting.advert?.intervalUs ?? 0;
  // A goodbye is sent or it is not.
  if (sighting.advert?.priority === 0 || row > 1) return false;
  if (isAtBorder(sighting, rules, interval)) return true;
  if (isEnd && !isBegin) return true;
  if (!isBegin) return false;
  // The one before ended an advert earlier or later, so this one begins so much earlier or later.
  return all.some((other) => {
    const since = sighting.at - other.sighting.at;
    return (
      other !== one &&
      isSameGroup(other.sighting, sighting) &&
      other.sighting.key !== sighting.key &&
      other.isEnd &&
      since > 0 &&
      since < TAKEOVER_INTERVALS * interval + rules.timeUs
    );
  });
}

function isAtBorder({ at }: Sighting, { from, to, timeUs }: LonelyRules, more: number): boolean {
  return at - from <= timeUs + more || to - at <= timeUs + more;
}

/** Pairs of lonely adverts of two masters at one moment. */
function findRaces(lonely: readonly Lonely[], rules: LonelyRules): ReadonlySet<Lonely> {
  const raced = new Set<Lonely>();
  const adverts = lonely.filter(({ sighting }) => sighting.kind === 'adverts');
  for (const real of adverts) {
    if (real.side !== 'real') continue;
    const twin = adverts.find(
      (one) =>
        one.side === 'twin' &&
        !raced.has(one) &&
        one.sighting.key !== real.sighting.key &&
        isSameGroup(one.sighting, real.sighting) &&
        Math.abs(one.sighting.at - real.sighting.at) <= rules.timeUs,
    );
    if (twin === undefined || !areBothMasters(real.sighting, twin.sighting, rules)) continue;
    raced.add(real).add(twin);
  }
  return raced;
}

/** Both have sent adverts shortly before, in reality and in the twin. */
function areBothMasters(a: Sighting, b: Sighting, rules: LonelyRules): boolean {
  const spokeBefore = (list: readonly Sighting[], who: Sighting): boolean => {
    const since = (who.advert?.intervalUs ?? 0) * SILENCE_INTERVALS;
    return list.some(({ key, at }) => key === who.key && at < who.at && who.at - at <= since);
  };
  return [rules.real, rules.twin].every((list) => spokeBefore(list, a) && spokeBefore(list, b));
}

function isSameGroup(a: Sighting, b: Sighting): boolean {
  return (
    a.advert !== undefined &&
    b.advert !== undefined &&
    a.advert.vrid === b.advert.vrid &&
    a.advert.family === b.advert.family
  );
}
