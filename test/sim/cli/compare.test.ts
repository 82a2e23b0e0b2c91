/** `lantwin compare`: recordings of the real keepalived beside their scenarios, and beside wrong ones. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CompareCommandOptions, compareCommand } from '../../../sim/cli/command-compare.ts';
import { EnvironmentError, UsageError } from '../../../sim/cli/exit-codes.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { scenarioOfRecording, TRACES } from '../../reference/scenario-of-recording.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-compare-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Compares a recording with its scenario, after a change of the scenario or of a configuration. */
function compare(
  id: string,
  options: CompareCommandOptions = {},
  change: { readonly scenario?: (text: string) => string; readonly conf?: string } = {},
) {
  const place = join(
    folder,
    `${id}-${Math.abs(hash(JSON.stringify(options) + String(change.scenario) + change.conf))}`,
  );
  cpSync(join(TRACES, id), place, { recursive: true });
  const text = scenarioOfRecording(id);
  const file = join(place, 'lan.twin.yml');
  writeFileSync(file, change.scenario === undefined ? text : change.scenario(text));
  if (change.conf !== undefined) writeFileSync(join(place, 'n1.conf'), change.conf);
  const texts = { out: '', err: '' };
  const code = compareCommand({ file, capture: join(place, 'br0.pcap.gz') }, options, {
    out: (more) => {
      texts.out += more;
    },
    err: (more) => {
      texts.err += more;
    },
    style: PLAIN_STYLE,
  });
  return { code, ...texts };
}

function hash(text: string): number {
  let value = 0;
  for (const char of text) value = (Math.imul(value, 31) + char.charCodeAt(0)) | 0;
  return value;
}

describe('reality and twin agree', () => {
  test.each([['S01'], ['S02'], ['S03a'], ['S05'], ['S06a'], ['S06b']])('%s', (id) => {
    const { code, out, err } = compare(id);
    expect([code, err], out).toEqual([0, '']);
    expect(out).toMatch(/adverts: (\d+) in reality, \1 in the twin, \1 paired|let pass/);
    expect(out).toContain('reality and twin agree');
  });
});

describe('reality and twin part', () => {
  test('another priority takes over: who is where, and when', () => {
    const { code, out } = compare(
      'S02',
      {},
      { scenario: (text) => text.replace(/ {2}- \{ at: \d+us, do: \{ stop: n1 \} \}\n/, '') },
    );
    expect(code).toBe(1);
    expect(out).toMatch(
      /in reality only: advert of VRID 51 from 192\.168\.100\.12 \(VRRPv2, priority 100/,
    );
    expect(out).toMatch(/in the twin only: advert of VRID 51 from 192\.168\.100\.11/);
    expect(out).toMatch(/they part \d+ times, first at \d/);
  });

  test('a later step is a difference of time, within a tolerance none', () => {
    const later = (text: string) =>
      text.replace(
        /at: (\d+)us, do: \{ replug/,
        (_, at) => `at: ${Number(at) + 150_000}us, do: { replug`,
      );
    const strict = compare('S05', { tolerance: '100ms', missing: '0' }, { scenario: later });
    expect(strict.code, strict.out).toBe(1);
    const generous = compare('S05', { tolerance: '400ms', missing: '2' }, { scenario: later });
    expect(generous.code, generous.out).toBe(0);
  });

  test('who answers for the address is told by name', () => {
    const conf = (priority: number) => `vrrp_instance VI_1 {
      interface eth0
      virtual_router_id 51
      priority ${priority}
      authentication { auth_type PASS
        auth_pass secret12 }
      virtual_ipaddress { 192.168.100.100/24 }
    }\n`;
    const { code, out } = compare('S01', { begins: '10s', tolerance: '450ms' }, { conf: conf(50) });
    expect(code).toBe(1);
    expect(out).toMatch(
      /announcement of 192\.168\.100\.100: by 192\.168\.100\.11 in reality, by 192\.168\.100\.12 in the twin/,
    );
  });

  test('as JSON, every parting is there', () => {
    const { code, out } = compare(
      'S02',
      { json: true },
      { scenario: (text) => text.replace(/ {2}- \{ at: \d+us, do: \{ stop: n1 \} \}\n/, '') },
    );
    expect(code).toBe(1);
    const { partings, counts } = JSON.parse(out);
    expect(partings.length).toBeGreaterThan(5);
    expect(counts[0]).toMatchObject({ kind: 'adverts' });
  });
});

describe('what cannot be compared', () => {
  test('a capture without adverts that the twin knows', () => {
    const { code, err } = compare(
      'S01',
      {},
      {
        scenario: (text) =>
          text
            .replaceAll(/ {2}- \{ at: \d+us, do: \{ start: n\d \} \}\n/g, '')
            .replace('steps:\n', ''),
      },
    );
    expect(code).toBe(2);
    expect(err).toContain('no advert of the capture is like one of the twin: give --begins');
  });

  test('files that are not what they should be', () => {
    const output = { out: () => {}, err: () => {}, style: PLAIN_STYLE };
    const file = join(folder, 'x.twin.yml');
    writeFileSync(file, scenarioOfRecording('S01'));
    cpSync(join(TRACES, 'S01'), folder, { recursive: true });
    expect(compareCommand({ file, capture: file }, {}, output)).toBe(3);
    expect(compareCommand({ file: join(folder, 'none.yml'), capture: file }, {}, output)).toBe(3);
    expect(() => compareCommand({ file, capture: join(folder, 'none') }, {}, output)).toThrow(
      EnvironmentError,
    );
    for (const options of [
      { kinds: 'x' },
      { missing: 'x' },
      { tolerance: '5' },
      { tolerance: '0s' },
    ]) {
      expect(() => compareCommand({ file, capture: file }, options, output)).toThrow(UsageError);
    }
  });
});
