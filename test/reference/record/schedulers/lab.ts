/**
 * One director in a network namespace, with a wire to everybody who asks and one to all servers. Frames are made by hand: nobody
 * answers but this program, so that a step is over when the director's kernel has done its part.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CardEar } from '../forwarding/sockets.ts';
import { insideNamespace } from '../inside-namespace.ts';

/** Cards' addresses; a server's ends in its octet. */
export const MACS = {
  client: '02:00:00:00:0a:01',
  front: '02:00:00:00:0a:fe',
  back: '02:00:00:00:0b:fe',
} as const;
export const SERVER_NET = { inet: '10.20.0.', inet6: 'fd20::' } as const;
export const serverMac = (octet: number) => `02:00:00:00:0b:${octet.toString(16).padStart(2, '0')}`;

/** An entry of `/proc/net/ip_vs_conn`. */
export interface Entry {
  readonly client: string;
  readonly virtual: string;
  readonly server: string;
  readonly state: string;
}

/** The laboratory of one plan. */
export class SchedulerLab {
  readonly #name: string;
  readonly front: CardEar;
  readonly back: CardEar;

  constructor(number: number, byMark: boolean) {
    this.#name = `s${number}`;
    const [outside, director] = [`${this.#name}-o`, this.#name];
    batch(undefined, [`netns add ${outside}`, `netns add ${director}`]);
    batch(outside, [
      `link add front type veth peer name eth0 address ${MACS.front} netns ${director}`,
      `link add back type veth peer name eth1 address ${MACS.back} netns ${director}`,
      'link set front up',
      'link set back up',
    ]);
    for (const name of ['ipv4.ip_forward', 'ipv6.conf.all.forwarding']) this.set(`net.${name}`, 1);
    const servers = Array.from({ length: 9 }, (_, index) => 11 + index).flatMap((octet) =>
      Object.values(SERVER_NET).map(
        (net) => `neigh add ${net}${octet} lladdr ${serverMac(octet)} dev eth1 nud permanent`,
      ),
    );
    batch(director, [
      'link set lo up',
      'link set eth0 up',
      'link set eth1 up',
      'address add 10.10.0.254/24 dev eth0',
      'address add 10.10.0.100/32 dev eth0',
      'address add 10.20.0.254/24 dev eth1',
      'address add fd10::254/64 dev eth0 nodad',
      'address add fd10::100/128 dev eth0 nodad',
      'address add fd20::254/64 dev eth1 nodad',
      'route add local 10.60.0.0/24 dev lo',
      'route add local fd60::/64 dev lo',
      'route add 10.50.0.0/16 via 10.10.0.1',
      'route add fd50::/16 via fd10::1',
      `neigh add 10.10.0.1 lladdr ${MACS.client} dev eth0 nud permanent`,
      `neigh add fd10::1 lladdr ${MACS.client} dev eth0 nud permanent`,
      ...servers,
    ]);
    if (byMark) {
      const rule = '-t mangle -A PREROUTING -j MARK --set-mark 1 -d';
      this.run(`iptables-legacy ${rule} 10.60.0.0/24`);
      this.run(`ip6tables-legacy ${rule} fd60::/64`);
    }
    this.front = insideNamespace(outside, () => new CardEar('front'));
    this.back = insideNamespace(outside, () => new CardEar('back'));
  }

  run(line: string): string {
    const words = ['netns', 'exec', this.#name, ...line.split(' ')];
    return execFileSync('ip', words, { encoding: 'utf8' });
  }

  set(name: string, value: number): void {
    const path = `/proc/sys/${name.replaceAll('.', '/')}`;
    insideNamespace(this.#name, () => writeFileSync(path, String(value)));
  }

  /** The service's line, and [server, weight, ActiveConn, InActConn] in the kernel's order. */
  table(): { readonly service: string; readonly rows: [string, number, number, number][] } {
    const text = insideNamespace(this.#name, () => readFileSync('/proc/net/ip_vs', 'latin1'));
    const lines = text.split('\n').slice(3);
    const rows = lines.flatMap((line): [string, number, number, number][] => {
      const [arrow, end = '', , weight, active, inactive] = line.trim().split(/\s+/);
      if (arrow !== '->') return [];
      return [[endOf(end), Number(weight), Number(active), Number(inactive)]];
    });
    return { service: lines[0]?.trim() ?? '', rows };
  }

  entries(): Entry[] {
    const path = '/proc/net/ip_vs_conn';
    const text = insideNamespace(this.#name, () => readFileSync(path, 'latin1'));
    return text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const words = line.trim().split(/\s+/);
        const [, from = '', fromPort = '', to = '', toPort = '', dest = '', destPort = '', state] =
          words;
        if (state === undefined) return [];
        return [
          {
            client: endOf(`${from}:${fromPort}`),
            virtual: endOf(`${to}:${toPort}`),
            server: endOf(`${dest}:${destPort}`),
            state,
          },
        ];
      });
  }

  /**
   * Waits until the director's kernel has done with all frames before this call: the answer to an ARP request is behind them in
   * one queue. What came to the ear meanwhile.
   */
  async settled(side: 'front' | 'back'): Promise<Buffer[]> {
    const ear = side === 'front' ? this.front : this.back;
    const heard: Buffer[] = [];
    ear.send(QUESTIONS[side]);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      await sleep(1);
      heard.push(...ear.drain().map(({ bytes }) => bytes));
      if (heard.some(isAnswer)) return heard;
    }
    throw new Error('the director does not answer');
  }

  close(): void {
    this.front.close();
    this.back.close();
    batch(undefined, [`netns del ${this.#name}-o`, `netns del ${this.#name}`]);
  }
}

function question(mac: string, card: string, from: string, to: string): Buffer {
  const hex = (text: string) => text.replaceAll(':', '');
  const ip = (text: string) => Buffer.from(text.split('.').map(Number)).toString('hex');
  const head = `${hex(card)}${hex(mac)}08060001080006040001`;
  return Buffer.from(`${head}${hex(mac)}${ip(from)}000000000000${ip(to)}`, 'hex');
}

const QUESTIONS = {
  front: question(MACS.client, MACS.front, '10.10.0.1', '10.10.0.254'),
  back: question(serverMac(11), MACS.back, '10.20.0.11', '10.20.0.254'),
} as const;
const TRIES_MAX = 2000;
const isAnswer = (frame: Buffer) => frame.readUInt32BE(12) === 0x08060001 && frame[21] === 2;

/** `0A0A0064:0050`, or with an IPv6 address with or without brackets, as `address:port`. */
function endOf(text: string): string {
  const colon = text.lastIndexOf(':');
  const port = Number.parseInt(text.slice(colon + 1), 16);
  const address = text.slice(0, colon).replace(/[[\]]/g, '');
  if (address.includes(':')) return `[${shortened(address)}]:${port}`;
  const octets = address.match(/../g) ?? [];
  return `${octets.map((octet) => Number.parseInt(octet, 16)).join('.')}:${port}`;
}

/** The kernel writes eight groups of four digits in some places. */
function shortened(address: string): string {
  return new URL(`http://[${address}]`).hostname.replace(/[[\]]/g, '');
}

function batch(namespace: string | undefined, lines: readonly string[]): void {
  const where = namespace === undefined ? [] : ['-n', namespace];
  execFileSync('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
