/** Pairs the sightings of two networks, one by one and in order, and says where they part. */

import type { Sighting, SightingKind } from './sighting.ts';

/** How far two networks may differ and still do the same. */
export interface Tolerances {
  /** Two of a pair may be that far apart, µs. */
  readonly timeUs: number;
  /** Of one key so many may lack a partner: where a stretch of adverts begins and ends is a matter of phase. */
  readonly missing: number;
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
  /** Within the tolerances: pairs without a partner that were let pass. */
  readonly tolerated: number;
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

/** Matches two lists in order of time, on one clock. */
export function matchSightings(
  real: readonly Sighting[],
  twin: readonly Sighting[],
  tolerances: Tolerances,
): Match {
  const keys = new Map<string, { readonly real: Sighting[]; readonly twin: Sighting[] }>();
  const listOf = (key: string) => {
    const known = keys.get(key) ?? { real: [], twin: [] };
    keys.set(key, known);
    return known;
  };
  for (const one of real) listOf(one.key).real.push(one);
  for (const one of twin) listOf(one.key).twin.push(one);
  const partings: Parting[] = [];
  const offsets: number[] = [];
  const paired = new Map<SightingKind, number>();
  let tolerated = 0;
  for (const lists of keys.values()) {
    const { kind } = (lists.real[0] ?? lists.twin[0]) as Sighting;
    const isUntimed = UNTIMED.has(kind);
    const timeUs = tolerances.timeUs * (isUntimed ? UNTIMED_FACTOR : 1);
    const found = matchKey(lists.real, lists.twin, timeUs);
    if (!isUntimed) offsets.push(...found.offsets);
    paired.set(kind, (paired.get(kind) ?? 0) + found.offsets.length);
    if (isUntimed || found.lonely.length <= tolerances.missing) tolerated += found.lonely.length;
    else partings.push(...found.lonely);
    partings.push(...found.apart);
  }
  partings.sort((a, b) => a.at - b.at);
  return {
    partings,
    tolerated,
    counts: countsOf(real, twin, paired),
    offsetsUs: offsets.sort((a, b) => a - b),
  };
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
): { readonly lonely: Parting[]; readonly apart: Parting[]; readonly offsets: number[] } {
  const reach = toleranceUs * REACH;
  const lonely: Parting[] = [];
  const apart: Parting[] = [];
  const offsets: number[] = [];
  let [i, j] = [0, 0];
  while (i < real.length || j < twin.length) {
    const [r, t] = [real[i], twin[j]];
    const by = (r?.at ?? Number.POSITIVE_INFINITY) - (t?.at ?? Number.POSITIVE_INFINITY);
    if (t !== undefined && (r === undefined || by > reach)) {
      lonely.push({ kind: 'only-twin', at: t.at, key: t.key, detail: t.detail });
      j++;
    } else if (r !== undefined && (t === undefined || by < -reach)) {
      lonely.push({ kind: 'only-real', at: r.at, key: r.key, detail: r.detail });
      i++;
    } else if (r !== undefined && t !== undefined) {
      offsets.push(by);
      if (Math.abs(by) > toleranceUs)
        apart.push({ kind: 'timing', at: t.at, key: t.key, byUs: by });
      if (r.detail !== t.detail) {
        const { at, key } = t;
        apart.push({ kind: 'different', at, key, real: r.detail, twin: t.detail });
      }
      i++;
      j++;
    }
  }
  return { lonely, apart, offsets };
}
