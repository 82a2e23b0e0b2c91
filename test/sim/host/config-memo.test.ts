import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { memoLoader } from '../../../sim/host/config-memo.ts';
import { daemonFactory } from '../../../sim/host/daemon-factory.ts';
import { programRegistry } from '../../../sim/programs/program-registry.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from '../scenario/load-text.ts';

const CONF = `vrrp_instance VI {
  state BACKUP
  interface eth0
  virtual_router_id 7
  priority 150
  virtual_ipaddress { 10.0.0.100/24 }
}
`;
const LAN = `lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf }
    client: { nics: { eth0: 10.0.0.50/24 } }
  cables: [ [a:eth0, sw1:1], [client:eth0, sw1:2] ]
traffic:
  vip: { ping: 10.0.0.100, from: client, every: 200ms }
steps:
  - { at: 8s, do: { reload: { host: a, file: a-changed.conf } } }
  - { at: 12s, do: { reboot: a } }
until: 20s
`;

function scenarioOf(conf: string) {
  const { scenario } = loadText(LAN, { 'a.conf': conf, 'a-changed.conf': CONF.replace('7', '9') });
  if (scenario === undefined) throw new Error('no scenario');
  return scenario;
}

/** Freezes everything below a value, so that writing to it throws. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const item of Object.values(value)) frozen(item);
  return Object.freeze(value);
}

describe('readings that are kept', () => {
  test('change nothing: a run with readings of earlier runs has the same trace', () => {
    const load = memoLoader();
    const programs = programRegistry(daemonFactory((options) => frozen(load(options))));
    const plain = [1, 2, 3].map((seed) => runScenario(scenarioOf(CONF), { seed }).traceHash);
    const kept = [1, 2, 3].map(
      (seed) => runScenario(scenarioOf(CONF), { seed, programs }).traceHash,
    );
    expect(kept).toEqual(plain);
  });
  test('are not taken where the file is another, or chance was drawn', () => {
    const programs = programRegistry(daemonFactory(memoLoader()));
    const random = CONF.replace('150', '$' + '{_RANDOM 100-200}');
    for (const conf of [CONF, CONF.replace('150', '50'), random]) {
      for (const seed of [1, 2]) {
        const { traceHash } = runScenario(scenarioOf(conf), { seed });
        expect(runScenario(scenarioOf(conf), { seed, programs }).traceHash).toBe(traceHash);
      }
    }
  });
  test('are the same object where everything is the same', () => {
    const load = memoLoader();
    const system = {
      hostname: () => 'a',
      interfaces: () => [],
      interfaceNamed: () => undefined,
      readFile: () => encodeUtf8(CONF),
      expandPattern: () => [],
      isExecutable: () => true,
      hasUser: () => true,
      processes: () => [],
      sysctl: () => undefined,
      wallClockUs: () => 0,
    };
    const options = { system, path: '/a', configId: undefined, random: { uint32: () => 1 } };
    const first = load(options);
    expect(load(options)).toBe(first);
    expect(load({ ...options, configId: 'b' })).not.toBe(first);
    expect(load({ ...options, system: { ...system, hostname: () => 'b' } })).not.toBe(first);
  });
});
