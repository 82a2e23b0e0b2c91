/** `lantwin bridge` without privilege: two twins joined over UDP, captures replayed into a LAN, words for mistakes. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BridgeCommandOptions, bridgeCommand } from '../../../sim/cli/command-bridge.ts';
import { replayCommand } from '../../../sim/cli/command-replay.ts';
import { EnvironmentError, UsageError } from '../../../sim/cli/exit-codes.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';

const CONF = (priority: number) => `global_defs { vrrp_version 3 }
vrrp_instance V {
  interface eth0
  virtual_router_id 7
  priority ${priority}
  advert_int 0.1
  virtual_ipaddress { 10.0.0.9/24 }
}
`;

const home = process.cwd();
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-bridge-'));
  process.chdir(folder);
  writeFileSync('a.conf', CONF(200));
  writeFileSync('b.conf', CONF(50));
  writeFileSync(
    'a.twin.yml',
    `name: one half
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf, programs: [{ http: { port: 80, body: A } }] }
  cables: [[a:eth0, sw1:1]]
steps:
  - { at: 5s, do: { unplug: sw1:8 } }
finally: [{ vip: 10.0.0.9, owner: a }]
until: 8s
`,
  );
  writeFileSync(
    'b.twin.yml',
    `name: the other half
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    b: { nics: { eth0: 10.0.0.2/24 }, keepalived: b.conf, power: 'off' }
    c: { nics: { eth0: 10.0.0.50/24 } }
  cables: [[b:eth0, sw1:1], [c:eth0, sw1:2]]
steps:
  - at: 800ms
    do: { exec: { host: c, command: 'curl -s http://10.0.0.9/' } }
    expect: [{ within: 4s, output: A }]
  - { at: 1s, do: { power-on: b } }
  - at: 5s
    expect: [{ within: 3s, vip: 10.0.0.9, owner: b }]
until: 8s
`,
  );
});

afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

function start(file: string, options: BridgeCommandOptions) {
  const texts = { out: '', err: '' };
  const output = {
    out: (text: string) => {
      texts.out += text;
    },
    err: (text: string) => {
      texts.err += text;
    },
    style: PLAIN_STYLE,
  };
  const surroundings = { output, version: '1.2.3' };
  return { texts, surroundings, code: bridgeCommand(file, options, surroundings) };
}

describe('two twins joined over UDP', () => {
  test('are one network in real time; a step cuts it; both replay to the same trace', {
    timeout: 60_000,
  }, async () => {
    const [portA, portB] = [21_000 + (process.pid % 9000), 31_000 + (process.pid % 9000)];
    const a = start('a.twin.yml', {
      vxlan: [`sw1:8=127.0.0.1,vni=9,port=${portB},listen=${portA}`],
      joinVrid: ['7'],
      pcap: 'caps',
    });
    const b = start('b.twin.yml', {
      vxlan: [`sw1:8=127.0.0.1,vni=9,port=${portA},listen=${portB}`],
      joinVrid: ['7'],
    });
    expect([await a.code, await b.code], a.texts.out + b.texts.out + b.texts.err).toEqual([0, 0]);
    expect(b.texts.err).toContain('real router 10.0.0.1 on vxlan-9: VRID 7, VRRPv3, priority 200');
    expect(a.texts.err).toMatch(/vxlan-9 \(vxlan\): \d+ frames in, \d+ out/);
    expect(a.texts.err).toContain('withdrawn: a');
    expect(a.texts.err).toMatch(/late by \d+\.\d+ ms on average/);
    expect(readdirSync('caps').length).toBe(2);
    for (const one of ['a', 'b']) {
      const { texts, surroundings } = start('none', { vxlan: ['x:1=h'] });
      const code = replayCommand(`.lantwin/${one}-bridged.run.json`, {}, surroundings);
      expect(code, texts.err).toBe(0);
    }
  });
});

describe('a capture', () => {
  test('comes in at its times; a virtual host answers it; nobody needs a privilege', async () => {
    const cap = readdirSync('caps').find((name) => name.includes('a_eth0'));
    const run = start('b.twin.yml', {
      replayPcap: [`sw1:8=caps/${cap}`],
      for: '500ms',
      record: false,
    });
    expect(await run.code).toBe(2);
    expect(run.texts.err).toMatch(/real router 10\.0\.0\.1 on .*VRID 7/);
    expect(run.texts.err).toMatch(/\(pcap\): \d+ frames in/);
  });
});

describe('mistakes', () => {
  test.each([
    [{}, 'no port is joined'],
    [
      { tap: ['tap0'] },
      "--tap: expected a port and what it is joined to, such as sw1:8=tap0, read 'tap0'",
    ],
    [{ tap: ['sw1:8=t0,mut=5'] }, "--tap: unknown setting 'mut', known: mac, mtu"],
    [{ tap: ['sw1:8=t0,mac=x'] }, 'expected a MAC address'],
    [{ tap: ['sw1:8=t0', 'sw1:9=t0'] }, "'t0' is named twice"],
    [{ vxlan: ['sw1:8=h,vni=99999999'] }, '--vxlan: vni: expected a whole number'],
    [{ tap: ['sw1:8=t0'], joinVrid: ['0'] }, '--join-vrid: expected 1 to 255'],
    [{ tap: ['sw1:8=t0'], for: '5' }, "--for: expected a time with a unit such as 20s, read '5'"],
  ] as const)('%j', async (options, words) => {
    const run = start('a.twin.yml', options);
    await expect(run.code).rejects.toThrow(words);
    await expect(run.code).rejects.toBeInstanceOf(UsageError);
  });

  test('a port that the LAN has not, or has a cable in, is a problem of the scenario', async () => {
    const wrong = start('a.twin.yml', { tap: ['sw9:8=t0'] });
    expect(await wrong.code).toBe(3);
    expect(wrong.texts.err).toContain("there is no host or switch 'sw9'");
    const taken = start('a.twin.yml', { tap: ['sw1:1=t0'] });
    expect(await taken.code).toBe(3);
    expect(taken.texts.err).toContain("'sw1:1' has a cable already and cannot be joined to t0");
  });

  test('a place where no recording can be written is a problem of the environment', async () => {
    writeFileSync('file', '');
    const below = start('a.twin.yml', { vxlan: ['sw1:8=127.0.0.1'], record: 'file/x.run.json' });
    await expect(below.code).rejects.toBeInstanceOf(EnvironmentError);
    await expect(below.code).rejects.toThrow(/cannot make the folder.*--no-record/);
    mkdirSync('taken.pcapng');
    const taken = start('a.twin.yml', { vxlan: ['sw1:8=127.0.0.1'], record: 'taken.run.json' });
    await expect(taken.code).rejects.toBeInstanceOf(EnvironmentError);
    await expect(taken.code).rejects.toThrow('cannot write the recording');
  });

  test('a capture that is not there is a problem of the environment', async () => {
    const run = start('a.twin.yml', { replayPcap: ['sw1:8=none.pcap'] });
    await expect(run.code).rejects.toBeInstanceOf(EnvironmentError);
    await expect(run.code).rejects.toThrow('cannot read the capture');
  });
});
