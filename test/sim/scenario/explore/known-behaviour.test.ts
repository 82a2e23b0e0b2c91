import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exploreBlock } from '../../../../sim/scenario/explore/explore.ts';
import { KNOWN_BEHAVIOUR } from '../../../../sim/scenario/explore/known-behaviour.ts';
import { searchOf } from './lans.ts';

const ROOT = join(import.meta.dirname, '../../../..');

describe('each known behaviour is tied to something that shows it', () => {
  test.each(KNOWN_BEHAVIOUR)('$code', ({ recordings, scenarios, section }) => {
    expect(section).toMatch(/^[a-g]\.\d+$/);
    expect(recordings.length + scenarios.length).toBeGreaterThan(0);
    for (const name of recordings) {
      expect(existsSync(join(ROOT, 'test/reference/traces', name)), name).toBe(true);
    }
    for (const path of scenarios) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });
});

describe('a healthy pair under faults', () => {
  test('fails only as keepalived is known to, and is classified', () => {
    const own = (limit: object) => {
      const { base, ...rest } = searchOf({ seed: 3 });
      const place = { line: 1, column: 1 };
      const always = [{ place, spec: limit as (typeof base.scenario.always)[number]['spec'] }];
      return { ...rest, base: { ...base, scenario: { ...base.scenario, always } } };
    };
    const options = own({ kind: 'masters-at-most', limit: 1, exceptFor: 0 });
    const failures = [0, 1].flatMap((block) => exploreBlock(options, block).failures);
    expect(failures.length).toBeGreaterThan(3);
    expect(failures.filter((one) => one.known === undefined)).toEqual([]);
    const codes = new Set(failures.map((one) => one.known));
    expect(codes).toContain('known:two-masters-while-adverts-are-lost');
  });
});
