import { describe, expect, test } from 'vitest';
import { problemText } from '../../../sim/report/problem-text.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { expectGolden } from './golden.ts';
import { loadText } from './load-text.ts';

const LAN = `lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 } }
    b: { nics: { eth0: 10.0.0.2/24 } }
  cables:
    - [a:eth0, sw1:1]
    - [b:eth0, sw1:2]
`;

function texts(source: string, files: Readonly<Record<string, string>> = {}): string {
  const { problems, sources } = loadText(source, files);
  return problems.map((one) => `${problemText(one, sources, PLAIN_STYLE)}\n`).join('');
}

describe('all problems come out in one pass', () => {
  test('wrong keys, wrong values, wrong names and missing files together', () => {
    const source = `nme: everything is wrong
lan:
  switches: { sw1: { agein: 300s } }
  hosts:
    srv-1: { nics: { eth0: 10.0.0.1/24 }, keepalived: ./gone.conf, bot-time: 3s }
    srv-2: { nics: { eth0: 10.0.0.1/24 }, keepalived: ../outside.conf, boot-time: 3 }
    srv-3: { nics: { eth0: 10.0.0.3 } }
  cables:
    - [srv-1:eth0, sw1:1]
    - [srv-2:eth0, sw1:1]
    - [srv-9:eth0, sw2:1]
    - { endpoints: [srv-1:eth1, sw1:2], delay: 5 }
traffic:
  pings: { ping: 10.0.0.9, from: laptop, every: 100 }
steps:
  - at: 10
    do: { power-of: srv-1 }
  - at: 11s
    do: { power-off: srv-1, unplug: srv-1:eth0 }
    expect:
      - { within: 3, vip: 10.0.0.1, owner: srv-1 }
      - { within: 3s, vip: 10.0.0.1 }
      - { within: 3s, vip: 10.0.0.1, owner: srv-4 }
  - at: 12s
    do: { loss: { cable: srv-1:eth0, rate: 1 } }
  - do: { kill: srv-1 }
always:
  - { masters-at-most: one }
`;
    expectGolden('scenario/all-problems.txt', texts(source));
  });

  test('a value of another kind is named in words of YAML', () => {
    const source = `lan:
  switches: { sw1: [1, 2] }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, programs: nginx, boot: { commands: ip rule } }
  cables: [[a:eth0, sw1:1]]
`;
    expect(texts(source).match(/error: .*/g)).toEqual([
      'error: sw1: expected an empty value or a mapping, read a list [scenario:bad-value]',
      "error: programs: expected a list, read 'nginx' [scenario:bad-value]",
      "error: commands: expected a list, read 'ip rule' [scenario:bad-value]",
    ]);
  });

  test('names in steps, expectations and invariants', () => {
    const source = `${LAN}steps:
  - at: 10s
    do: [{ power-off: a }, { power-off: [b, c] }, { unplug: sw1 }, { port-down: "sw1:9" }]
    expect:
      - { output: x }
      - { within: 1s, state: { host: x, vrid: 3, is: MASTER } }
      - { within: 1s, traffic: nope, alive: true }
      - { within: 1s, mac-table: { switch: sw9, mac: a, port: "1" } }
  - at: 11s
    do:
      - { flush-fdb: a }
      - { reload: { host: a, file: new.conf } }
      - { address-add: { host: a, nic: eth9, address: 10.0.0.9/24 } }
finally:
  - { traffic: nope, lost-at-most: 3 }
`;
    expectGolden('scenario/unknown-names.txt', texts(source));
  });
});

describe('broken YAML', () => {
  test.each([
    ['a double key', 'lan: {}\nlan: {}\n', 'yaml:duplicate-key', 2],
    ['an open bracket', 'lan: { hosts: {\nname: x\n', 'yaml:', 2],
    ['bad indentation', 'lan:\n  hosts: {}\n name: x\n', 'yaml:', 3],
    ['a tab', 'lan:\n\thosts: {}\n', 'yaml:', 2],
    ['an empty file', '\n', 'yaml:empty', 1],
    ['binary garbage', 'lan: \u0000\u0001', 'yaml:binary', 1],
    ['a list', '- a\n', 'scenario:bad-value', 1],
  ])('%s is one located problem', (_name, source, code, line) => {
    const { problems, scenario } = loadText(source);
    expect(scenario).toBeUndefined();
    expect(problems[0]?.code).toContain(code);
    expect(problems[0]?.line).toBe(line);
    expect(problems[0]?.column).toBeGreaterThan(0);
  });

  const LONG = [
    'lan:',
    '  switches: { sw1: {} }',
    '  hosts:',
    ...Array.from({ length: 60 }, (_, i) => `    h${i}: { nics: { eth0: 10.0.0.${i + 1}/24 } }`),
    '',
  ].join('\n');
  test.each([
    ['a bracket too few', '    h3: { nics: { eth0', '    h3:  nics: { eth0', 7],
    ['a bracket too many', '10.0.0.4/24 } }', '10.0.0.4/24 } } }', 7],
    ['a bracket that never closes', '10.0.0.4/24 } }', '10.0.0.4/24 }', 8],
    ['a colon too few', '    h3: {', '    h3 {', 7],
    ['an open quote', 'eth0: 10.0.0.4/24 }', 'eth0: "10.0.0.4/24 }', 8],
  ])('one slip among many lines is told where it is: %s', (_name, good, bad, line) => {
    const { problems } = loadText(LONG.replace(good, bad));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(3);
    expect(problems[0]?.line).toBeGreaterThanOrEqual(7);
    expect(problems[0]?.line).toBeLessThanOrEqual(line);
  });
  test('an address that only a refused host may have is not called unknown', () => {
    const text = (prefix: string) => `lan:
  switches: { s: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/${prefix} } }
    b: { nics: { eth0: 10.0.0.2/24 } }
  cables: [[a:eth0, s:1], [b:eth0, s:2]]
traffic: { p: { ping: ADDRESS, from: b } }
until: 1s
`;
    const codes = (prefix: string, address: string) =>
      loadText(text(prefix).replace('ADDRESS', address)).problems.map((one) => one.code);
    expect(codes('240', '10.0.0.1')).toEqual(['scenario:bad-value']);
    expect(codes('24', '10.0.0.9')).toEqual(['scenario:unknown-address']);
  });
  test('what follows from a slip is counted, and two slips are two problems', () => {
    const { problems } = loadText(LONG.replace('    h3: {', '    h3 {'));
    expect(problems[0]?.hint).toMatch(/^the slip is here or before; \d+ more messages that follow/);
    const double = loadText('lan: {}\nlan: {}\nname: a\nname: b\n').problems;
    expect(double.map((one) => [one.code, one.line, one.hint])).toEqual([
      ['yaml:duplicate-key', 2, undefined],
      ['yaml:duplicate-key', 4, undefined],
    ]);
  });

  test('aliases that unfold without end are refused', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++) {
      const before = String.fromCharCode(96 + i);
      const name = String.fromCharCode(97 + i);
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`);
    }
    const { problems } = loadText(`${bomb.join('\n')}\n`);
    expect(problems.map((one) => one.code)).toEqual(['yaml:too-complex']);
  });

  test('a file that is too large is refused before it is read', () => {
    expect(loadText(`# ${'x'.repeat(1_000_001)}`).problems[0]?.code).toBe('yaml:too-large');
  });
});

describe('single problems', () => {
  test.each([['two hosts with one MAC address is a warning', 'scenario:duplicate-mac']])(
    '%s',
    (_name, code) => {
      const source = LAN.replace(
        '10.0.0.2/24',
        '{ address: 10.0.0.2/24, mac: "02:00:00:00:01:01" }',
      );
      const { problems, scenario } = loadText(source);
      expect(problems.map((one) => [one.code, one.severity])).toEqual([[code, 'warning']]);
      expect(scenario).toBeDefined();
    },
  );

  test.each(['/etc/passwd', '../x', 'a/../../x', 'C:\\x', ''])(
    "'%s' is no path of the scenario's folder",
    (path) => {
      const source = LAN.replace('10.0.0.1/24 }', `10.0.0.1/24 }, keepalived: '${path}'`);
      expect(loadText(source).problems.map((one) => one.code)).toContain('scenario:file-outside');
    },
  );

  test('a card whose address is wrong is no missing card to the configuration of its host', () => {
    const conf = `vrrp_instance V {
  interface eth0
  virtual_router_id 5
  virtual_ipaddress { 10.0.0.9 }
}
`;
    const bad = LAN.replace('10.0.0.1/24 }', "10.0.0.1/33 }, keepalived: './a.conf'");
    const codes = loadText(bad, { 'a.conf': conf }).problems.map((one) => one.code);
    expect(codes).toEqual(['scenario:bad-value']);
    const other = { 'a.conf': conf.replace('eth0', 'eth7') };
    const both = loadText(bad, other).problems.map((one) => one.code);
    expect(both).toContain('config:unknown-interface');
  });

  test('a host cannot be called nobody', () => {
    const source = LAN.replace('    b: ', '    nobody: ').replace('b:eth0', 'nobody:eth0');
    expect(loadText(source).problems.map((one) => one.code)).toEqual(['scenario:bad-name']);
  });
});
