import { describe, expect, test } from 'vitest';
import { extremesOf, sweepPhases } from '../../../../sim/scenario/matrix/sweep.ts';

const SECOND = 1_000_000;

/** Takeover after a master-down time of 3.6 s from the last advert, which came at `jump`. */
function sampler(jump: number, grain = 1) {
  let runs = 0;
  const sampleAt = (phase: number) => {
    runs++;
    const sinceAdvert = (((phase - jump) % SECOND) + SECOND) % SECOND;
    const outage = Math.round((3_600_000 - sinceAdvert) / grain) * grain;
    return [{ seed: 1, phase, name: 'vip', outage, open: false }];
  };
  return { sampleAt, runs: () => runs };
}

describe('a sweep over all phases', () => {
  test.each([1, 123_456, 500_000, 999_999])('finds both sides of the jump at %i µs', (jump) => {
    const { sampleAt, runs } = sampler(jump);
    const samples = sweepPhases({ interval: SECOND, points: 20, grain: 1 }, sampleAt);
    const [extremes] = extremesOf(samples);
    expect(extremes?.longest.outage).toBeGreaterThan(3_600_000 - 200);
    expect(extremes?.shortest.outage).toBeLessThan(2_600_000 + 200);
    expect(runs()).toBeLessThan(60);
  });
  test('takes no step of the traffic for a jump', () => {
    const { sampleAt, runs } = sampler(0, 10_000);
    sweepPhases({ interval: SECOND / 2, points: 10, grain: 10_000 }, sampleAt);
    expect(runs()).toBe(11);
  });
  test('of equals names the first phase, and counts what stays out', () => {
    const samples = [0, 1, 2].map((phase) => ({
      seed: 1,
      phase,
      name: 'vip',
      outage: 5,
      open: phase === 2,
    }));
    expect(extremesOf(samples)).toMatchObject([
      { shortest: { phase: 0 }, longest: { phase: 0 }, open: 1, samples: 3 },
    ]);
  });
});
