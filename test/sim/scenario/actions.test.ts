import { describe, expect, test } from 'vitest';
import { ACTION_TABLE } from '../../../sim/scenario/actions/action-table.ts';
import { type RunResult, runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';

/**
 * Every action by what a ping and the LAN show of it. `a` pings `b` through a switch, ten times a second; a test
 * looks at which echoes were answered, or at what the run log and the hosts tell afterwards.
 */
const LAN = `jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 } }
    b:
      nics: { eth0: 10.0.0.2/24 }
      programs: [ { process: { name: app } } ]
    c: { nics: { eth0: 10.0.0.3/24 } }
  cables:
    - [a:eth0, sw1:1]
    - [b:eth0, sw1:2]
    - [c:eth0, sw1:3]
traffic:
  pings: { ping: 10.0.0.2, from: a, every: 100ms }
`;

interface Seen {
  readonly result: RunResult;
  /** Longest gap between two answers that lost an echo, in ms. */
  readonly outageMs: number;
  readonly lost: number;
}

function run(steps: string, until = '30s', lan = LAN): Seen {
  const { scenario, problems } = loadText(`${lan}until: ${until}\nsteps:\n${steps}`);
  if (scenario === undefined) throw new Error(JSON.stringify(problems, undefined, 1));
  const result = runScenario(scenario);
  const outages = result.traffic[0]?.outages ?? [];
  return {
    result,
    outageMs: Math.max(0, ...outages.map((one) => one.length / 1000)),
    lost: result.traffic[0]?.lost ?? -1,
  };
}

const at = (time: string, action: string, expectation = '') =>
  `  - { at: ${time}, do: ${action}${expectation === '' ? '' : `, expect: [ ${expectation} ]`} }\n`;

function verdicts(seen: Seen): string[] {
  return seen.result.expectations.map((one) => one.verdict);
}

/** Run-log events of one kind, as JSON texts without bigint trouble. */
function events(seen: Seen, kind: string): string[] {
  return seen.result.log.filter((one) => one.kind === kind).map((one) => JSON.stringify(one));
}

describe('actions on cables', () => {
  // proves: action:unplug, action:replug
  test('unplug takes the carrier of both ends and replug gives it back', () => {
    const seen = run(at('5s', '{ unplug: b:eth0 }') + at('10s', '{ replug: b:eth0 }'));
    expect(seen.outageMs).toBeGreaterThan(4900);
    expect(seen.outageMs).toBeLessThan(5300);
    const carriers = events(seen, 'carrier');
    expect(carriers.filter((one) => one.includes('"up":false'))).toHaveLength(2);
    expect(carriers.filter((one) => one.includes('"up":true'))).toHaveLength(2);
  });

  // proves: action:mute, action:unmute
  test('mute loses every frame and nobody hears of it', () => {
    const seen = run(at('5s', '{ mute: b:eth0 }') + at('10s', '{ unmute: b:eth0 }'));
    expect(seen.outageMs).toBeGreaterThan(4900);
    expect(events(seen, 'carrier')).toEqual([]);
  });

  // proves: action:one-way
  test('one-way loses what one end sends: requests arrive, answers do not', () => {
    const oneWay = at('5s', '{ one-way: b:eth0 }');
    const seen = run(oneWay + at('6s', '{ exec: { host: b, command: "ip -s link show eth0" } }'));
    expect(seen.lost).toBeGreaterThan(200);
    expect(events(seen, 'carrier')).toEqual([]);
    const other = run(at('5s', '{ one-way: { cable: b:eth0, dead: in } }'));
    expect(other.lost).toBeGreaterThan(200);
  });

  // proves: action:loss
  test('loss takes about as many frames as it says, and 0% heals', () => {
    const seen = run(at('1s', '{ loss: { cable: b:eth0, rate: 20% } }'), '101s');
    // 1000 echoes cross the cable twice: 1 - 0.8 * 0.8 = 36 % are lost, some ARP trouble on top.
    expect(seen.lost).toBeGreaterThan(300);
    expect(seen.lost).toBeLessThan(450);
    const healed = run(
      at('1s', '{ loss: { cable: b:eth0, rate: 100% } }') +
        at('2s', '{ loss: { cable: b:eth0, rate: 0% } }'),
    );
    expect(healed.lost).toBeLessThan(15);
  });

  // proves: action:corrupt
  test('corrupt flips bits, the receiver drops what fails its checksum', () => {
    const seen = run(at('1s', '{ corrupt: { cable: b:eth0, rate: 50% } }'), '31s');
    expect(seen.lost).toBeGreaterThan(100);
    expect(seen.lost).toBeLessThan(290);
  });

  // proves: action:duplicate
  test('duplicate answers a request twice', () => {
    const ping = '{ exec: { host: c, command: "ping -c 20 -i 0.1 10.0.0.2" } }';
    const seen = run(
      at('1s', '{ duplicate: { cable: b:eth0, rate: 100%, direction: out } }') +
        at('2s', ping, '{ within: 5s, output: "DUP!" }'),
    );
    expect(verdicts(seen)).toEqual(['pass']);
    expect(seen.lost).toBe(0);
  });

  // proves: action:reorder
  test('reorder lets later echoes overtake earlier ones and loses none', () => {
    const lan = LAN.replace('every: 100ms', 'every: 2ms');
    const seen = run(at('1s', '{ reorder: { cable: b:eth0, rate: 30% } }'), '10s', lan);
    expect(seen.lost).toBeLessThan(3);
    const plain = run(at('1s', '{ flush-fdb: sw1 }'), '10s', lan);
    expect(seen.result.traceHash).not.toBe(plain.result.traceHash);
  });

  // proves: action:delay
  test('delay makes the round trip longer', () => {
    const seen = run(
      at('1s', '{ delay: { cable: b:eth0, by: 20ms } }') +
        at(
          '2s',
          '{ exec: { host: c, command: "ping -c 1 10.0.0.2" } }',
          '{ within: 3s, output: { matches: "*rtt min/avg/max/mdev = 8?.*" } }',
        ),
    );
    // The first echo of c waits for ARP over the slow cable as well: 4 crossings of 20 ms.
    expect(verdicts(seen)).toEqual(['pass']);
  });

  // proves: action:jitter
  test('jitter spreads the round trips', () => {
    const seen = run(
      at('1s', '{ jitter: { cable: b:eth0, by: 20ms } }') +
        at('2s', '{ exec: { host: c, command: "ping -c 20 -i 0.2 10.0.0.2" } }'),
      '20s',
    );
    const text = events(seen, 'output').join('') + JSON.stringify(seen.result.log);
    const times = [...text.matchAll(/time=([0-9.]+) ms/g)].map((found) => Number(found[1]));
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(5);
    expect(Math.max(...times)).toBeLessThan(90);
  });

  // proves: action:flap
  test('flap unplugs and replugs as often as it says', () => {
    const seen = run(at('5s', '{ flap: { cable: b:eth0, times: 3, down: 1s, up: 2s } }'));
    const down = events(seen, 'carrier').filter((one) => one.includes('"up":false'));
    expect(down).toHaveLength(6);
    expect(seen.lost).toBeGreaterThan(24);
    expect(seen.lost).toBeLessThan(45);
  });
});

describe('actions on hosts', () => {
  // proves: action:power-off, action:power-on
  test('power-off silences a host at once, power-on boots it', () => {
    const seen = run(at('5s', '{ power-off: b }') + at('10s', '{ power-on: b }'));
    expect(seen.outageMs).toBeGreaterThan(4900);
    expect(events(seen, 'power').map((one) => JSON.parse(one).state)).toContain('off');
  });

  // proves: action:reboot
  test('reboot forgets what was set by hand', () => {
    const seen = run(
      at('4s', '{ address-add: { host: b, nic: eth0, address: 10.0.0.77/24 } }') +
        at('5s', '{ reboot: b }', '{ within: 2s, vip: 10.0.0.77, owner: nobody }'),
    );
    expect(verdicts(seen)).toEqual(['pass']);
  });

  // proves: action:freeze, action:resume
  test('a frozen host answers after it goes on; what it answers too late counts as lost', () => {
    const seen = run(at('5s', '{ freeze: b }') + at('8s', '{ resume: b }'));
    const [traffic] = seen.result.traffic;
    expect(traffic?.outages).toHaveLength(1);
    expect(traffic?.outages[0]).toMatchObject({ open: false });
    expect(traffic?.longestOutage).toBeGreaterThan(2_000_000);
    expect(traffic?.longestOutage).toBeLessThan(3_100_000);
    // None is counted twice; one may still be on its way at the end.
    const open = (traffic?.sent ?? 0) - (traffic?.lost ?? 0) - (traffic?.answered ?? 0);
    expect([0, 1]).toContain(open);
    const frozen = run(at('5s', '{ freeze: b }'));
    expect(frozen.lost).toBeGreaterThan(200);
  });

  // proves: action:clock-jump
  test('clock-jump moves the wall clock and nothing else', () => {
    const seen = run(
      at('5s', '{ clock-jump: { host: b, by: 1h } }') +
        at('6s', '{ exec: { host: b, command: "date" } }', '{ within: 1s, output: "01:00:06" }'),
    );
    expect(verdicts(seen)).toEqual(['pass']);
    expect(seen.lost).toBe(0);
  });

  // proves: action:address-add, action:address-del
  test('address-add and address-del change who holds an address', () => {
    const vip = 'vip: 10.0.0.100';
    const give = '{ address-add: { host: b, nic: eth0, address: 10.0.0.100/32 } }';
    const take = '{ address-del: { host: b, nic: eth0, address: 10.0.0.100/32 } }';
    const seen = run(
      at('1s', give, `{ within: 1s, ${vip}, owner: b }`) +
        at('3s', take, `{ within: 1s, ${vip}, owner: nobody }`),
    );
    expect(verdicts(seen)).toEqual(['pass', 'pass']);
  });
});

describe('actions on programs', () => {
  const pidof = '{ exec: { host: b, command: "pidof app || echo none" } }';
  const none = '{ within: 1s, output: none }';

  // proves: action:stop, action:start
  test('stop ends a program and start runs it again', () => {
    const seen = run(
      at('1s', '{ stop: { host: b, unit: app } }') +
        at('2s', pidof, none) +
        at('3s', '{ start: { host: b, unit: app } }') +
        at('4s', pidof, '{ never-within: 1s, output: none }'),
    );
    expect(verdicts(seen)).toEqual(['pass', 'pass']);
  });

  // proves: action:kill
  test('kill is a crash that the journal tells', () => {
    const seen = run(at('1s', '{ kill: { host: b, program: app } }') + at('2s', pidof, none));
    expect(verdicts(seen)).toEqual(['pass']);
    expect(events(seen, 'program').some((one) => one.includes('crashed'))).toBe(true);
  });

  // proves: action:restart
  test('restart gives a program a new process', () => {
    const seen = run(at('1s', '{ restart: { host: b, unit: app } }'));
    const changes = events(seen, 'program').map((one) => JSON.parse(one));
    const pids = changes.filter((one) => one.change === 'started').map((one) => one.pid);
    expect(new Set(pids).size).toBe(2);
  });

  // proves: action:exec
  test('exec runs command lines one after another and expects their output', () => {
    const command = '["echo one > /tmp/x", "cat /tmp/x"]';
    const seen = run(
      at(
        '1s',
        `{ exec: { host: b, command: ${command} } }`,
        '{ within: 1s, output: { equals: one } }',
      ),
    );
    expect(verdicts(seen)).toEqual(['pass']);
  });
});

describe('actions on switches', () => {
  // proves: action:port-down, action:port-up
  test('port-down takes the far end’s carrier', () => {
    const seen = run(at('5s', '{ port-down: sw1:2 }') + at('10s', '{ port-up: sw1:2 }'));
    expect(seen.outageMs).toBeGreaterThan(4900);
    expect(events(seen, 'carrier').length).toBeGreaterThan(0);
  });

  // proves: action:port-block, action:port-forward
  test('port-block passes nothing and keeps the carrier', () => {
    const seen = run(at('5s', '{ port-block: sw1:2 }') + at('10s', '{ port-forward: sw1:2 }'));
    expect(seen.outageMs).toBeGreaterThan(4900);
    expect(events(seen, 'carrier')).toEqual([]);
  });

  // proves: action:flush-fdb
  test('flush-fdb makes a switch flood again', () => {
    const seen = run(at('5s', '{ flush-fdb: sw1 }'));
    expect(seen.lost).toBe(0);
    expect(events(seen, 'switch').some((one) => one.includes('flush'))).toBe(true);
  });

  // proves: action:switch-off, action:switch-on
  test('switch-off takes every carrier', () => {
    const seen = run(at('5s', '{ switch-off: sw1 }') + at('10s', '{ switch-on: sw1 }'));
    expect(seen.outageMs).toBeGreaterThan(4900);
    const down = events(seen, 'carrier').filter((one) => one.includes('"up":false'));
    expect(down.length).toBeGreaterThanOrEqual(3);
  });
});

describe('the table of actions', () => {
  test('holds no action without a test here or beside keepalived', () => {
    const withKeepalived = ['reload', 'script', 'mcast-filter'];
    const here = new Set(PROVEN);
    const names = Object.keys(ACTION_TABLE).filter((name) => !withKeepalived.includes(name));
    expect(names.filter((name) => !here.has(name))).toEqual([]);
  });
});

const PROVEN = [
  ...['unplug', 'replug', 'mute', 'unmute', 'one-way', 'loss', 'corrupt', 'duplicate', 'reorder'],
  ...['delay', 'jitter', 'flap', 'power-off', 'power-on', 'reboot', 'freeze', 'resume'],
  ...['clock-jump', 'address-add', 'address-del', 'stop', 'start', 'kill', 'restart', 'exec'],
  ...['port-down', 'port-up', 'port-block', 'port-forward', 'flush-fdb', 'switch-off', 'switch-on'],
];
