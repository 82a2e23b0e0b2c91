import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordingWriter } from '../../../sim/bridge/recording-writer.ts';
import { type UiCommandOptions, uiCommand } from '../../../sim/cli/command-ui.ts';
import { recordingOf, writeBridgedRun } from '../../../sim/cli/run-file.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { inputsOf, realAdverts, SECOND, twinScenario } from '../bridge/recorded-kit.ts';
import { join, type TestClient } from '../server/server-kit.ts';

const ROOT = joinPath(import.meta.dirname, '../../..');
const SRV_1 = 'scenarios/seeds/three-servers/srv-1.conf';
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** The command with its output, until `stop`. */
function startUi(file: string | undefined, options: UiCommandOptions) {
  let out = '';
  let err = '';
  let stop: () => void = () => {};
  const until = new Promise<void>((done) => {
    stop = done;
  });
  let printed: (url: string) => void = () => {};
  const url = new Promise<string>((done) => {
    printed = done;
  });
  const output = {
    out: (text: string) => {
      out += text;
      printed(out.split('\n')[0] ?? '');
    },
    err: (text: string) => {
      err += text;
    },
    style: PLAIN_STYLE,
  };
  const code = uiCommand(file, { open: false, ...options }, { output, version: '0', until });
  return { code, stop, url, text: () => ({ out, err }) };
}

/** Opens the printed URL as its page would. */
function follow(url: string): Promise<TestClient> {
  const { port, hash } = new URL(url);
  return join(Number(port), hash.replace('#token=', ''));
}

describe('lantwin ui', () => {
  it('prints one URL with its token, opens the file, keeps positions beside it', async () => {
    const outer = mkdtempSync(joinPath(tmpdir(), 'lantwin-ui-'));
    folders.push(outer);
    const folder = joinPath(outer, 'scenarios');
    cpSync(joinPath(ROOT, 'scenarios/seeds/three-servers'), folder, { recursive: true });
    const file = joinPath(folder, 'power-off-and-on.twin.yml');
    const ui = startUi(file, { port: '0' });
    const url = await ui.url;
    expect(url).toMatch(/^http:\/\/localhost:\d+\/#token=[\w-]{32}$/);
    const client = await follow(url);
    const { scenario } = client.heard.find((one) => one.type === 'welcome') ?? {};
    expect(scenario).toMatchObject({ id: 'power-off-and-on.twin.yml' });
    const done = client.hear('done');
    client.send({
      type: 'layout',
      positions: [
        { node: 'sw1', x: 10, y: 20 },
        { node: '../x', x: 1, y: 1 },
      ],
      id: 1,
    });
    await done;
    const sidecar = joinPath(folder, 'power-off-and-on.layout.json');
    expect(JSON.parse(readFileSync(sidecar, 'utf8'))).toEqual({ nodes: { sw1: { x: 10, y: 20 } } });
    const again = client.hear('welcome');
    client.send({ type: 'open', scenario: 'power-off-and-on.twin.yml' });
    const nodes = (await again).topology?.nodes ?? [];
    expect(nodes.find((node) => node.name === 'sw1')).toMatchObject({ x: 10, y: 20 });
    expect(readdirSync(outer)).toEqual(['scenarios']);
    ui.stop();
    expect(await ui.code).toBe(0);
  });

  it('offers the scenarios of a folder to choose from, by ids that are no paths of the disk', async () => {
    const ui = startUi(joinPath(ROOT, 'scenarios/seeds'), { port: '0', view: true });
    const client = await follow(await ui.url);
    const welcome = client.heard.find((one) => one.type === 'welcome');
    expect(welcome?.scenario).toBeUndefined();
    const ids = welcome?.scenarios.map((one) => one.id) ?? [];
    expect(ids).toContain('three-servers/power-off-and-on.twin.yml');
    expect(ids.filter((id) => id.startsWith('/') || id.includes('..'))).toEqual([]);
    expect(ui.text().out).toMatch(/to look only: http:/);
    ui.stop();
    expect(await ui.code).toBe(0);
  });

  it('is exit 3 for a file with errors and tells them', async () => {
    const ui = startUi(joinPath(ROOT, 'package.json'), { port: '0' });
    expect(await ui.code).toBe(3);
    expect(ui.text().err).toContain('error');
  });

  it('says so when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as { readonly port: number };
    const ui = startUi(joinPath(ROOT, 'scenarios/seeds'), { port: String(port) });
    await expect(ui.code).rejects.toThrow(/cannot listen/);
    other.close();
  });

  it('refuses a port that is none', async () => {
    const ui = startUi(joinPath(ROOT, 'scenarios/seeds'), { port: '99999' });
    await expect(ui.code).rejects.toThrow(/expected a port/);
  });

  it('shows a bridged run again, with what came from the real network', async () => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'lantwin-ui-'));
    folders.push(folder);
    const scenario = twinScenario();
    const path = joinPath(folder, 'x-bridged.run.json');
    const writer = new RecordingWriter({
      path: recordingOf(path),
      epochUs: scenario.lan.epochUs,
      application: 'test',
      ports: ['tap0'],
    });
    const inputs = inputsOf(realAdverts(12), [
      { at: 2 * SECOND, name: 'unplug', args: 'srv-1:eth1' },
    ]);
    for (const input of inputs) writer.add(input);
    writer.close();
    const files = new Map([['srv-1.conf', readFileSync(joinPath(ROOT, SRV_1))]]);
    const outside = [{ name: 'tap0', port: 'sw1:8' }];
    writeBridgedRun(path, { scenario, files, outside, version: '0' });
    const ui = startUi(path, { port: '0' });
    const client = await follow(await ui.url);
    const real = client.hear('nodes', ({ outside: heard }) => heard?.[0]?.masters.length === 1);
    client.send({ type: 'seek', at: 10 * SECOND });
    expect((await real).outside).toMatchObject([
      { name: 'tap0', masters: [{ address: '192.168.0.104', vrid: 88 }] },
    ]);
    ui.stop();
    expect(await ui.code).toBe(0);
  });

  it('refuses a file that is no run file, and a run without its recording', async () => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'lantwin-ui-'));
    folders.push(folder);
    const path = joinPath(folder, 'x.run.json');
    writeFileSync(path, '{}');
    const bad = startUi(path, { port: '0' });
    expect([await bad.code, bad.text().err]).toEqual([3, expect.stringContaining('no run file')]);
    const outside = [{ name: 'tap0', port: 'sw1:8' }];
    const files = new Map([['srv-1.conf', readFileSync(joinPath(ROOT, SRV_1))]]);
    writeBridgedRun(path, { scenario: twinScenario(), files, outside, version: '0' });
    const lone = startUi(path, { port: '0' });
    expect([await lone.code, lone.text().err]).toEqual([
      3,
      expect.stringContaining('the recording beside the run file cannot be read'),
    ]);
  });
});
