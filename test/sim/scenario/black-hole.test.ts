import { describe, expect, test } from 'vitest';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';
import { confOf, TWO_ROUTERS } from './two-routers.ts';

const LAN = `${TWO_ROUTERS}traffic:
  vip: { ping: 10.0.0.100, from: client, every: 100ms, timeout: 200ms }
always:
  - { black-hole-at-most: 2s, traffic: vip, from: 10s }
`;

function judge(steps: string, until = '30s') {
  const files = { 'a.conf': confOf(150), 'b.conf': confOf(100) };
  const { scenario, problems } = loadText(`${LAN}steps: ${steps}\nuntil: ${until}\n`, files);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const [invariant] = runScenario(scenario).expectations;
  return `${invariant?.verdict}: ${invariant?.got ?? ''}`;
}

describe('a black hole', () => {
  test('is a stale neighbour entry while somebody holds the address', () => {
    const mac = '02:00:00:00:99:99';
    const command = `ip neigh replace 10.0.0.100 lladdr ${mac} dev eth0 nud permanent`;
    const got = judge(`[ { at: 15s, do: { exec: { host: client, command: "${command}" } } } ]`);
    expect(got).toMatch(/^fail: vip had no answer, though a held the address from 15\.\d+ s on/);
  });
  test('is a healthy router that does not take over in time', () => {
    expect(judge('[ { at: 15s, do: { power-off: a } } ]')).toMatch(
      /^fail: vip had no answer, though b could have taken the address from 15\.\d+ s on/,
    );
  });
  test.each([
    ['nothing happens', '[]'],
    [
      'the way to the holder is dead',
      '[ { at: 15s, do: { one-way: { cable: a:eth0, dead: in } } } ]',
    ],
    [
      'the way to the holder is lossy',
      '[ { at: 15s, do: { loss: { cable: client:eth0, rate: 100% } } } ]',
    ],
    ['the asker is off', '[ { at: 15s, do: { power-off: client } } ]'],
    ['nobody could take over', '[ { at: 15s, do: { power-off: [a, b] } } ]'],
    ['it is shorter', '[ { at: 15s, do: { stop: a } } ]'],
  ])('is none when %s', (_name, steps) => {
    expect(judge(steps)).toBe('pass: ');
  });
});

describe('instances that belong together', () => {
  const both = `${confOf(150)}${confOf(150).replace('VI ', 'V2 ').replace('_id 7', '_id 8').replace('.100/', '.101/')}`;
  const lan = `${LAN.slice(0, LAN.indexOf('always:'))}always: [ { together: [VI, V2], except-for: 1s } ]\n`;
  const verdict = (a: string) => {
    const files = { 'a.conf': a, 'b.conf': confOf(100) };
    const { scenario, problems } = loadText(`${lan}until: 10s\n`, files);
    if (scenario === undefined) throw new Error(JSON.stringify(problems));
    const [invariant] = runScenario(scenario).expectations;
    return `${invariant?.verdict}: ${invariant?.got ?? ''}`;
  };
  test('are MASTER together, or not at all', () => {
    expect(verdict(both)).toBe('pass: ');
    expect(verdict(both.replace('_id 8\n  priority 150', '_id 8\n  priority 1'))).toBe('pass: ');
    const late = both.replace('_id 8', '_id 8\n  advert_int 2');
    expect(verdict(late)).toMatch(/^fail: on a VI MASTER and V2 BACKUP from [34]\.\d+ s on for/);
  });
  test('are named as the file names them', () => {
    const { problems } = loadText(lan.replace('V2]', 'V3]'), {
      'a.conf': both,
      'b.conf': confOf(1),
    });
    expect(problems.map((one) => one.message).join()).toContain('V3');
  });
});
