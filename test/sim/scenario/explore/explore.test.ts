import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../../daemon/wire/text.ts';
import { scenarioNodes } from '../../../../sim/scenario/checks/scenario-nodes.ts';
import {
  BLOCK_RUNS,
  blocksOf,
  exploreBlock,
  mergeParts,
  type SearchOptions,
  type SearchPart,
} from '../../../../sim/scenario/explore/explore.ts';
import { FAULT_KINDS } from '../../../../sim/scenario/explore/fault.ts';
import { loadPlanned, plannedText, searchBase } from '../../../../sim/scenario/explore/plan.ts';
import { shrink } from '../../../../sim/scenario/explore/shrink.ts';
import { runScenario } from '../../../../sim/scenario/run.ts';
import { loadText } from '../load-text.ts';
import { breaking, brokenPrograms, type MakeBug, PLANTED } from './planted.ts';

const CONF = (priority: number) => `vrrp_instance VI {
  state BACKUP
  interface eth0
  virtual_router_id 7
  priority ${priority}
  virtual_ipaddress {
    10.0.0.100/24
  }
}
`;
const FILES = { 'a.conf': CONF(150), 'b.conf': CONF(100) };
const LAN = `name: a pair
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf }
    b: { nics: { eth0: 10.0.0.2/24 }, keepalived: b.conf }
    idle: { nics: { eth0: 10.0.0.3/24 } }
    client: { nics: { eth0: 10.0.0.50/24 } }
  cables:
    - [a:eth0, sw1:1]
    - [b:eth0, sw1:2]
    - [idle:eth0, sw1:3]
    - [client:eth0, sw1:4]
traffic:
  vip: { ping: 10.0.0.100, from: client, every: 200ms, timeout: 500ms }
  other: { ping: 10.0.0.3, from: client, every: 1s }
`;

function searchOf(more: Partial<SearchOptions> = {}, makeBug?: MakeBug): SearchOptions {
  const { scenario, sources, problems } = loadText(LAN, FILES);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const configs = scenarioNodes(scenario, sources).map((node) => node.config);
  const wrap = makeBug === undefined ? undefined : breaking(makeBug);
  return { base: searchBase(scenario, configs, wrap), seed: 1, ...more };
}

function search(options: SearchOptions, runs: number): SearchPart {
  const blocks = blocksOf(runs, { index: 1, count: 1 });
  return mergeParts(blocks.map((one) => exploreBlock(options, one.block, one.runs)));
}

const readFile = (path: string) => {
  const text = Reflect.get(FILES, path.replace(/^\.\//, ''));
  return typeof text === 'string' ? encodeUtf8(text) : undefined;
};

/** Runs in which every planted bug is found, 2,000 being the limit that matters. */
const BUDGET = 320;

describe('explore finds planted bugs, shrinks them and writes them as scenarios', () => {
  test.each([...PLANTED])('%s', (_name, makeBug) => {
    let found: SearchPart['failures'][number] | undefined;
    for (let block = 0; block * BLOCK_RUNS < BUDGET && found === undefined; block++) {
      const part = exploreBlock(searchOf({}, makeBug), block);
      found = part.failures.find((one) => one.known === undefined);
    }
    expect(found, 'nothing was found').toBeDefined();
    if (found === undefined) return;
    const small = shrink(searchOf({}, makeBug), found);
    const text = plannedText(small.base, small.failure.plan, small.failure.signature);
    const { scenario, problems } = loadPlanned(text, 'found.twin.yml', readFile);
    expect(problems.filter((one) => one.severity === 'error')).toEqual([]);
    if (scenario === undefined) return;
    expect(scenario.steps.length).toBeLessThanOrEqual(4);
    expect(runScenario(scenario, { programs: brokenPrograms(makeBug) }).verdict).toBe('fail');
    expect(runScenario(scenario).verdict).toBe('pass');
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
    const makeBug = PLANTED.get('addresses are never given up');
    if (makeBug === undefined) throw new Error('no such bug');
    const options = searchOf({}, makeBug);
    const [found] = search(options, 48).failures;
    if (found === undefined) throw new Error('nothing was found');
    const { base, failure } = shrink(options, found);
    expect(base.scenario.lan.hosts.map((host) => host.name)).not.toContain('idle');
    expect(base.scenario.traffic.map((one) => one.name)).not.toContain('other');
    expect(failure.plan.faults.length).toBeLessThanOrEqual(2);
  });
});
