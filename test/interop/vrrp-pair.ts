/** Two routers and a client on one real LAN: configurations, pings, captures, and what tshark says of them. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab, type Running, until } from './lab.ts';

/** The address that both routers want. */
export const VIP = '10.77.0.100';
/** The same for IPv6 instances. */
export const VIP6 = 'fd77::100';

/** What differs between the instances of a test. */
export interface InstanceOptions {
  readonly priority: number;
  readonly password?: string;
  readonly authType?: 'PASS' | 'AH';
  readonly version?: 2 | 3;
  readonly advertInterval?: string;
  readonly unicast?: { readonly own: string; readonly peer: string };
  readonly ipv6?: boolean;
  readonly extra?: string;
}

/** A keepalived.conf with one instance, as people write it. */
export function instanceConfiguration(options: InstanceOptions): string {
  const lines = [
    'global_defs {',
    ...(options.version === 3 ? ['    vrrp_version 3'] : []),
    '}',
    'vrrp_instance VI_1 {',
    '    state BACKUP',
    '    interface eth0',
    '    virtual_router_id 51',
    `    priority ${options.priority}`,
    `    advert_int ${options.advertInterval ?? '1'}`,
  ];
  if (options.password !== undefined) {
    const type = `auth_type ${options.authType ?? 'PASS'}`;
    lines.push(
      '    authentication {',
      `        ${type}`,
      `        auth_pass ${options.password}`,
      '    }',
    );
  }
  if (options.unicast !== undefined) {
    lines.push(`    unicast_src_ip ${options.unicast.own}`);
    lines.push('    unicast_peer {', `        ${options.unicast.peer}`, '    }');
  }
  if (options.extra !== undefined) lines.push(options.extra);
  const address = options.ipv6 === true ? ['fe80::100/64', `${VIP6}/64`] : [`${VIP}/24`];
  lines.push(
    '    virtual_ipaddress {',
    ...address.map((one) => `        ${one}`),
    '    }',
    '}',
    '',
  );
  return lines.join('\n');
}

/** A router of a twin in the place of ours. */
export interface VirtualRouter {
  readonly mac: string;
  holds(): boolean;
}

/** A lab with two routers and a client that pings the VIP ten times a second. */
export class VrrpPair {
  readonly lab = new Lab();
  readonly #address: string;
  readonly #virtual: VirtualRouter | undefined;
  #capture: { readonly path: string; readonly process: Running } | undefined;

  /** With `virtual`, ours is no host of the lab but a router of a twin that is joined to its bridge. */
  constructor(family: 'inet' | 'inet6' = 'inet', virtual?: VirtualRouter) {
    this.#address = family === 'inet' ? VIP : VIP6;
    this.#virtual = virtual;
    if (virtual === undefined) {
      this.lab.addHost('ours', '10.77.0.1/24', 'fe80::1/64', 'fd77::1/64');
    }
    this.lab.addHost('theirs', '10.77.0.2/24', 'fe80::2/64', 'fd77::2/64');
    this.lab.addHost('client', '10.77.0.50/24', 'fe80::50/64', 'fd77::50/64');
  }

  /** Whether a router holds the VIP. */
  holds(host: 'ours' | 'theirs'): boolean {
    if (host === 'ours' && this.#virtual !== undefined) return this.#virtual.holds();
    return this.lab.holds(host, this.#address);
  }

  /** Waits until one router alone holds the VIP; returns how long that took. */
  async untilOwner(
    owner: 'ours' | 'theirs',
    options: { readonly withinMs: number; readonly logs: readonly Running[] },
  ): Promise<number> {
    const other = owner === 'ours' ? 'theirs' : 'ours';
    return until(`${owner} alone holds the VIP`, () => this.holds(owner) && !this.holds(other), {
      withinMs: options.withinMs,
      explain: () => this.explain(options.logs),
    });
  }

  /** The MAC that the client believes the VIP to have. */
  neighbourOfClient(): string {
    const text = this.lab.exec('client', ['ip', 'neigh', 'show', this.#address, 'dev', 'eth0']);
    return /lladdr (\S+)/.exec(text)?.[1] ?? text;
  }

  /** Waits until the client's neighbour entry names a router. */
  async untilClientSees(host: 'ours' | 'theirs', logs: readonly Running[]): Promise<void> {
    const isVirtual = host === 'ours' && this.#virtual !== undefined;
    const mac = isVirtual ? this.#virtual?.mac : this.lab.macOf(host);
    await until(`the client's entry is ${host}`, () => this.neighbourOfClient() === mac, {
      withinMs: 8000,
      explain: () => `${this.neighbourOfClient()}\n${this.explain(logs)}`,
    });
  }

  /** Starts a ping; `stop` returns the longest time without an answer, in ms, and how many came. */
  startPing(): { stop(): Promise<{ readonly longestGapMs: number; readonly answers: number }> } {
    const ping = this.lab.start('client', ['ping', '-D', '-n', '-i', '0.1', this.#address]);
    return {
      stop: async () => {
        ping.signal('SIGINT');
        await ping.ended;
        const times = [...ping.output().matchAll(/\[(\d+\.\d+)\] \d+ bytes from/g)];
        const ms = times.map((match) => Number(match[1]) * 1000);
        const gaps = ms.slice(1).map((at, index) => at - (ms[index] as number));
        return { longestGapMs: Math.max(0, ...gaps), answers: ms.length };
      },
    };
  }

  /** Records everything that passes the client's port of the bridge. */
  async startCapture(): Promise<void> {
    const path = join(this.lab.folder, 'lan.pcap');
    const words = ['tcpdump', '-i', 'br0', '-U', '-w', path, '-Z', 'root'];
    const process = this.lab.start('sw', words);
    this.#capture = { path, process };
    await until('tcpdump listens', () => process.output().includes('listening on'), {
      withinMs: 10_000,
      explain: () => process.output(),
    });
  }

  /** Ends the recording. */
  async stopCapture(): Promise<void> {
    if (this.#capture === undefined) return;
    await sleep(200);
    this.#capture.process.signal('SIGINT');
    await this.#capture.process.ended;
  }

  /** What tshark finds in the recording for a display filter, one line a packet. */
  tshark(filter: string, ...fields: readonly string[]): string[] {
    const checks = ['ip', 'vrrp', 'udp', 'tcp'].filter((name) => name !== 'vrrp');
    const words = ['-r', this.#capture?.path ?? '', '-Y', filter];
    for (const name of checks) words.push('-o', `${name}.check_checksum:TRUE`);
    if (fields.length > 0) words.push('-T', 'fields', ...fields.flatMap((field) => ['-e', field]));
    const run = spawnSync('tshark', words, { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`tshark: ${run.stderr}`);
    return run.stdout.split('\n').filter((line) => line !== '');
  }

  /** Logs of the routers and who holds what, for failures. */
  explain(logs: readonly Running[]): string {
    const hosts = this.#virtual === undefined ? ['ours', 'theirs'] : ['theirs'];
    const addresses = hosts.map(
      (host) => `${host}: ${this.lab.exec(host, ['ip', '-br', 'address', 'show', 'dev', 'eth0'])}`,
    );
    return [...addresses, ...logs.map((running) => `---\n${running.output()}`)].join('\n');
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}
