/** Pairs the sightings of two networks, one by one and in order, and says where they part. */

import { judgeLonely, type Lonely, lonelyOf } from './lonely.ts';
import type { Sighting, SightingKind } from './sighting.ts';

/** How far two networks may differ and still do the same. */
export interface Tolerances {
  /** Two of a pair may be that far apart, µs. */
  readonly timeUs: number;
  /** Of one key so many may lack a partner, whatever they are; absent: those that `lonely.ts` lets pass. */
  readonly missing?: number;
}

/** Where reality and twin part; times are those of the twin. */
export type Parting =
  | {
      readonly kind: 'only-real' | 'only-twin';
      readonly at: number;
      readonly key: string;
      readonly detail: string;
    }
  | { readonly kind: 'timing'; readonly at: number; readonly key: string; readonly byUs: number }
  | {
      readonly kind: 'different';
      readonly at: number;
      readonly key: string;
      readonly real: string;
      readonly twin: string;
    };

/** One kind of things, counted. */
export interface KindCount {
  readonly kind: SightingKind;
  readonly real: number;
  readonly twin: number;
  readonly paired: number;
}

/** What a comparison comes to. */
export interface Match {
  /** Beyond the tolerances, in order of time. */
  readonly partings: readonly Parting[];
  /** Without a partner, and let pass. */
  readonly tolerated: number;
  /** Adverts that came from the other of two masters. */
  readonly races: number;
  readonly counts: readonly KindCount[];
  /** Real minus twin of every pair, µs; sorted. */
  readonly offsetsUs: readonly number[];
}

/** Who answers is compared, not when: a client asks when its own timers say. Of these kinds a partner may be missing. */
const UNTIMED: ReadonlySet<SightingKind> = new Set(['answers', 'requests']);
/** And a partner may be that many tolerances away. */
const UNTIMED_FACTOR = 10;

/** Partners are looked for up to that many tolerances apart, so that a late one is called late and not missing. */
const REACH = 2;
/** And up to that share of an advert's interval: beyond the middle the next one is nearer. */
const REACH_INTERVALS = 0.45;

/** Matches two lists in order of time, on one clock; `span` is what was compared (absent: all that there is). */
export function matchSightings(
  real: readonly Sighting[],
  twin: readonly Sighting[],
  tolerances: Tolerances,
  span: { readonly from: number; readonly to: number } = ALWAYS,
): Match {
  const partings: Parting[] = [];
  const offsets: number[] = [];
  const paired = new Map<SightingKind, number>();
  const lonely: Lonely[] = [];
  let tolerated = 0;
  for (const lists of byKey(real, twin)) {
    const { kind } = (lists.real[0] ?? lists.twin[0]) as Sighting;
    const isUntimed = UNTIMED.has(kind);
    const timeUs = tolerances.timeUs * (isUntimed ? UNTIMED_FACTOR : 1);
    const found = matchKey(lists.real, lists.twin, timeUs);
    if (!isUntimed) offsets.push(...found.offsets);
    paired.set(kind, (paired.get(kind) ?? 0) + found.offsets.length);
    partings.push(...found.apart);
    const { missing } = tolerances;
    if (missing === undefined || isUntimed || found.lonely.length > missing) {
      lonely.push(...found.lonely);
    } else tolerated += found.lonely.length;
  }
  const judged =
    tolerances.missing === undefined
      ? judgeLonely(lonely, { real, twin, ...span, timeUs: tolerances.timeUs })
      : { parted: lonely.filter(({ sighting }) => !UNTIMED.has(sighting.kind)), races: 0 };
  const untimed = lonely.length - judged.parted.length - judged.races * 2;
  partings.push(...judged.parted.map(partingOf));
  partings.sort((a, b) => a.at - b.at);
  return {
    partings,
    tolerated: tolerated + untimed,
    races: judged.races,
    counts: countsOf(real, twin, paired),
    offsetsUs: offsets.sort((a, b) => a - b),
  };
}

const ALWAYS = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

function byKey(
  real: readonly Sighting[],
  twin: readonly Sighting[],
): Iterable<{ readonly real: readonly Sighting[]; readonly twin: readonly Sighting[] }> {
  const keys = new Map<string, { readonly real: Sighting[]; readonly twin: Sighting[] }>();
  const listOf = (key: string) => {
    const known = keys.get(key) ?? { real: [], twin: [] };
    keys.set(key, known);
    return known;
  };
  for (const one of real) listOf(one.key).real.push(one);
  for (const one of twin) listOf(one.key).twin.push(one);
  return keys.values();
}

function partingOf({ side, sighting }: Lonely): Parting {
  const { at, key, detail } = sighting;
  return { kind: side === 'real' ? 'only-real' : 'only-twin', at, key, detail };
}

function countsOf(
  real: readonly Sighting[],
  twin: readonly Sighting[],
  paired: ReadonlyMap<SightingKind, number>,
): readonly KindCount[] {
  const kinds = [...new Set([...real, ...twin].map((one) => one.kind))];
  const count = (list: readonly Sighting[], kind: SightingKind) =>
    list.filter((one) => one.kind === kind).length;
  return kinds.map((kind) => ({
    kind,
    real: count(real, kind),
    twin: count(twin, kind),
    paired: paired.get(kind) ?? 0,
  }));
}

function matchKey(
  real: readonly Sighting[],
  twin: readonly Sighting[],
  toleranceUs: number,
): {
  readonly lonely: readonly Lonely[];
  readonly apart: readonly Parting[];
  readonly offsets: readonly number[];
} {
  const apart: Parting[] = [];
  const offsets: number[] = [];
  const paired = { real: real.map(() => false), twin: twin.map(() => false) };
  const pair = (i: number, j: number): void => {
    const [r, t] = [real[i] as Sighting, twin[j] as Sighting];
    paired.real[i] = true;
    paired.twin[j] = true;
    const { at, key } = t;
    const byUs = r.at - at;
    offsets.push(byUs);
    if (Math.abs(byUs) > toleranceUs) apart.push({ kind: 'timing', at, key, byUs });
    if (r.detail === t.detail) return;
    apart.push({ kind: 'different', at, key, real: r.detail, twin: t.detail });
  };
  // Of two owners that speak at one moment each finds itself first; only then one is held against another.
  for (const detail of new Set(real.map((one) => one.detail))) {
    walkTogether(placesOf(real, detail), placesOf(twin, detail), toleranceUs, pair);
  }
  const left = (list: readonly Sighting[], isPaired: readonly boolean[]): readonly Place[] =>
    list.flatMap((one, index) => (isPaired[index] === true ? [] : [{ one, index }]));
  walkTogether(left(real, paired.real), left(twin, paired.twin), toleranceUs, pair);
  const lonely = [
    ...lonelyOf({ side: 'real', list: real, paired: paired.real }),
    ...lonelyOf({ side: 'twin', list: twin, paired: paired.twin }),
  ];
  return { lonely, apart, offsets };
}

interface Place {
  readonly one: Sighting;
  readonly index: number;
}

function placesOf(list: readonly Sighting[], detail: string): readonly Place[] {
  return list.flatMap((one, index) => (one.detail === detail ? [{ one, index }] : []));
}

/** Pairs two lists in order of time, where both are near enough. */
function walkTogether(
  real: readonly Place[],
  twin: readonly Place[],
  toleranceUs: number,
  pair: (i: number, j: number) => void,
): void {
  let [i, j] = [0, 0];
  while (i < real.length && j < twin.length) {
    const [r, t] = [real[i] as Place, twin[j] as Place];
    const by = r.one.at - t.one.at;
    const interval = t.one.advert?.intervalUs ?? 0;
    const reach = Math.max(REACH * toleranceUs, interval * REACH_INTERVALS);
    if (by > reach) j++;
    else if (by < -reach) i++;
    else pair((real[i++] as Place).index, (twin[j++] as Place).index);
  }
}
