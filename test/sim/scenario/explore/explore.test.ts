import { describe, expect, test } from 'vitest';
import {
  blocksOf,
  exploreBlock,
  mergeParts,
  type SearchOptions,
  type SearchPart,
} from '../../../../sim/scenario/explore/explore.ts';
import { FAULT_KINDS } from '../../../../sim/scenario/explore/fault.ts';
import { shrink } from '../../../../sim/scenario/explore/shrink.ts';
import { searchOf } from './lans.ts';
import { PLANTED, plantedBug } from './planted.ts';
import { hunt } from './planted-bugs.ts';

function search(options: SearchOptions, runs: number): SearchPart {
  const blocks = blocksOf(runs, { index: 1, count: 1 });
  return mergeParts(blocks.map((one) => exploreBlock(options, one.block, one.runs)));
}

/** Runs in which every planted bug is found with this seed; the limit that matters is 2,000. */
const BUDGET = 320;

describe('explore finds planted bugs, shrinks them and writes them as scenarios', () => {
  test.each(PLANTED)('$name', (planted) => {
    const found = hunt(planted, BUDGET);
    expect(found.runs, 'nothing was found').toBeDefined();
    expect(found.steps).toBeLessThanOrEqual(4);
    expect(found).toMatchObject({ onBroken: 'fail', onHealthy: 'pass' });
  });
});

describe('the search', () => {
  test('gives the same whatever the number of shards', () => {
    const options = searchOf();
    const whole = search(options, 40);
    for (const count of [2, 3]) {
      const shards = Array.from({ length: count }, (_, i) => ({ index: i + 1, count }));
      const parts = shards.map((shard) =>
        mergeParts(blocksOf(40, shard).map((one) => exploreBlock(options, one.block, one.runs))),
      );
      expect(mergeParts(parts.toReversed())).toEqual(whole);
    }
    expect(whole.runs).toBe(40);
  });
  test('another seed tries other schedules', () => {
    expect(search(searchOf({ seed: 2 }), 16).coverage).not.toEqual(search(searchOf(), 16).coverage);
  });
  test('tries every kind of fault that the LAN offers, and counts what it reached', () => {
    const { coverage } = search(searchOf(), 64);
    const kinds = FAULT_KINDS.map((kind) => kind.name).filter((name) => name !== 'script');
    for (const kind of kinds) expect(coverage.has(`fault ${kind}`), kind).toBe(true);
    expect(coverage.get('transition BACKUP -> MASTER (advert-timeout)')).toBe(64);
  });
  test('--faults limits the kinds', () => {
    const { coverage } = search(searchOf({ kinds: ['reload'] }), 16);
    const faults = [...coverage.keys()].filter((point) => point.startsWith('fault'));
    expect(faults).toEqual(['fault reload']);
  });
  test('finds nothing in the healthy pair that keepalived is not known for', () => {
    const { failures } = search(searchOf({ seed: 7 }), 96);
    expect(failures.filter((one) => one.known === undefined)).toEqual([]);
  });
  test('shrinking takes away hosts and traffic that do not matter', () => {
    const options = searchOf({}, plantedBug('the VIP is not removed'));
    const [found] = search(options, 48).failures;
    if (found === undefined) throw new Error('nothing was found');
    const { base, failure } = shrink(options, found);
    expect(base.scenario.lan.hosts.map((host) => host.name)).not.toContain('idle');
    expect(base.scenario.traffic.map((one) => one.name)).not.toContain('other');
    expect(failure.plan.faults.length).toBeLessThanOrEqual(2);
  });
});
