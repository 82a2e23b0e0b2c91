/**
 * `npm run bench -- --only TAP`: a virtual switch between two TAPs beside vde_switch, turn and turn about on one machine:
 * ping at 1 ms, flood ping, 64-byte UDP as fast as it goes and at 20,000 a second, TCP. Needs root, vde2 and iperf3;
 * everything happens in namespaces that are made and removed here.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one round over one switch came to. */
interface TapResult {
  readonly pingUs: number;
  readonly floodUs: number;
  readonly packetsPerSecond: number;
  readonly lossAt20k: number;
  readonly tcpMbit: number;
}

const KINDS = ['vde_switch', 'lantwin'] as const;
type Kind = (typeof KINDS)[number];

/** Round trips at most that many times vde_switch's; packets at least as many. */
const PING_TARGET = 1.5;

/** Runs all rounds; exit code 1 when a target is missed, 4 when something is missing. */
export async function tapBench(options: {
  readonly rounds: number;
  readonly seconds: number;
}): Promise<number> {
  const missing = missingPiece();
  if (missing !== undefined) {
    console.error(`TAP is not measured: ${missing}`);
    return 4;
  }
  const results = new Map<Kind, TapResult[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < options.rounds; round++) {
    // The load of other programs changes; turns about, each kind is first once in a while.
    const order = round % 2 === 0 ? KINDS : [...KINDS].reverse();
    for (const kind of order) {
      const result = await measure(kind, options.seconds);
      results.get(kind)?.push(result);
      console.error(`${kind} ${JSON.stringify(result)}`);
    }
  }
  return report(results);
}

function missingPiece(): string | undefined {
  if (process.getuid?.() !== 0) return 'root is needed';
  for (const program of ['vde_switch', 'iperf3', 'ping']) {
    if (spawnSync('which', [program]).status !== 0) return `${program} is not installed`;
  }
  return undefined;
}

function report(results: ReadonlyMap<Kind, readonly TapResult[]>): number {
  const median = (kind: Kind, key: keyof TapResult): number => {
    const values = (results.get(kind) ?? []).map((one) => one[key]).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? 0;
  };
  const rows: readonly (readonly [name: string, key: keyof TapResult, digits: number])[] = [
    ['ping every 1 ms, µs', 'pingUs', 0],
    ['flood ping, µs', 'floodUs', 0],
    ['64-byte packets/s', 'packetsPerSecond', 0],
    ['lost at 20,000/s, %', 'lossAt20k', 2],
    ['TCP, Mbit/s', 'tcpMbit', 0],
  ];
  console.log('| medians | vde_switch | lantwin | lantwin / vde_switch |\n|---|---|---|---|');
  for (const [name, key, digits] of rows) {
    const [peer, own] = [median('vde_switch', key), median('lantwin', key)];
    const ratio = peer === 0 ? '' : (own / peer).toFixed(2);
    console.log(`| ${name} | ${peer.toFixed(digits)} | ${own.toFixed(digits)} | ${ratio} |`);
  }
  const isFast = median('lantwin', 'packetsPerSecond') >= median('vde_switch', 'packetsPerSecond');
  const isQuick = median('lantwin', 'pingUs') <= PING_TARGET * median('vde_switch', 'pingUs');
  const isWhole = median('lantwin', 'lossAt20k') <= median('vde_switch', 'lossAt20k');
  return isFast && isQuick && isWhole ? 0 : 1;
}

async function measure(kind: Kind, seconds: number): Promise<TapResult> {
  const prefix = `bt${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-tap-'));
  const children: ChildProcess[] = [];
  const space = (name: string) => `${prefix}${name}`;
  const start = (name: string, words: readonly string[]): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', space(name), ...words], {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: folder,
    });
    children.push(child);
    return child;
  };
  const run = (name: string, ...words: string[]): string =>
    execFileSync('ip', ['netns', 'exec', space(name), ...words], { encoding: 'utf8' });
  try {
    for (const name of ['s', 'a', 'b']) execFileSync('ip', ['netns', 'add', space(name)]);
    startSwitch(kind, folder, start);
    await untilTaps(() => run('s', 'ip', '-o', 'link', 'show'));
    for (const [name, address] of [
      ['a', '10.9.0.1/24'],
      ['b', '10.9.0.2/24'],
    ] as const) {
      execFileSync('ip', ['-n', space('s'), 'link', 'set', `pt${name}`, 'netns', space(name)]);
      run(name, 'ip', 'address', 'add', address, 'dev', `pt${name}`);
      run(name, 'ip', 'link', 'set', `pt${name}`, 'up');
    }
    await sleep(1000);
    run('a', 'ping', '-q', '-c', '3', '-i', '0.2', '10.9.0.2');
    const pingUs = averageOf(run('a', 'ping', '-q', '-c', '2000', '-i', '0.001', '10.9.0.2'));
    const floodUs = averageOf(run('a', 'ping', '-q', '-f', '-c', '10000', '10.9.0.2'));
    start('b', ['iperf3', '-s']);
    await sleep(700);
    const iperf = (...words: string[]) =>
      JSON.parse(run('a', 'iperf3', '-J', '-t', String(seconds), '-c', '10.9.0.2', ...words)).end;
    const most = iperf('-u', '-b', '0', '-l', '64').sum;
    const steady = iperf('-u', '-b', '10240000', '-l', '64').sum;
    const tcp = iperf().sum_received;
    return {
      pingUs,
      floodUs,
      packetsPerSecond: Math.round((most.packets - most.lost_packets) / most.seconds),
      lossAt20k: steady.lost_percent,
      tcpMbit: tcp.bits_per_second / 1e6,
    };
  } finally {
    for (const child of children) child.kill('SIGTERM');
    stopVde(folder);
    await sleep(300);
    for (const name of ['s', 'a', 'b']) spawnSync('ip', ['netns', 'del', space(name)]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function startSwitch(
  kind: Kind,
  folder: string,
  start: (name: string, words: readonly string[]) => ChildProcess,
): void {
  if (kind === 'vde_switch') {
    const paths = ['-s', join(folder, 'ctl'), '-p', join(folder, 'pid')];
    start('s', ['vde_switch', '-d', ...paths, '-tap', 'pta', '-tap', 'ptb']);
    return;
  }
  const file = join(folder, 'switch.twin.yml');
  writeFileSync(file, 'name: a switch\nlan: { switches: { sw1: {} }, hosts: {} }\n');
  const entry = join(process.env['LANTWIN_ROOT'] ?? process.cwd(), 'bin', 'lantwin.js');
  const taps = ['--tap', 'sw1:1=pta', '--tap', 'sw1:2=ptb'];
  start('s', [process.execPath, entry, 'bridge', file, ...taps]);
}

function stopVde(folder: string): void {
  try {
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM');
  } catch {
    // It was the other switch's turn.
  }
}

async function untilTaps(links: () => string): Promise<void> {
  for (let wait = 0; wait < 100; wait++) {
    const text = links();
    if (text.includes(' pta:') && text.includes(' ptb:')) return sleep(300);
    await sleep(200);
  }
  throw new Error('the switch did not make its TAPs');
}

/** Of `rtt min/avg/max/mdev = 0.014/0.036/…`, µs. */
function averageOf(ping: string): number {
  return Number(/= [\d.]+\/([\d.]+)\//.exec(ping)?.[1] ?? Number.NaN) * 1000;
}
