/**
 * The shortest and the longest outage over all phases. What a fault costs depends on when it strikes
 * between two adverts: between two jumps it falls or stays as the phase grows, at an advert it jumps
 * up. So a grid over one advert interval finds where it jumps, and halving finds each jump to a
 * tenth of a millisecond: beside it stand the extremes. Other chance (ticks of kernels, the pace of
 * traffic) is fixed by the seed.
 */

/** The outage of one traffic at one phase of one seed. */
export interface SweepSample {
  readonly seed: number;
  /** How much later than at phase 0 the faults strike, µs. */
  readonly phase: number;
  readonly name: string;
  /** Longest outage, µs. */
  readonly outage: number;
  /** It was not answered any more at the end. */
  readonly open: boolean;
}

/** Shortest and longest of one traffic; of equals the lowest seed and phase. */
export interface Extremes {
  readonly name: string;
  readonly shortest: SweepSample;
  readonly longest: SweepSample;
  /** In how many samples it was out at the end. */
  readonly open: number;
  readonly samples: number;
}

/** Jumps are found to this width, µs. */
const WIDTH = 100;
/** A step between two samples that is more than that times their distance is a jump. */
const SLOPE_MAX = 1.1;
/** Most jumps that are looked for between the points of one grid, per traffic. */
const JUMPS_MAX = 8;

/**
 * Samples one seed at all phases of an interval. `sampleAt` runs the faults at one phase; `grain` is
 * the resolution of the traffic, below which a difference says nothing.
 */
export function sweepPhases(
  given: { readonly interval: number; readonly points: number; readonly grain: number },
  sampleAt: (phase: number) => readonly SweepSample[],
): readonly SweepSample[] {
  const { interval, points, grain } = given;
  const samples = new Map<number, readonly SweepSample[]>();
  const at = (phase: number) => {
    const known = samples.get(phase);
    if (known !== undefined) return known;
    const fresh = sampleAt(phase);
    samples.set(phase, fresh);
    return fresh;
  };
  const grid = Array.from({ length: points + 1 }, (_, i) => Math.round((i * interval) / points));
  for (const phase of grid) at(phase);
  const names = at(0).map((one) => one.name);
  for (const name of names) {
    const outage = (phase: number) => at(phase).find((one) => one.name === name)?.outage ?? 0;
    for (const [low, high] of jumpsOf(grid, outage, grain)) halve(low, high, outage);
  }
  return [...samples].toSorted(([a], [b]) => a - b).flatMap(([, found]) => found);
}

/** Neighbours in the grid between which the outage jumps, the largest jumps first. */
function jumpsOf(
  grid: readonly number[],
  outage: (phase: number) => number,
  grain: number,
): readonly (readonly [low: number, high: number])[] {
  const steps = grid.slice(1).map((high, i) => {
    const low = grid[i] ?? 0;
    return { low, high, jump: Math.abs(outage(high) - outage(low)) };
  });
  return steps
    .filter(({ low, high, jump }) => jump > SLOPE_MAX * (high - low) + 2 * grain)
    .toSorted((a, b) => b.jump - a.jump)
    .slice(0, JUMPS_MAX)
    .map(({ low, high }) => [low, high] as const);
}

/** Halves a stretch towards its jump. */
function halve(from: number, to: number, outage: (phase: number) => number): void {
  let [low, high] = [from, to];
  while (high - low > WIDTH) {
    const middle = Math.floor((low + high) / 2);
    const left = Math.abs(outage(middle) - outage(low));
    const right = Math.abs(outage(high) - outage(middle));
    if (left > right) high = middle;
    else low = middle;
  }
}

/** One entry per traffic, in the order of first appearance. */
export function extremesOf(samples: readonly SweepSample[]): readonly Extremes[] {
  const found = new Map<string, Extremes>();
  for (const sample of samples) {
    const known = found.get(sample.name);
    const { name } = sample;
    const isShorter = known === undefined || sample.outage < known.shortest.outage;
    const isLonger = known === undefined || sample.outage > known.longest.outage;
    found.set(name, {
      name,
      shortest: isShorter ? sample : known.shortest,
      longest: isLonger ? sample : known.longest,
      open: (known?.open ?? 0) + (sample.open ? 1 : 0),
      samples: (known?.samples ?? 0) + 1,
    });
  }
  return [...found.values()];
}
