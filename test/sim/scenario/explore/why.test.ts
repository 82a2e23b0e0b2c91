import { describe, expect, test } from 'vitest';
import { type TimeUs, timeUs } from '../../../../daemon/base/time.ts';
import { scenarioNodes } from '../../../../sim/scenario/checks/scenario-nodes.ts';
import { explainFailure } from '../../../../sim/scenario/explore/why.ts';
import { runScenario } from '../../../../sim/scenario/run.ts';
import { loadText } from '../load-text.ts';
import { FILES } from './lans.ts';

const LAN = `name: dead for a while
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf }
    b: { nics: { eth0: 10.0.0.2/24 }, keepalived: b.conf }
  cables: [ [a:eth0, sw1:1], [b:eth0, sw1:2] ]
steps:
  - { at: 12s, do: { reload: b } }
  - { at: 20s, do: { one-way: { cable: a:eth0, dead: out } } }
  - { at: 30s, do: { unmute: a:eth0 } }
always:
  - { masters-at-most: 1, except-for: 100ms }
until: 40s
`;

function scenarioOf(text: string) {
  const { scenario } = loadText(text, FILES);
  if (scenario === undefined) throw new Error('no scenario');
  return scenario;
}

describe('why', () => {
  test('names the event from which on all replays fail, and what is no cause', () => {
    const why = explainFailure(scenarioOf(LAN), { replays: 8, configs: [] });
    expect(why?.failed.claim).toContain('at most 1 master');
    const [event] = why?.decisive?.events ?? [];
    expect(event).toMatchObject({ kind: 'step', at: 20_000_000 });
    expect(why?.before?.failed).toBeLessThan(8);
    expect(why?.rewinds[0]?.failed).toBeGreaterThan(0);
    expect(why?.without.map((one) => [one.step.index, one.failed])).toEqual([
      [0, 8],
      [1, 0],
    ]);
    expect(explainFailure(scenarioOf(LAN), { replays: 8, configs: [] })).toEqual(why);
  });
  test('names what keepalived is known for, and only that', () => {
    const { scenario, sources } = loadText(LAN, FILES);
    if (scenario === undefined) throw new Error('no scenario');
    const configs = scenarioNodes(scenario, sources).map((node) => node.config);
    const knownOf = (text: string) =>
      explainFailure(scenarioOf(text), { replays: 1, configs })?.known;
    expect(knownOf(LAN)).toBe('known:two-masters-while-adverts-are-lost');
    const other = LAN.replace('masters-at-most: 1, except-for: 100ms', "never: 'Reloading*'");
    expect(other).not.toBe(LAN);
    expect(knownOf(other)).toBeUndefined();
  });
  test('has nothing to say of a run that does not fail', () => {
    expect(
      explainFailure(scenarioOf(LAN.replace('dead: out', 'dead: in')), { replays: 1, configs: [] }),
    ).toBe(undefined);
  });
});

describe('other luck from a moment on', () => {
  const lossy = LAN.replace('{ reload: b }', '{ loss: { cable: a:eth0, rate: 50% } }');
  const logOf = (reseed?: { at: TimeUs; seed: number }) =>
    runScenario(scenarioOf(lossy), { seed: 1, ...(reseed === undefined ? {} : { reseed }) }).log;
  test('leaves what was before, and changes what comes', () => {
    const at = timeUs(13_000_000);
    const plain = logOf();
    const other = logOf({ at, seed: 99 });
    const earlier = (log: typeof plain) => log.filter((event) => event.at < at);
    expect(earlier(other)).toEqual(earlier(plain));
    expect(other).not.toEqual(plain);
    expect(logOf({ at, seed: 99 })).toEqual(other);
  });
});
