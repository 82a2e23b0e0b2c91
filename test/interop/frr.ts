/** FRR's vrrpd (VRRPv3) on a host of the lab: a peer that shares no code with keepalived. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, type Running, until } from './lab.ts';

const FOLDER = '/usr/lib/frr';

/** One virtual router of FRR. */
export class FrrRouter {
  readonly #lab: Lab;
  readonly #host: string;
  readonly #sockets: string;
  readonly #daemons: Running[] = [];

  /** Makes what FRR wants to find: a macvlan with the virtual MAC that holds the VIP. */
  constructor(lab: Lab, host: string, options: { readonly vrid: number; readonly vip: string }) {
    this.#lab = lab;
    this.#host = host;
    this.#sockets = join(lab.folder, `frr-${host}`);
    mkdirSync(this.#sockets);
    // Its daemons want to be a user of the group that may talk to them.
    execFileSync('chown', ['frr:frr', this.#sockets]);
    chmodSync(lab.folder, 0o755);
    const mac = `00:00:5e:00:01:${options.vrid.toString(16).padStart(2, '0')}`;
    const link = ['link', 'add', 'vrrp4', 'link', 'eth0', 'address', mac, 'type', 'macvlan'];
    lab.exec(host, ['ip', ...link, 'mode', 'bridge']);
    lab.exec(host, ['ip', 'address', 'add', `${options.vip}/32`, 'dev', 'vrrp4']);
    lab.exec(host, ['ip', 'link', 'set', 'vrrp4', 'up']);
  }

  /** Starts zebra and vrrpd. */
  async start(configuration: string): Promise<void> {
    const conf = this.#lab.file(`${this.#host}.frr.conf`, configuration);
    for (const name of ['zebra', 'vrrpd']) {
      const paths = ['-z', `${this.#sockets}/zserv.api`, '--vty_socket', this.#sockets];
      const own = ['-f', conf, '-i', `${this.#sockets}/${name}.pid`, '-u', 'frr', '-g', 'frr'];
      const words = [join(FOLDER, name), ...paths, ...own, '-A', '127.0.0.1', '--log', 'stdout'];
      this.#daemons.push(this.#lab.start(this.#host, words));
      await until(`${name} answers`, () => this.#show(name, 'show version') !== undefined, {
        withinMs: 20_000,
        explain: () => this.output(),
      });
    }
  }

  /** `Master`, `Backup`, `Initialize`; `undefined` when it cannot be asked. */
  state(): string | undefined {
    const text = this.#show('vrrpd', 'show vrrp');
    return /^\s*Status \(v4\)\s+(\w+)/m.exec(text ?? '')?.[1];
  }

  /** Ends both at once, as a crash of the machine does. */
  async kill(): Promise<void> {
    for (const daemon of this.#daemons) daemon.signal('SIGKILL');
    await Promise.all(this.#daemons.map((daemon) => daemon.ended));
  }

  /** What they have written, and what they say of themselves. */
  output(): string {
    const logs = this.#daemons.map((daemon) => daemon.output());
    return [...logs, this.#show('vrrpd', 'show vrrp') ?? 'vrrpd does not answer'].join('\n');
  }

  #show(daemon: string, command: string): string | undefined {
    const words = ['vtysh', '--vty_socket', this.#sockets, '-d', daemon, '-c', command];
    try {
      return this.#lab.exec(this.#host, words);
    } catch {
      return undefined;
    }
  }
}

/** The lines of a virtual router as FRR's documentation writes them. */
export function frrConfiguration(options: {
  readonly vrid: number;
  readonly vip: string;
  readonly priority: number;
}): string {
  const { vrid, vip, priority } = options;
  return `interface eth0
 vrrp ${vrid} version 3
 vrrp ${vrid} priority ${priority}
 vrrp ${vrid} advertisement-interval 1000
 vrrp ${vrid} ip ${vip}
exit
`;
}
