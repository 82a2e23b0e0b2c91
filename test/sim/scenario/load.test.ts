import { describe, expect, test } from 'vitest';
import { formatPrefix } from '../../../daemon/wire/ip-address.ts';
import { formatMac } from '../../../daemon/wire/mac-address.ts';
import { ACTION_TABLE } from '../../../sim/scenario/actions/action-table.ts';
import { scenarioJsonSchema } from '../../../sim/scenario/schema/scenario-schema.ts';
import { loadText } from './load-text.ts';

const SOURCE = `lan:
  switches: { sw1: { ageing: 60s, mirror: { port: "9", of: all } } }
  hosts:
    a:
      nics:
        eth0: 10.0.0.1/24
        eth1: { address: [10.1.0.1/24, { address: 10.1.0.2/32, label: "eth1:1" }], mtu: 9000 }
      addresses: { lo: 10.9.9.9/32 }
      routes: [{ to: default, via: 10.0.0.254 }]
      sysctl: { net.ipv4.ip_forward: 1 }
      files: { /etc/x: { content: "hi" } }
      programs: [{ nginx: { port: 80 } }]
      scripts: { chk: { exit: 1 } }
      boot-time: 2s
      boot: { on-carrier-loss: ifdown }
    b: { nics: { eth0: 10.0.0.2/24 }, power: off }
  cables:
    - [a:eth0, sw1:1]
    - { endpoints: [b:eth0, sw1:2], delay: 200us, rate: 1Gbit, queue: 50 }
steps:
  - { at: 20s, do: { power-on: b }, expect: [{ within: 3s, vip: 10.0.0.2, owner: b }] }
  - { at: 5s }
`;

describe('a right file', () => {
  const { scenario, problems } = loadText(SOURCE);
  const [a, b] = scenario?.lan.hosts ?? [];

  test('has no problems', () => {
    expect(problems).toEqual([]);
  });
  test('gives MAC addresses by the order of hosts and cards', () => {
    expect(a?.nics.map((nic) => formatMac(nic.mac))).toEqual([
      '02:00:00:00:01:01',
      '02:00:00:00:01:02',
    ]);
    expect(b?.nics.map((nic) => formatMac(nic.mac))).toEqual(['02:00:00:00:02:01']);
  });
  test('keeps addresses in order, with labels', () => {
    expect(a?.nics[1]?.addresses.map((one) => [formatPrefix(one), one.label])).toEqual([
      ['10.1.0.1/24', undefined],
      ['10.1.0.2/32', 'eth1:1'],
    ]);
    expect(a?.loopbackAddresses?.map(formatPrefix)).toEqual(['10.9.9.9/32']);
  });
  test('takes a list of addresses as it takes one', () => {
    const text = (nic: string) =>
      `lan: { switches: { s: {} }, hosts: { h: { nics: { eth0: ${nic} } } }, cables: [[h:eth0, s:1]] }`;
    const addressesOf = (nic: string) =>
      loadText(text(nic)).scenario?.lan.hosts[0]?.nics[0]?.addresses;
    const two = '[10.0.0.1/24, { address: "2001:db8::1/64" }]';
    expect(addressesOf(two)).toEqual(addressesOf(`{ address: ${two} }`));
    expect(addressesOf(two)?.map(formatPrefix)).toEqual(['10.0.0.1/24', '2001:db8::1/64']);
    expect(loadText(text('[]')).problems[0]?.message).toContain('at least one address');
  });
  test('fills in what a host boots with', () => {
    expect(a).toMatchObject({
      sysctl: [['net.ipv4.ip_forward', '1']],
      bootTime: 2_000_000,
      onCarrierLoss: 'ifdown',
      startsOff: false,
      enabledUnits: [],
      scripts: [['chk', { exit: 1, after: 1000 }]],
      programs: [{ kind: 'nginx', name: 'nginx', options: { port: 80 } }],
    });
    expect(b).toMatchObject({ startsOff: true, onCarrierLoss: 'keep', bootTime: 0 });
  });
  test('fills in cables and switches', () => {
    expect(scenario?.lan.cables).toMatchObject([
      { delay: 10, queueFrames: 1000 },
      { delay: 200, rateBitsPerSecond: 1_000_000_000, queueFrames: 50 },
    ]);
    expect(scenario?.lan.switches).toMatchObject([
      { kind: 'switch', ageing: 60_000_000, mirrors: [{ port: '9', of: 'all' }] },
    ]);
  });
  test('sorts steps by time and ends at the last one plus its longest time plus 5 s', () => {
    expect(scenario?.steps.map((step) => [step.index, step.at])).toEqual([
      [1, 5_000_000],
      [0, 20_000_000],
    ]);
    expect(scenario?.until).toBe(28_000_000);
  });
  test('takes seed, name and epoch from their defaults', () => {
    expect(scenario).toMatchObject({ seed: 1, name: 'lan' });
    expect(scenario?.lan.epochUs).toBe(Date.parse('2026-01-01T00:00:00Z') * 1000);
  });
});

test('the table of actions has exactly the rows of the design', () => {
  const design =
    'unplug replug mute unmute one-way loss delay jitter corrupt duplicate reorder flap ' +
    'power-off power-on reboot freeze resume kill stop start restart reload script clock-jump ' +
    'port-down port-up port-block port-forward mcast-filter flush-fdb switch-off switch-on ' +
    'exec address-add address-del';
  expect([...ACTION_TABLE.keys()].toSorted((x, y) => (x < y ? -1 : 1))).toEqual(
    design.split(' ').toSorted((x, y) => (x < y ? -1 : 1)),
  );
});

test('every key of the JSON Schema is described', () => {
  const nameless: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties' && typeof value === 'object' && value !== null) {
        for (const [name, property] of Object.entries(value)) {
          if (!('description' in Object(property))) nameless.push(`${path}.${name}`);
        }
      }
      visit(value, `${path}.${key}`);
    }
  };
  const schema = scenarioJsonSchema();
  visit(schema, '');
  expect(nameless).toEqual([]);
  expect(JSON.stringify(schema)).toContain('masters-at-most');
});
