/** Point by point what `always` and `finally` can demand of VRRP: each holds, and each is broken. */

import { describe, expect, test } from 'vitest';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';
import { confOf, TWO_ROUTERS } from './two-routers.ts';

const LAN = `${TWO_ROUTERS}traffic:
  pings: { ping: 10.0.0.100, from: client, every: 100ms, start: 8s }
`;
/** A killed keepalived leaves its address behind. */
const KILL = '[ { at: 10s, do: { kill: a } } ]';
const STOP = '[ { at: 10s, do: { stop: a } } ]';
const QUIET = '[]';

function judge(claim: string, steps: string): string {
  const files = { 'a.conf': confOf(150), 'b.conf': confOf(100) };
  const { scenario, problems } = loadText(`${LAN}${claim}\nsteps: ${steps}\nuntil: 20s\n`, files);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const [only] = runScenario(scenario).expectations;
  return `${only?.verdict}: ${only?.got ?? ''}`;
}

const ASK = '{ at: 16s, do: { exec: { host: client, command: arping -c 1 -I eth0 10.0.0.100 } } }';

describe('always', () => {
  test.each([
    ['masters', '{ masters-at-most: 1, vrid: 7, except-for: 1s }', QUIET, STOP],
    ['answers to ARP', '{ answers-at-most: 1, vip: 10.0.0.100 }', `[ ${ASK} ]`, STOP],
    ['a wrong neighbour', '{ wrong-neighbour-at-most: 2s, vip: 10.0.0.100 }', QUIET, STOP],
    ['a black hole', '{ black-hole-at-most: 2s, traffic: pings, from: 9s }', QUIET, STOP],
  ])('%s: holds while all is well and when a daemon stops', (_name, claim, ...all) => {
    for (const steps of all) {
      expect(judge(`always: [ ${claim} ]`, steps)).toBe('pass: ');
    }
  });

  test('masters: two behind a dead way', () => {
    const steps = '[ { at: 10s, do: { one-way: { cable: b:eth0, dead: in } } } ]';
    expect(judge('always: [ { masters-at-most: 1, vrid: 7, except-for: 1s } ]', steps)).toMatch(
      /^fail: VRID 7 had 2 masters, a and b, from 1[23]\./,
    );
  });

  test('two hosts that answer ARP after a SIGKILL', () => {
    const steps = `[ { at: 10s, do: { kill: a } }, ${ASK} ]`;
    expect(judge('always: [ { answers-at-most: 1, vip: 10.0.0.100 } ]', steps)).toMatch(
      /^fail: ARP requests for 10\.0\.0\.100 were answered by (a and b|b and a) from 16/,
    );
  });

  test('a neighbour entry that leads to the dead router, as long as the next has not taken over', () => {
    const off = '[ { at: 10s, do: { power-off: a } } ]';
    const claim = (longest: string) =>
      `always: [ { wrong-neighbour-at-most: ${longest}, vip: 10.0.0.100 } ]`;
    expect(judge(claim('2s'), off)).toMatch(
      /^fail: the neighbour entry of client for 10\.0\.0\.100 led to a from 10\.000 s on for [23]\./,
    );
    expect(judge(claim('4s'), off)).toBe('pass: ');
  });

  test('a neighbour entry that leads to nobody', () => {
    const command = 'ip neigh replace 10.0.0.100 lladdr 02:00:00:00:99:99 dev eth0 nud permanent';
    const steps = `[ { at: 10s, do: { exec: { host: client, command: "${command}" } } } ]`;
    expect(judge('always: [ { wrong-neighbour-at-most: 5s, vip: 10.0.0.100 } ]', steps)).toMatch(
      /^fail: the neighbour entry of client for 10\.0\.0\.100 led to 02:00:00:00:99:99 from 10\.000 s/,
    );
  });

  test('a wrong neighbour needs an address', () => {
    const { problems } = loadText(
      `${LAN}always: [ { wrong-neighbour-at-most: 5s } ]\nsteps: []\n`,
      {
        'a.conf': confOf(150),
        'b.conf': confOf(100),
      },
    );
    expect(problems.map((one) => one.message).join()).toContain(
      'wrong-neighbour-at-most needs vip: ADDRESS',
    );
  });
});

describe('finally', () => {
  const back = (within: string) => `finally: [ { traffic: pings, back-within: ${within} } ]`;

  test('the address is back within a time of the last fault', () => {
    const off = '[ { at: 10s, do: { power-off: a } } ]';
    expect(judge(back('4s'), off)).toBe('pass: ');
    expect(judge(back('2s'), off)).toMatch(/^fail: no answer from \S+ s until 1[23]\./);
    expect(judge(back('4s'), '[ { at: 10s, do: { power-off: [a, b] } } ]')).toMatch(
      /^fail: no answer from \S+ s until the end/,
    );
  });

  test('counts from the last step, so that an earlier outage does not matter', () => {
    const steps = '[ { at: 9s, do: { power-off: a } }, { at: 15s, do: { reload: b } } ]';
    expect(judge(back('0s'), steps)).toBe('pass: ');
  });

  test('a killed daemon leaves its address: nothing is out', () => {
    expect(judge(back('0s'), KILL)).toBe('pass: ');
  });
});
