/**
 * A whole machine with a kernel of its own in the lab: Debian's user-mode-linux, whose root is this host's root,
 * read-only, and whose eth0 is a tap device on the lab's bridge. It has the IPVS modules that a container host
 * may lack. Boots in about two seconds.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { guestCommand } from './guest-command.ts';
import { type Lab, type Running, until } from './lab.ts';
import { REPOSITORY } from './requirements.ts';

const PROBES = join(REPOSITORY, 'test', 'interop', 'probes');

/** What a director's kernel needs: IPVS with the schedulers of the tests, and what keepalived asks for. */
const MODULES = ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_wlc', 'ip_vs_sh', 'nf_tables', 'macvlan'];

/** A machine that carries out command lines. */
export class Guest {
  readonly #console: Running;
  #seen = 0;

  private constructor(console: Running) {
    this.#console = console;
  }

  /** Boots a guest on the lab's bridge. */
  static async boot(lab: Lab, name: string, addresses: readonly string[]): Promise<Guest> {
    const tap = `to-${name}`;
    lab.exec('sw', ['ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap']);
    lab.exec('sw', ['ip', 'link', 'set', tap, 'master', 'br0', 'up']);
    const console = lab.start('sw', [
      ...guestCommand(REPOSITORY),
      'mem=384M',
      'root=/dev/root',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${join(PROBES, 'guest-init.sh')}`,
      'con=null',
      'con0=fd:0,fd:1',
      `vec0:transport=tap,ifname=${tap},depth=64,gro=0`,
      'quiet',
      // The kernel hands what it does not know to its first process as environment.
      `GUEST_NODE=${process.execPath}`,
      `GUEST_MODULES=${join(PROBES, 'guest-modules.mjs')}`,
      `GUEST_WANTED=${MODULES.join(',')}`,
      `GUEST_ADDRESSES=${addresses.join(',')}`,
    ]);
    await until('the guest is up', () => console.output().includes('<<ready>>'), {
      withinMs: 180_000,
      explain: () => console.output(),
    });
    return new Guest(console);
  }

  /** Carries out one line of shell; its output. Throws when it fails, unless failing is allowed. */
  async run(
    line: string,
    options: { readonly mayFail?: true; readonly withinMs?: number } = {},
  ): Promise<string> {
    const begin = this.#console.output().length;
    this.#seen++;
    const marks = (): RegExpMatchArray[] => [
      ...this.#console.output().matchAll(/^<<exit (\d+)>>$/gm),
    ];
    this.#console.input(`${line}\n`);
    await until(`the guest has run ${line}`, () => marks().length >= this.#seen, {
      withinMs: options.withinMs ?? 30_000,
      explain: () => this.#console.output(),
    });
    const mark = marks()[this.#seen - 1];
    const text = this.#console.output().slice(begin, mark?.index);
    if (mark?.[1] !== '0' && options.mayFail !== true) throw new Error(`${line}: ${text}`);
    return text;
  }

  /** Waits until a command's output is as wanted; returns it. */
  async runUntil(
    line: string,
    holds: (output: string) => boolean,
    options: { readonly withinMs: number; readonly explain: string },
  ): Promise<string> {
    const begin = performance.now();
    for (;;) {
      const output = await this.run(line, { mayFail: true, withinMs: options.withinMs });
      if (holds(output)) return output;
      if (performance.now() - begin > options.withinMs) {
        const more = await this.run(options.explain, { mayFail: true });
        throw new Error(`not within ${options.withinMs} ms: ${line}\n${output}\n${more}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Why no guest can be booted here; `undefined` when it can. */
export function whyNoGuest(): string | undefined {
  try {
    if (readdirSync('/usr/lib/uml/modules').length > 0) return undefined;
  } catch {
    // Told below.
  }
  return 'user-mode-linux is not installed (package user-mode-linux)';
}
