import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBareConfig } from '../../../sim/cli/bare-configs.ts';
import { graphCommand, initCommand } from '../../../sim/cli/command-init.ts';
import { diffCommand, matrixCommand } from '../../../sim/cli/command-matrix.ts';
import { runCommand } from '../../../sim/cli/command-run.ts';
import { sweepCommand } from '../../../sim/cli/command-sweep.ts';
import { EnvironmentError } from '../../../sim/cli/exit-codes.ts';
import { sink } from './output-sink.ts';

const seeds = fileURLToPath(new URL('../../../scenarios/seeds/', import.meta.url));
const three = ['srv-1', 'srv-2', 'srv-3'].map((name) => join(seeds, `three-servers/${name}.conf`));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-bare-'));
  for (const set of ['old', 'new']) {
    for (const name of ['srv-1', 'srv-2', 'srv-3']) {
      cpSync(join(seeds, `three-servers/${name}.conf`), join(folder, set, `${name}.conf`));
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly fault: string;
  readonly clientWithoutSeconds: number | null;
  readonly heldByTwoSeconds: number;
  readonly holders: readonly { readonly fromSeconds: number; readonly hosts: readonly string[] }[];
}

function matrix(paths: readonly string[], seed = '1') {
  const { got, output } = sink();
  const code = matrixCommand(paths, { json: true, seed }, output);
  const rows: readonly Row[] = JSON.parse(got.out).matrices[0].rows;
  return { code, rows, row: (fault: string) => rows.find((one) => one.fault === fault) };
}

describe('the matrix of faults over configurations alone', () => {
  test('tells for ten faults who held the address, and what the client saw', () => {
    const { code, rows, row } = matrix(three);
    expect(code).toBe(0);
    expect(rows).toHaveLength(10);
    // 3 s and (256 - 100) / 256 s after the last advert: 2.6 to 3.61 s after the fault, plus a ping.
    for (const fault of ['power', 'cable-unplugged', 'silently-dead', 'dead-out']) {
      expect(row(fault)?.clientWithoutSeconds, fault).toBeGreaterThan(2.6);
      expect(row(fault)?.clientWithoutSeconds, fault).toBeLessThan(3.65);
    }
    expect(
      row('power')
        ?.holders.slice(0, 2)
        .map((one) => one.hosts),
    ).toEqual([[], ['srv-2']]);
    expect(row('power')?.holders.at(-1)?.hosts).toEqual(['srv-1']);
    expect(row('reload')).toMatchObject({ clientWithoutSeconds: 0, heldByTwoSeconds: 0 });
  });
  test('a killed keepalived leaves its address behind: two hold it, the client notices nothing', () => {
    const { row } = matrix(three);
    expect(row('sigkill')?.clientWithoutSeconds).toBe(0);
    expect(row('sigkill')?.heldByTwoSeconds).toBeGreaterThan(5);
    expect(row('silently-dead')?.heldByTwoSeconds).toBeGreaterThan(5);
  });
  test('the same seed gives the same table, another one another phase', () => {
    expect(matrix(three).rows).toEqual(matrix(three).rows);
    expect(matrix(three, '2').rows).not.toEqual(matrix(three).rows);
  });
  test('unicast peers get the addresses that the files give each other', () => {
    const files = ['a-unicast.conf', 'b-unicast.conf'].map((name) =>
      join(seeds, '../partition', name),
    );
    const { row } = matrix(files);
    expect(row('power')?.holders.map((one) => one.hosts)).toContainEqual(['b-unicast']);
    expect(row('reload')?.heldByTwoSeconds).toBe(0);
  });
  test('a virtual server gets its real servers', () => {
    const { got, output } = sink();
    graphCommand([join(seeds, 'five-directors/u109lb10.conf')], { format: 'json' }, output);
    const names = JSON.parse(got.out).nodes.map((node: { name: string }) => node.name);
    expect(names).toEqual(['sw1', 'u109lb10', 'client', 'web-1', 'web-2']);
  });
  test('a folder of configurations is one set, a folder with scenarios is none', () => {
    expect(isBareConfig(join(folder, 'old'))).toBe(true);
    expect(isBareConfig(join(seeds, 'three-servers'))).toBe(false);
  });
});

describe('init', () => {
  test('writes a scenario that runs and passes', () => {
    const { got, output } = sink();
    expect(initCommand([join(folder, 'old')], {}, output)).toBe(0);
    const file = join(folder, 'old/lan.twin.yml');
    expect(got.out).toContain(file);
    expect(runCommand([file], {}, { output, version: '1' })).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^# yaml-language-server: \$schema=/);
    expect(() => initCommand([join(folder, 'old')], {}, output)).toThrow(EnvironmentError);
    rmSync(file);
  });
});

describe('graph', () => {
  test.each([
    ['mermaid', /^graph TD\n {2}n0\{\{"sw1"\}\}\n.*n0/s],
    ['dot', /^graph lan \{\n {2}"sw1" \[shape=hexagon.*"srv-1" -- "sw1"/s],
    ['svg', /^<svg .*<line .*<\/svg>\n$/s],
    ['json', /"from": "srv-1:eth1"/],
  ])('%s shows hosts, switch and cables', (format, form) => {
    const { got, output } = sink();
    expect(graphCommand(three, { format }, output)).toBe(0);
    expect(got.out).toMatch(form);
  });
});

describe('sweep and diff', () => {
  test('sweep names shortest and longest outage over all phases, and --phase repeats them', () => {
    const file = join(seeds, 'three-servers/power-off-and-on.twin.yml');
    const { got, output } = sink();
    sweepCommand([file], { phases: '4', json: true }, output);
    const { sweeps, interval } = JSON.parse(got.out);
    expect(interval).toBe(1);
    const { shortest, longest } = sweeps[0];
    // 3.609 s after the last advert, which lies up to 1 s before the fault; pings come every 100 ms.
    expect(longest.seconds).toBeGreaterThan(3.5);
    expect(longest.seconds).toBeLessThanOrEqual(3.8);
    expect(shortest.seconds).toBeGreaterThan(2.5);
    expect(shortest.seconds).toBeLessThanOrEqual(2.8);
    const again = sink();
    const phase = `${Math.round(longest.phase * 1e6)}us`;
    sweepCommand([file], { seed: String(longest.seed), phase, json: true }, again.output);
    expect(JSON.parse(again.got.out).sweeps[0].longest).toEqual(longest);
    const text = sink();
    sweepCommand(three, { faults: 'power', phase: '0s' }, text.output);
    expect(text.got.out).toMatch(/^all phases .*\n {2}power 192.168.0.200 {2}out for 3\.\d+ s/);
    expect(text.got.out).toContain('--seed 1 --phase 0us');
    expect(() => sweepCommand(three, { faults: 'nonsense' }, text.output)).toThrow(/expected some/);
  });
  test('diff says nothing of equal sets and tells what a longer interval costs', () => {
    const [old, fresh] = ['old', 'new'].map((name) => join(folder, name)) as [string, string];
    const same = sink();
    expect(diffCommand(old, fresh, { seed: '1' }, same.output)).toBe(0);
    expect(same.got.out).toBe('nothing changes for the client\n');
    for (const name of ['srv-1', 'srv-2', 'srv-3']) {
      const path = join(fresh, `${name}.conf`);
      writeFileSync(path, readFileSync(path, 'utf8').replace('advert_int 1', 'advert_int 3'));
    }
    const { got, output } = sink();
    expect(diffCommand(old, fresh, { seed: '1' }, output)).toBe(1);
    expect(got.out).toMatch(/^power 192.168.0.200: client without 3.\d+ s -> \d+.\d+ s$/m);
    expect(got.out).not.toMatch(/^reload/m);
  });
});
