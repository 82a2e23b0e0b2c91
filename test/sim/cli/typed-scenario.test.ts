/** Scenarios as TypeScript values: inside a test, and as places of a program. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type ScenarioDocument, ScenarioError, scenario } from '../../../sim/cli/door.ts';
import { load as loadModule, resolve } from '../../../sim/cli/module-hooks.ts';
import { loadScenario, loadTypedScenario, runScenario } from '../../../sim/scenario/core.ts';

const DOCUMENT: ScenarioDocument = {
  name: 'an address appears',
  lan: {
    switches: { sw1: {} },
    hosts: {
      a: { nics: { eth0: '10.0.0.1/24' } },
      b: { nics: { eth0: '10.0.0.2/24' } },
    },
    cables: [
      ['a:eth0', 'sw1:1'],
      ['b:eth0', 'sw1:2'],
    ],
  },
  traffic: { pings: { ping: '10.0.0.2', from: 'a', every: '100ms' } },
  steps: [
    {
      at: '1s',
      do: { 'address-add': { host: 'b', nic: 'eth0', address: '10.0.0.9/32' } },
      expect: [{ within: '1s', vip: '10.0.0.9', owner: 'b' }],
    },
  ],
};

describe('a scenario as a value', () => {
  test('runs, and tells what came of it', () => {
    const result = scenario(DOCUMENT).run({ seed: 7 });
    expect(result).toMatchObject({ verdict: 'pass', seed: 7, name: 'an address appears' });
    expect(result.expectations[0]).toMatchObject({ verdict: 'pass' });
    expect(result.traffic[0]).toMatchObject({ name: 'pings', lost: 0 });
    expect(scenario(DOCUMENT).run({ seed: 7 }).traceHash).toBe(result.traceHash);
    expect(result.report).toContain('✓ an address appears');
  });
  test('verify throws the report of what did not hold', () => {
    const wrong: ScenarioDocument = {
      ...DOCUMENT,
      steps: [{ at: '1s', expect: [{ within: '1s', vip: '10.0.0.9', owner: 'b' }] }],
    };
    const seen = () => scenario(wrong).verify();
    expect(seen).toThrow(ScenarioError);
    expect(seen).toThrow(/10\.0\.0\.9 is held by b[\s\S]*got: +held by nobody/);
    expect(scenario(DOCUMENT).verify().verdict).toBe('pass');
  });
  test('what the compiler cannot see is told like in a file', () => {
    const lost: ScenarioDocument = {
      ...DOCUMENT,
      traffic: { pings: { from: 'c', ping: '10.0.0.2' } },
    };
    expect(() => scenario(lost).run()).toThrow(/'c'.*\[scenario:/);
  });
  test('files can be given with it', () => {
    const conf = `vrrp_instance V {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.9\n }\n}\n`;
    const document: ScenarioDocument = {
      ...DOCUMENT,
      lan: {
        ...DOCUMENT.lan,
        hosts: {
          ...DOCUMENT.lan.hosts,
          b: { nics: { eth0: '10.0.0.2/24' }, keepalived: './b.conf' },
        },
      },
      steps: [{ at: '0s', expect: [{ within: '6s', vip: '10.0.0.9', owner: 'b' }] }],
    };
    expect(scenario(document, { files: { './b.conf': conf } }).run().verdict).toBe('pass');
    expect(() => scenario(document).run()).toThrow(/b\.conf/);
  });
  test('a wrong duration or key does not compile', () => {
    // @ts-expect-error a duration has a unit
    const bare: ScenarioDocument = { ...DOCUMENT, until: '10' };
    // @ts-expect-error there is no such action
    const action: ScenarioDocument = { ...DOCUMENT, steps: [{ at: '1s', do: { pull: 'a' } }] };
    expect(() => scenario(bare).run()).toThrow(/10/);
    expect(() => scenario(action).run()).toThrow(/pull/);
  });
});

describe('places of a program', () => {
  const source = `import { scenario } from 'lantwin';
// A comment with vip: '10.0.0.9', owner: 'b' in it.
const ms = 100;
export default scenario({
  lan: { switches: { sw1: {} }, hosts: { a: { nics: { eth0: '10.0.0.1/24' } } }, cables: [] },
  steps: [
    { at: '1s', expect: [{ within: '1s', vip: '10.0.0.9', owner: 'a' }] },
    { at: '2s', expect: [{ within: '1s', vip: '10.0.0.9', owner: 'a' }] },
    ...loop,
  ],
});
`;
  const load = (document: ScenarioDocument) =>
    loadTypedScenario({ file: 'x.twin.ts', source, document, readFile: () => undefined });
  const item = { within: '1s', vip: '10.0.0.9', owner: 'a' } as const;
  const document: ScenarioDocument = {
    lan: { switches: { sw1: {} }, hosts: { a: { nics: { eth0: '10.0.0.1/24' } } }, cables: [] },
    steps: [
      { at: '1s', expect: [item] },
      { at: '2s', expect: [item] },
      { at: '3s', expect: [{ ...item, owner: 'nobody' }] },
    ],
  };

  test('are those of the same words; what no line says is where the call is', () => {
    const loaded = load(document).scenario;
    expect(loaded?.steps.map((step) => step.expect[0]?.place.line)).toEqual([7, 8, 4]);
    expect(loaded?.text).toBe(source);
    expect(loaded?.rendered).toContain('within: 1s');
  });
  test('of problems too', () => {
    const cables = [['a:eth0', 'sw9:1']] as const;
    const { problems } = load({ ...document, lan: { ...document.lan, cables } });
    expect(problems[0]).toMatchObject({ file: 'x.twin.ts', line: 4 });
  });
});

describe('the hooks of the module loader', () => {
  const never = () => Promise.reject(new Error('not asked'));

  test('find the package itself where nothing is installed, and leave other names alone', async () => {
    expect((await resolve('lantwin', {}, never)).url).toMatch(/sim\/cli\/door\.js$/);
    await expect(resolve('other', {}, never)).rejects.toThrow('not asked');
    const installed = { url: 'file:///x/node_modules/lantwin/door.js' };
    expect(await resolve('lantwin', {}, () => Promise.resolve(installed))).toBe(installed);
  });
  test('read TypeScript on a Node that does not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lantwin-hooks-'));
    try {
      const file = join(folder, 'x.twin.ts');
      writeFileSync(file, 'export const at: string = "1s";\n');
      const plain = { format: 'module-typescript' };
      const loaded = await loadModule(`${pathToFileURL(file).href}?changed=1`, {}, () =>
        Promise.resolve(plain),
      );
      // Newer Nodes do it themselves; the others get JavaScript.
      if (loaded !== plain) expect(loaded.source).toMatch(/^export const at = "1s";/);
      expect(await loadModule('file:///x.js', {}, () => Promise.resolve(plain))).toBe(plain);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('the browser-safe door reads and runs a scenario without any file', () => {
  const text = JSON.stringify(DOCUMENT);
  const bytes = new TextEncoder().encode(text);
  const { scenario: read } = loadScenario({ file: 'x', bytes, readFile: () => undefined });
  if (read === undefined) throw new Error('it is refused');
  expect(runScenario(read).traceHash).toBe(scenario(DOCUMENT).run().traceHash);
});
