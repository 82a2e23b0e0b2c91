/**
 * A small real LAN: network namespaces joined by veth pairs to a Linux bridge, which lives in a namespace of its
 * own. Names carry the process id; everything is removed at the end, also after a crash of the test.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPOSITORY } from './requirements.ts';

let labs = 0;

/** A process in a namespace. */
export interface Running {
  readonly pid: number;
  /** Everything it has written so far, stdout and stderr. */
  output(): string;
  /** Writes to its stdin. */
  input(text: string): void;
  /** Sends a signal; `undefined` when it has ended. */
  signal(name: NodeJS.Signals): void;
  /** Ends when the process has: its exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
}

/** One LAN of namespaces; `close` in a `finally`. */
export class Lab {
  readonly folder: string;
  readonly #prefix: string;
  readonly #nodes = new Set<string>();
  readonly #processes = new Set<ChildProcess>();
  #started = 0;
  readonly #onExit = (): void => this.#clearNow();

  constructor() {
    if (labs === 0) removeStaleNamespaces();
    labs++;
    this.#prefix = `lt${process.pid}x${labs}`;
    this.folder = mkdtempSync(join(tmpdir(), 'lantwin-interop-'));
    process.once('exit', this.#onExit);
    this.#addNamespace('sw');
    this.exec('sw', ['ip', 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0']);
    this.exec('sw', ['ip', 'link', 'set', 'br0', 'up']);
  }

  /** Adds a host with `eth0` on the bridge. */
  addHost(name: string, ...addresses: readonly string[]): void {
    this.#addNamespace(name);
    const port = `to-${name}`;
    const peer = ['peer', 'name', 'eth0', 'netns', this.namespaceOf(name)];
    this.exec('sw', ['ip', 'link', 'add', port, 'type', 'veth', ...peer]);
    this.exec('sw', ['ip', 'link', 'set', port, 'master', 'br0', 'up']);
    this.exec(name, ['ip', 'link', 'set', 'eth0', 'up']);
    for (const address of addresses) {
      const flags = address.includes(':') ? ['nodad'] : [];
      this.exec(name, ['ip', 'address', 'add', address, 'dev', 'eth0', ...flags]);
    }
  }

  /** The name under which `ip netns` knows a host. */
  namespaceOf(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  /** Runs a program to its end and returns what it printed; throws when it fails. */
  exec(host: string, words: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.namespaceOf(host), ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Starts a program. */
  start(host: string, words: readonly string[]): Running {
    // Into a file, not a pipe: what the program has said is there at once, however busy this process is.
    const log = join(this.folder, `output-${++this.#started}.txt`);
    const descriptor = openSync(log, 'a');
    // `ip netns exec` becomes the program itself, so the process id is the program's.
    const child = spawn('ip', ['netns', 'exec', this.namespaceOf(host), ...words], {
      stdio: ['pipe', descriptor, descriptor],
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC', HOME: this.folder },
    });
    closeSync(descriptor);
    let text = '';
    // The folder goes with the laboratory; what was said last stays.
    const read = (): string => {
      if (existsSync(log)) text = readFileSync(log, 'utf8');
      return text;
    };
    child.stdin?.on('error', () => {});
    this.#processes.add(child);
    const ended = new Promise<number | string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => {
        this.#processes.delete(child);
        read();
        resolve(code ?? signal ?? 'unknown');
      });
    });
    return {
      pid: child.pid ?? -1,
      output: read,
      input: (line) => child.stdin?.write(line),
      signal: (name) => {
        child.kill(name);
      },
      ended,
    };
  }

  /** Writes a file into the lab's folder and returns its path. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Our daemon on a host. */
  startLantwin(host: string, configuration: string, ...flags: readonly string[]): Running {
    const path = this.file(`${host}.conf`, configuration);
    const entry =
      process.env['LANTWIN_INTEROP_ENTRY'] ??
      join(REPOSITORY, 'test', 'interop', 'probes', 'daemon-entry.mjs');
    const own = ['-n', '-l', '-D', '-P', '-G', '-f', path, '-p', join(this.folder, `${host}.pid`)];
    return this.start(host, [process.execPath, entry, ...own, ...flags]);
  }

  /** Debian's keepalived on a host. */
  startKeepalived(host: string, configuration: string): Running {
    const path = this.file(`${host}.conf`, configuration);
    const pid = join(this.folder, `${host}.pid`);
    const flags = ['-n', '-l', '-D', '-P', '-G', '-f', path, '-p', pid, '-r', `${pid}.vrrp`];
    return this.start(host, ['keepalived', ...flags]);
  }

  /**
   * SIGKILL for both of keepalived's processes, so that nothing is withdrawn. The parent is frozen first: it
   * would start a new child, and its own death is a SIGTERM for the child.
   */
  async killKeepalived(keepalived: Running): Promise<void> {
    keepalived.signal('SIGSTOP');
    const children = spawnSync('pgrep', ['-P', String(keepalived.pid)], { encoding: 'utf8' });
    for (const pid of children.stdout.split('\n').filter((line) => line !== '')) {
      process.kill(Number(pid), 'SIGKILL');
    }
    keepalived.signal('SIGKILL');
    await keepalived.ended;
  }

  /** Whether a host holds an IPv4 or IPv6 address. */
  holds(host: string, address: string): boolean {
    const lines = this.exec(host, ['ip', '-o', 'address', 'show']);
    return lines.includes(` ${address}/`);
  }

  /** The MAC of a host's eth0. */
  macOf(host: string): string {
    return this.exec(host, ['cat', '/sys/class/net/eth0/address']).trim();
  }

  /** Ends all processes and removes all namespaces. */
  async close(): Promise<void> {
    process.removeListener('exit', this.#onExit);
    this.#clearNow();
    // The last events of killed children; nothing depends on them.
    await sleep(20);
  }

  #addNamespace(name: string): void {
    execFileSync('ip', ['netns', 'add', this.namespaceOf(name)]);
    this.#nodes.add(name);
    this.exec(name, ['ip', 'link', 'set', 'lo', 'up']);
  }

  #clearNow(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
    for (const name of this.#nodes) removeNamespace(this.namespaceOf(name));
    this.#nodes.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Removes what a test run left that was killed before it could tidy up. */
function removeStaleNamespaces(): void {
  const list = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? '';
  for (const [name, pid] of list.matchAll(/^lt(\d+)x\d+-\S+/gm)) {
    if (!existsSync(`/proc/${pid}`)) removeNamespace(name);
  }
}

/** Ends what runs in a namespace of ours, and removes it. */
function removeNamespace(namespace: string): void {
  const left = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  for (const pid of (left.stdout ?? '').split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  spawnSync('ip', ['netns', 'del', namespace]);
}

/** Waits until `holds` says true; fails with the claim and what `explain` adds when it does not in time. */
export async function until(
  claim: string,
  holds: () => boolean,
  options: { readonly withinMs: number; readonly explain?: () => string },
): Promise<number> {
  const begin = performance.now();
  while (!holds()) {
    if (performance.now() - begin > options.withinMs) {
      throw new Error(`not within ${options.withinMs} ms: ${claim}\n${options.explain?.() ?? ''}`);
    }
    await sleep(25);
  }
  return performance.now() - begin;
}

/** Waits until a process has printed something; its output comes through a pipe, a moment later. */
export async function says(running: Running, what: string | RegExp): Promise<void> {
  const said = (): boolean =>
    typeof what === 'string' ? running.output().includes(what) : what.test(running.output());
  await until(`it says ${what}`, said, { withinMs: 5000, explain: () => running.output() });
}
