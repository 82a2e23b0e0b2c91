/** One director in a namespace of the guest: whoever stands around it is this process, which sends and hears at its cards. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ADDRESSES,
  DIRECTOR_MAC,
  NEIGHBOURS,
  type Nic,
  ROUTES,
  SETTINGS,
} from '../../director/director-lan.ts';
import { folded, titleOf } from '../../director/director-recording.ts';
import { CardEar, switchOffloadsOff, wallClockUs } from '../forwarding/sockets.ts';
import { insideNamespace } from '../inside-namespace.ts';

const NICS = ['eth0', 'eth1'] as const;
/** What the kernel does at the start of its cards (groups, routers) is over by then. */
const QUIET_MS = 1200;

/** Makes the namespace of the other ends of the cables. */
export function makeSurroundings(): void {
  batch(undefined, ['netns add sw']);
  write('sw', 'net.ipv6.conf.all.disable_ipv6', '1');
  write('sw', 'net.ipv6.conf.default.disable_ipv6', '1');
}

/** A frame that the director sent. */
export interface Sent {
  readonly nic: Nic;
  readonly frame: Buffer;
}

/** One recording while it is made. */
export class DirectorBench {
  /** The other ends of the cables. A socket at the director's own end would see its own copies of pieces change under its eyes. */
  readonly #ends = new Map<Nic, CardEar>();
  readonly #lines: { readonly at: number; readonly text: string }[] = [];
  #start = 0;

  constructor() {
    batch(undefined, ['netns add director']);
    write('director', 'net.ipv6.conf.default.accept_dad', '0');
    write('director', 'net.ipv6.conf.default.dad_transmits', '0');
    batch(
      'sw',
      NICS.map(
        (nic) =>
          `link add p-${nic} up type veth peer name ${nic} address ${DIRECTOR_MAC[nic]} netns director`,
      ),
    );
    const lines = ['link set lo up', ...NICS.map((nic) => `link set ${nic} up`)];
    for (const [nic, prefix] of ADDRESSES) {
      lines.push(`address add ${prefix} dev ${nic}${prefix.includes(':') ? ' nodad' : ''}`);
    }
    for (const [to, via] of ROUTES) lines.push(`route add ${to} via ${via}`);
    for (const [nic, address, mac] of NEIGHBOURS) {
      lines.push(`neigh replace ${address} dev ${nic} lladdr ${mac} nud permanent`);
    }
    batch('director', lines);
    for (const [name, value] of SETTINGS) write('director', name, value);
    for (const nic of NICS) {
      insideNamespace('director', () => switchOffloadsOff(nic));
      insideNamespace('sw', () => {
        switchOffloadsOff(`p-${nic}`);
        this.#ends.set(nic, new CardEar(`p-${nic}`, true));
      });
    }
  }

  async begin(): Promise<void> {
    await sleep(QUIET_MS);
    this.hear();
    this.#lines.length = 0;
    this.#start = wallClockUs();
  }

  /** Types a line on the director; whether it was taken. */
  shell(line: string): boolean {
    const at = wallClockUs();
    try {
      execFileSync('ip', ['netns', 'exec', 'director', ...line.split(' ')], { stdio: 'pipe' });
    } catch {
      return false;
    }
    this.#lines.push({ at, text: `do ${line}` });
    return true;
  }

  set(name: string, value: number): void {
    const at = wallClockUs();
    write('director', name, String(value));
    this.#lines.push({ at, text: `do sysctl -w ${name}=${value}` });
  }

  /** Sends to a card of the director. */
  send(nic: Nic, frame: Uint8Array): void {
    this.#lines.push({ at: wallClockUs(), text: `in ${nic} ${folded(frame)}` });
    this.#ends.get(nic)?.send(frame);
  }

  /** Waits and tells what the director has sent meanwhile. */
  async settle(milliseconds: number): Promise<Sent[]> {
    await sleep(milliseconds);
    return this.hear();
  }

  hear(): Sent[] {
    const sent: Sent[] = [];
    for (const [nic, end] of this.#ends) {
      for (const { timeUs, bytes } of end.drain()) {
        this.#lines.push({ at: timeUs, text: `out ${nic} ${folded(bytes)}` });
        sent.push({ nic, frame: bytes });
      }
    }
    return sent;
  }

  /** Tells the director's tables. */
  look(): void {
    const at = wallClockUs();
    this.#lines.push({ at, text: 'looked' });
    const read = (option: string, from: number) =>
      execFileSync('ip', ['netns', 'exec', 'director', 'ipvsadm', option], { encoding: 'utf8' })
        .trimEnd()
        .split('\n')
        .slice(from);
    for (const line of read('-Lnc', 2)) this.#lines.push({ at, text: `entry ${line.trim()}` });
    for (const line of read('-Ln', 3)) this.#lines.push({ at, text: `list ${line.trim()}` });
  }

  /** Ends the recording, writes its file, takes the director away. */
  async end(folder: string, name: string): Promise<void> {
    await this.settle(200);
    const lines = this.#lines
      .sort((one, other) => one.at - other.at)
      .map(({ at, text }) => `${((at - this.#start) / 1e6).toFixed(6)} ${text}`);
    writeFileSync(`${folder}/${name}.txt`, `${titleOf(name)}\n${lines.join('\n')}\n`);
    this.close();
  }

  close(): void {
    for (const one of this.#ends.values()) one.close();
    batch(undefined, ['netns del director']);
  }
}

function write(machine: string, name: string, value: string): void {
  const path = `/proc/sys/${name.replaceAll('.', '/')}`;
  insideNamespace(machine, () => writeFileSync(path, value));
}

function batch(machine: string | undefined, lines: readonly string[]): void {
  const where = machine === undefined ? [] : ['-n', machine];
  execFileSync('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
