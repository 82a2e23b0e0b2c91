/** The extremes of many runs: the shortest and longest outage of each traffic, with its seed. */

/** The outage of one traffic in one run. */
export interface SweepSample {
  readonly seed: number;
  readonly name: string;
  /** Longest outage, µs. */
  readonly outage: number;
  /** It was not answered any more at the end. */
  readonly open: boolean;
}

/** Shortest and longest of one traffic; of equals the lowest seed. */
export interface Extremes {
  readonly name: string;
  readonly shortest: SweepSample;
  readonly longest: SweepSample;
  /** In how many runs it was out at the end. */
  readonly open: number;
}

/** One entry per traffic, in the order of first appearance. */
export function extremesOf(samples: readonly SweepSample[]): readonly Extremes[] {
  const found = new Map<string, Extremes>();
  for (const sample of samples) {
    const known = found.get(sample.name);
    const { name } = sample;
    found.set(name, {
      name,
      shortest:
        known === undefined || sample.outage < known.shortest.outage ? sample : known.shortest,
      longest: known === undefined || sample.outage > known.longest.outage ? sample : known.longest,
      open: (known?.open ?? 0) + (sample.open ? 1 : 0),
    });
  }
  return [...found.values()];
}
