/**
 * One laboratory inside the guest: directors and four servers, each in a network namespace of its own, on one Linux bridge. The
 * servers run in this process: a socket belongs to the namespace that the process stood in when it was made.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { insideNamespace } from '../inside-namespace.ts';

/** Machines and the last octet of their addresses. */
export const MACHINES: ReadonlyMap<string, number> = new Map([
  ['d1', 251],
  ['d2', 252],
  ['rs1', 11],
  ['rs2', 12],
  ['rs3', 13],
  ['rs4', 14],
]);

/** A laboratory; its names carry a number, so that several stand in one guest. */
export class CheckerLab {
  readonly #number: number;

  readonly hasIpv6: boolean;

  constructor(number: number, hasIpv6: boolean) {
    this.#number = number;
    this.hasIpv6 = hasIpv6;
    const names = ['sw', ...MACHINES.keys()];
    // One run of ip for many lines: starting a program is what is slow in a guest.
    this.#batch(
      undefined,
      names.map((name) => `netns add ${this.namespace(name)}`),
    );
    for (const name of names) {
      const off = () => writeFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1');
      if (!hasIpv6 || name === 'sw') this.inside(name, off);
    }
    const ports = [...MACHINES].flatMap(([name, octet]) => {
      const mac = `02:00:00:00:0a:${octet > 99 ? `e${octet - 250}` : octet}`;
      const peer = `peer name eth0 address ${mac} netns ${this.namespace(name)}`;
      return [
        `link add p-${name} type veth ${peer}`,
        `link set p-${name} master br0`,
        `link set p-${name} up`,
      ];
    });
    this.#batch('sw', [
      'link add br0 type bridge stp_state 0 mcast_snooping 0',
      'link set br0 up',
      ...ports,
    ]);
    for (const [name, octet] of MACHINES) {
      const address = `address add 10.10.0.${octet}/24 dev eth0`;
      const more = hasIpv6 ? [`address add fd00::${octet}/64 dev eth0 nodad`] : [];
      this.#batch(name, ['link set lo up', address, 'link set eth0 up', ...more]);
    }
  }

  #batch(machine: string | undefined, lines: readonly string[]): void {
    const where = machine === undefined ? [] : ['-n', this.namespace(machine)];
    execFileSync('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  namespace(machine: string): string {
    return `l${this.#number}-${machine}`;
  }

  /** The words that start a program in a machine. */
  words(machine: string, line: string): string[] {
    return ['netns', 'exec', this.namespace(machine), ...line.split(' ')];
  }

  /** A cable; the machine keeps its carrier: a kernel takes up to a second until it sends again when a carrier came back. */
  plug(machine: string, isIn: boolean): void {
    this.#batch('sw', [`link set p-${machine} ${isIn ? 'master br0' : 'nomaster'}`]);
  }

  run(machine: string, line: string): string {
    return execFileSync('ip', this.words(machine, line), { encoding: 'utf8' });
  }

  /** Ends all programs of that name in a machine at once. */
  killAll(machine: string, program: string): void {
    const all = execFileSync('ip', ['netns', 'pids', this.namespace(machine)], {
      encoding: 'utf8',
    });
    const pids = all
      .split('\n')
      .filter((one) => one !== '' && readFileSync(`/proc/${one}/comm`, 'utf8').trim() === program);
    // Children would hear of their parent's death, and end in their own way.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      for (const pid of pids) process.kill(Number(pid), signal);
    }
  }

  /** Does something that makes sockets in a machine's namespace; it must be over when it returns. */
  inside<T>(machine: string, act: () => T): T {
    return insideNamespace(this.namespace(machine), act);
  }

  close(): void {
    this.#batch(
      undefined,
      ['sw', ...MACHINES.keys()].map((name) => `netns del ${this.namespace(name)}`),
    );
  }
}
