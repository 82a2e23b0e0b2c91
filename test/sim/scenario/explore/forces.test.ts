import { describe, expect, test } from 'vitest';
import { timeUs } from '../../../../daemon/base/time.ts';
import { forcesOfSteps } from '../../../../sim/scenario/explore/forces.ts';
import { loadText } from '../load-text.ts';
import { FILES, PAIR } from './lans.ts';

/** Kind, and from when to when in seconds, of the faults of some steps; the run ends at 40 s. */
function forces(steps: string): readonly string[] {
  const { scenario, problems } = loadText(`${PAIR}steps:\n${steps}\nuntil: 40s\n`, FILES);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  return forcesOfSteps(scenario, timeUs(40_000_000)).map(
    (one) => `${one.kind} ${one.from / 1e6}-${one.to / 1e6}`,
  );
}

describe('the faults of a scenario’s steps', () => {
  test.each([
    ['power-off: a', 'power-on: a', 'power 10-20'],
    ['unplug: a:eth0', 'replug: b:eth0', 'cut 10-40'],
    ['unplug: [a:eth0, b:eth0]', 'replug: b:eth0', 'cut 10-40, cut 10-20'],
    ['one-way: { cable: a:eth0, dead: out }', 'unmute: a:eth0', 'one-way 10-20'],
    ['loss: { cable: a:eth0, rate: 50% }', 'loss: { cable: a:eth0, rate: 0% }', 'loss 10-20'],
    [
      'loss: { cable: a:eth0, rate: 50% }',
      'loss: { cable: a:eth0, rate: 90% }',
      'loss 10-40, loss 20-40',
    ],
    ['delay: { cable: a:eth0, by: 1s }', 'delay: { cable: a:eth0, by: 0s }', 'delay 10-23'],
    ['flap: { cable: a:eth0, times: 1, down: 1s, up: 1s }', 'reload: a', 'flap 10-13.2'],
    ['kill: a', 'restart: a', 'crash 10-20'],
    ['freeze: a', 'resume: a', 'freeze 10-20'],
    ['switch-off: sw1', 'switch-on: sw1', 'switch-reboot 10-20'],
    [
      'mcast-filter: { port: "sw1:1", on: true }',
      'mcast-filter: { port: "sw1:1", on: false }',
      'mcast-filter 10-20',
    ],
    ['port-block: sw1:1', 'port-forward: sw1:1', 'partition 10-20'],
    ['reload: a', 'restart: b', ''],
  ])('%s, then %s', (first, second, expected) => {
    const steps = `  - { at: 10s, do: { ${first} } }\n  - { at: 20s, do: { ${second} } }`;
    expect(forces(steps).join(', ')).toBe(expected);
  });
});
