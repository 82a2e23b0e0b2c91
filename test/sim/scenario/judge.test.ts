import { describe, expect, test } from 'vitest';
import { type RunResult, runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';

const LAN = `jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 } }
    b: { nics: { eth0: 10.0.0.2/24 } }
    c: { nics: { eth0: 10.0.0.3/24 } }
  cables:
    - [a:eth0, sw1:1]
    - [b:eth0, sw1:2]
    - [c:eth0, sw1:3]
`;
const VIP = 'vip: 10.0.0.100';
const give = (host: string) =>
  `{ address-add: { host: ${host}, nic: eth0, address: 10.0.0.100/32 } }`;
const take = (host: string) =>
  `{ address-del: { host: ${host}, nic: eth0, address: 10.0.0.100/32 } }`;

function run(rest: string, options: { seed?: number; eventLimit?: number } = {}): RunResult {
  const { scenario, problems } = loadText(LAN + rest);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  return runScenario(scenario, options);
}

/** The verdict of one expectation of the first step; `later` are more steps. */
function judged(expectation: string, action: string, later = ''): string {
  const result = run(`steps:
  - { at: 1s, do: ${action}, expect: [ { ${expectation} } ] }
${later}`);
  return `${result.expectations[0]?.verdict}: ${result.expectations[0]?.got ?? ''}`;
}

const step = (at: string, action: string) => `  - { at: ${at}, do: ${action} }\n`;
/** An address that moves by itself after a while: exec of a command that takes that long. */
const laterGive = (at: string, host: string) => step(at, give(host));

describe('within', () => {
  test('what the actions make true counts', () => {
    expect(judged(`within: 1s, ${VIP}, owner: a`, give('a'))).toBe('pass: ');
  });
  test('what never becomes true fails at the end of the time', () => {
    expect(judged(`within: 1s, ${VIP}, owner: b`, give('a'))).toBe('fail: held by a');
  });
  test('what was true before does not count', () => {
    expect(judged('within: 1s, vip: 10.0.0.1, owner: a', give('b'))).toContain(
      'already before the step (write still: true if that counts)',
    );
  });
  test('what was true before counts with still', () => {
    expect(judged('within: 1s, still: true, vip: 10.0.0.1, owner: a', give('b'))).toBe('pass: ');
  });
  test('a second holder breaks the owner', () => {
    const two = `[${give('a')}, ${give('b')}]`;
    expect(judged(`within: 1s, ${VIP}, owner: a`, two)).toBe('fail: held by a and b');
    expect(judged(`within: 1s, ${VIP}, holders: [b, a]`, two)).toBe('pass: ');
  });
  test('the next step may end what had to stay true', () => {
    expect(judged(`within: 1s, ${VIP}, owner: a`, give('a'), step('3s', take('a')))).toBe('pass: ');
  });
  test('what becomes true only after the next step began still counts', () => {
    const later = step('2s', '{ flush-fdb: sw1 }') + laterGive('3s', 'a');
    expect(judged(`within: 2s, ${VIP}, owner: a`, '{ flush-fdb: sw1 }', later)).toBe('pass: ');
    expect(judged(`within: 1.9s, ${VIP}, owner: a`, '{ flush-fdb: sw1 }', later)).toContain('fail');
  });
  test('what is lost again before the next step fails', () => {
    const result = run(`steps:
  - at: 1s
    do: { flap: { cable: a:eth0, times: 1, down: 1s } }
    expect: [ { within: 500ms, traffic: p, alive: false } ]
traffic: { p: { ping: 10.0.0.1, from: c, every: 50ms, timeout: 100ms } }
until: 10s
`);
    expect(result.expectations[0]).toMatchObject({ verdict: 'fail' });
    expect(result.expectations[0]?.got).toContain('but not any more at 2.');
  });
  test('what booting does at t=0 belongs to a step at 0s', () => {
    const result = run(`steps: [ { at: 0s, expect: [ { within: 1s, vip: 10.0.0.1, owner: a } ] } ]
`);
    expect(result.expectations[0]).toMatchObject({ verdict: 'pass', took: 0 });
  });
  test('a run that ends before the time is over gives no verdict', () => {
    const result = run(`until: 2s
steps: [ { at: 1s, expect: [ { within: 5s, ${VIP}, owner: a } ] } ]
`);
    expect(result.verdict).toBe('unknown');
    expect(result.expectations[0]?.got).toContain('the run ended first');
  });
});

describe('at-once, still, never-within', () => {
  test('at-once looks right after the actions', () => {
    expect(judged(`at-once: true, ${VIP}, owner: a`, give('a'))).toBe('pass: ');
    expect(judged(`at-once: true, ${VIP}, owner: a`, '{ flush-fdb: sw1 }')).toContain('fail');
  });
  test('at-once sees what follows in the same instant', () => {
    const off = '{ power-off: a }';
    expect(judged('at-once: true, vip: 10.0.0.1, owner: nobody', off)).toBe('pass: ');
  });
  test('still holds until the next step', () => {
    const still = 'still: true, vip: 10.0.0.1, owner: a';
    expect(judged(still, '{ flush-fdb: sw1 }', step('3s', '{ power-off: a }'))).toBe('pass: ');
    expect(judged(still, '{ power-off: a }')).toBe('fail: held by nobody');
  });
  test('never-within fails at the first moment', () => {
    const never = `never-within: 2s, ${VIP}, owner: a`;
    expect(judged(never, '{ flush-fdb: sw1 }')).toBe('pass: ');
    expect(judged(never, '{ flush-fdb: sw1 }', laterGive('2s', 'a'))).toContain(
      'it was true at 2.',
    );
    expect(judged(never, '{ flush-fdb: sw1 }', laterGive('3.5s', 'a'))).toBe('pass: ');
  });
});

describe('claims', () => {
  test('an address on lo is no claim on the LAN', () => {
    const lo = '{ address-add: { host: b, nic: lo, address: 10.0.0.100/32 } }';
    expect(judged(`within: 1s, ${VIP}, owner: a`, `[${lo}, ${give('a')}]`)).toBe('pass: ');
  });
  test('a frozen host holds nothing', () => {
    const frozen = `[${give('a')}, { freeze: a }]`;
    expect(judged(`at-once: true, ${VIP}, owner: nobody`, frozen)).toBe('pass: ');
  });
  test('the output of exec is looked at when the command has ended', () => {
    const exec = '{ exec: { host: a, command: "ip addr show eth0" } }';
    expect(judged('output: 10.0.0.1/24', exec)).toBe('pass: ');
    expect(judged('output: { lacks: 10.0.0.1/24 }', exec)).toContain('fail: exit code 0, output:');
    expect(judged('output: { matches: "*inet 10.0.0.1/24*", exit: 0 }', exec)).toBe('pass: ');
  });
  test('a neighbour entry is told by whose MAC address it has', () => {
    const ping = '{ exec: { host: c, command: "ping -c 1 10.0.0.1" } }';
    const at = (who: string) =>
      `within: 2s, neighbour: { host: c, address: 10.0.0.1, is-at: ${who} }`;
    expect(judged(at('a'), ping)).toBe('pass: ');
    expect(judged(at('"02:00:00:00:01:01"'), ping)).toBe('pass: ');
    expect(judged(at('b'), ping)).toContain('fail: 02:00:00:00:01:01');
  });
  test('a switch port is told by whose MAC address was learned there', () => {
    const table = 'still: true, mac-table: { switch: sw1, mac: a, port: "1" }';
    const ping = '{ exec: { host: a, command: "ping -c 1 10.0.0.3" } }';
    expect(judged(table, ping)).toBe('pass: ');
    const gone = 'at-once: true, mac-table: { switch: sw1, mac: a, port: none }';
    expect(judged(gone, '{ flush-fdb: sw1 }')).toBe('pass: ');
  });
});

describe('always', () => {
  const steps = `steps:
${step('1s', `[${give('a')}, ${give('b')}]`)}${step('2s', take('b'))}
${step('3s', give('b'))}${step('4s', take('b'))}`;

  test('except-for bounds each violation, not their sum', () => {
    const bounded = run(`${steps}always: [ { owners-at-most: 1, ${VIP}, except-for: 1s } ]\n`);
    expect(bounded.expectations[0]?.verdict).toBe('pass');
    const short = run(`${steps}always: [ { owners-at-most: 1, ${VIP}, except-for: 999ms } ]\n`);
    expect(short.expectations[0]).toMatchObject({ verdict: 'fail', nodes: ['a', 'b'] });
    expect(short.expectations[0]?.got).toContain('for 1 s (the worst of 2)');
  });
  test('a violation that goes on at the end counts as long as it was', () => {
    const result = run(`until: 3s
steps: [ { at: 1s, do: [${give('a')}, ${give('b')}] } ]
always: [ { owners-at-most: 1, ${VIP}, except-for: 1.9s } ]
`);
    expect(result.expectations[0]?.got).toContain('for 2 s');
  });
});

describe('traffic', () => {
  const pings = (extra: string) => `traffic: { p: { ping: 10.0.0.1, from: c, every: 100ms } }
steps: [ { at: 2.05s, do: { unplug: a:eth0 } }, { at: 5.05s, do: { replug: a:eth0 } } ]
${extra}`;

  test('an outage runs from the last answer before it to the next answer', () => {
    const { traffic } = run(pings(''));
    const outage = traffic[0]?.outages[0];
    expect(traffic[0]?.outages).toHaveLength(1);
    expect(Math.round((outage?.from ?? 0) / 10_000)).toBe(200);
    expect(Math.round((outage?.to ?? 0) / 10_000)).toBe(510);
    expect(outage?.lost).toBe(30);
    expect(traffic[0]).toMatchObject({ lost: 30, answeredBy: [{ host: 'a' }] });
  });
  test('finally judges outages, losses and who answered', () => {
    const verdict = (final: string) =>
      run(pings(`finally: [ { traffic: p, ${final} } ]\n`)).expectations[0]?.verdict;
    expect(verdict('longest-outage-at-most: 3.2s')).toBe('pass');
    expect(verdict('longest-outage-at-most: 3s')).toBe('fail');
    expect(verdict('lost-at-most: 30')).toBe('pass');
    expect(verdict('lost-at-most: 29')).toBe('fail');
    expect(verdict('answered-by: a')).toBe('pass');
    expect(verdict('answered-by: [a, b]')).toBe('fail');
  });
  test('what is never answered fails any bound on outages', () => {
    const result = run(`traffic: { p: { ping: 10.0.0.77, from: c } }
finally: [ { traffic: p, longest-outage-at-most: 1h } ]
`);
    expect(result.expectations[0]).toMatchObject({ verdict: 'fail', got: 'it was never answered' });
  });
});

describe('the run as a whole', () => {
  const rest = `traffic: { p: { ping: 10.0.0.1, from: c, every: 100ms } }
steps: [ { at: 1s, do: { loss: { cable: a:eth0, rate: 20% } } } ]
until: 10s
`;
  test('the same seed gives the same trace hash, another seed another one', () => {
    expect(run(rest, { seed: 5 }).traceHash).toBe(run(rest, { seed: 5 }).traceHash);
    expect(run(rest, { seed: 5 }).traceHash).not.toBe(run(rest, { seed: 6 }).traceHash);
  });
  test('expectations change nothing of what happens', () => {
    const judgedToo = `${rest}always: [ { owners-at-most: 1, ${VIP} } ]\n`;
    expect(run(judgedToo).traceHash).toBe(run(rest).traceHash);
  });
  test('without an expectation there is no verdict', () => {
    expect(run(rest).verdict).toBe('unknown');
  });
  test('a run that hits the limit of events stops and has no verdict', () => {
    const result = run(rest, { eventLimit: 50 });
    expect(result).toMatchObject({ verdict: 'unknown', stopped: 'event-limit' });
  });
  test('steps of one time are carried out in the order of the file', () => {
    const result = run(
      `steps: [ { at: 1s, name: one }, { at: 1s, name: two }, { at: 0s, name: zero } ]\n`,
    );
    const names = result.log.flatMap((event) => ('words' in event ? [event.words] : []));
    expect(names).toEqual(['zero', 'one', 'two']);
  });
});
