/**
 * The laboratory of `../../ipvs/forwarding` inside one guest: every machine a network namespace, every network a Linux bridge, with
 * the recordings' addresses. The director is made anew for each recording, so that its tables are empty.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { insideNamespace } from '../inside-namespace.ts';
import { CardEar, switchOffloadsOff } from './sockets.ts';

/** The virtual address. */
export const VIP = '10.10.0.100';

interface Card {
  readonly net: 'a' | 'b' | 'c';
  readonly octet: number;
  readonly more?: readonly string[];
}

const NUMBERS = { a: 10, b: 20, c: 30 } as const;
const SUFFIXES = new Map([
  [254, 'fe'],
  [253, 'fd'],
  [251, 'e1'],
  [252, 'e2'],
]);
/** Machines and their cards, in order. */
const MACHINES: ReadonlyMap<string, readonly Card[]> = new Map([
  ['client', [{ net: 'a', octet: 1, more: [2, 3, 4, 5].map((octet) => `10.10.0.${octet}`) }]],
  ['rs1', [{ net: 'a', octet: 11 }]],
  ['rs2', [{ net: 'a', octet: 12 }]],
  ['rs3', [{ net: 'b', octet: 13 }]],
  ['client2-7', [{ net: 'b', octet: 7 }]],
  [
    'router',
    [
      { net: 'a', octet: 253 },
      { net: 'c', octet: 253 },
    ],
  ],
  ['rs5', [{ net: 'c', octet: 15 }]],
  [
    'director',
    [
      { net: 'a', octet: 254 },
      { net: 'b', octet: 254 },
    ],
  ],
  ['director1', [{ net: 'a', octet: 251 }]],
  ['director2', [{ net: 'a', octet: 252 }]],
]);
const FORGET = ['neigh flush all', 'route flush cache', 'tcp_metrics flush all'];
const DIRECTORS = ['director', 'director1', 'director2'];

/** Vantage points and where they hear. */
export const POINTS: ReadonlyMap<string, readonly [machine: string, card: string]> = new Map([
  ['client', ['client', 'eth0']],
  ['client2-7', ['client2-7', 'eth0']],
  ['dir0', ['director', 'eth0']],
  ['dir1', ['director', 'eth1']],
  ['rs1', ['rs1', 'eth0']],
  ['rs2', ['rs2', 'eth0']],
  ['rs3', ['rs3', 'eth0']],
  ['rs5', ['rs5', 'eth0']],
  ['routerA', ['router', 'eth0']],
  ['routerC', ['router', 'eth1']],
]);

/** The laboratory. */
export class ForwardingLab {
  constructor() {
    this.#batch(undefined, ['netns add sw']);
    const bridges = (['a', 'b', 'c'] as const).flatMap((net) => [
      `link add net-${net} type bridge stp_state 0 mcast_snooping 0`,
      `link set net-${net} up`,
    ]);
    this.#batch('sw', bridges);
    for (const name of MACHINES.keys()) if (!DIRECTORS.includes(name)) this.#make(name);
  }

  /** Empty tables, default settings, cold neighbours everywhere; nobody remembers MTUs of ways or round trips. */
  renewDirector(isFirst: boolean): void {
    if (!isFirst) this.#batch(undefined, ['netns del director']);
    this.#make('director');
    for (const name of MACHINES.keys()) if (!name.startsWith('director')) this.#batch(name, FORGET);
  }

  /** Two directors of which the first has the virtual address, in place of the one. */
  makePair(): void {
    const there = readdirSync('/run/netns').filter((name) => DIRECTORS.includes(name));
    this.#batch(
      undefined,
      there.map((name) => `netns del ${name}`),
    );
    for (const name of ['director1', 'director2']) this.#make(name);
    for (const name of ['client', 'rs1', 'rs2']) this.#batch(name, ['neigh flush all']);
  }

  /** What a machine sends, heard at the switch. */
  hearPort(machine: string): CardEar {
    return this.inside('sw', () => new CardEar(`p-${machine}-0`, true));
  }

  /** One gratuitous ARP request. */
  announce(machine: string, address: string): void {
    const card = MACHINES.get(machine)?.[0];
    const mac = `02000000${`0${card?.net}`}${SUFFIXES.get(card?.octet ?? 0) ?? card?.octet}`;
    const ip = Buffer.from(address.split('.').map(Number)).toString('hex');
    const frame = `ffffffffffff${mac}08060001080006040001${mac}${ip}ffffffffffff${ip}`;
    const ear = this.inside(machine, () => new CardEar('eth0'));
    ear.send(Buffer.from(frame, 'hex'));
    ear.close();
  }

  run(machine: string, line: string): string {
    return execFileSync('ip', ['netns', 'exec', machine, ...line.split(' ')], { encoding: 'utf8' });
  }

  /** Does something in a machine's namespace; it must be over when it returns. */
  inside<T>(machine: string, act: () => T): T {
    return insideNamespace(machine, act);
  }

  set(machine: string, name: string, value: string | number): void {
    const path = `/proc/sys/${name.replaceAll('.', '/')}`;
    this.inside(machine, () => writeFileSync(path, String(value)));
  }

  plug(machine: string, isIn: boolean): void {
    this.#batch('sw', [`link set p-${machine}-0 ${isIn ? 'up' : 'down'}`]);
  }

  #make(name: string): void {
    this.#batch(undefined, [`netns add ${name}`]);
    this.set(name, 'net.ipv6.conf.all.disable_ipv6', 1);
    const cards = MACHINES.get(name) ?? [];
    this.#batch(
      'sw',
      cards.flatMap(({ net, octet }, index) => [
        `link add p-${name}-${index} type veth peer name eth${index} address 02:00:00:00:0${net}:${SUFFIXES.get(octet) ?? String(octet).padStart(2, '0')} netns ${name}`,
        `link set p-${name}-${index} master net-${net} up`,
      ]),
    );
    const lines = ['link set lo up'];
    for (const [index, { net, octet, more }] of cards.entries()) {
      lines.push(`address add 10.${NUMBERS[net]}.0.${octet}/24 dev eth${index}`);
      for (const address of more ?? []) lines.push(`address add ${address}/24 dev eth${index}`);
      lines.push(`link set eth${index} up`);
    }
    this.#settings(name, lines, cards[0]?.net ?? 'a');
    this.inside(name, () => {
      for (const index of cards.keys()) switchOffloadsOff(`eth${index}`);
    });
  }

  #settings(name: string, lines: string[], net: 'a' | 'b' | 'c'): void {
    const isServer = name.startsWith('rs');
    const isDirector = DIRECTORS.includes(name);
    if (isDirector || name === 'router') {
      this.set(name, 'net.ipv4.ip_forward', 1);
      this.set(name, 'net.ipv4.conf.all.send_redirects', 0);
      this.set(name, 'net.ipv4.conf.default.send_redirects', 0);
    }
    if (isDirector) {
      if (name !== 'director2') lines.push(`address add ${VIP}/32 dev eth0`);
      lines.push('route add 10.30.0.0/24 via 10.10.0.253');
    } else if (isServer && net !== 'b') {
      this.set(name, 'net.ipv4.conf.all.arp_ignore', 1);
      this.set(name, 'net.ipv4.conf.all.arp_announce', 2);
      lines.push(`address add ${VIP}/32 dev lo`);
    }
    if (net === 'b' && !isDirector) lines.push('route add default via 10.20.0.254');
    if (net === 'c') lines.push('route add default via 10.30.0.253');
    if (net === 'a' && name === 'client') {
      lines.push(
        'route add 10.20.0.0/24 via 10.10.0.254',
        'route add 10.30.0.0/24 via 10.10.0.253',
      );
    } else if (net === 'a' && isServer) lines.push('route add 10.30.0.0/24 via 10.10.0.253');
    this.#batch(name, lines);
    if (isDirector) {
      const cards = (MACHINES.get(name) ?? []).keys();
      for (const index of cards) this.set(name, `net.ipv4.conf.eth${index}.send_redirects`, 0);
    }
    if (isServer && net === 'c') {
      this.set(name, 'net.ipv4.conf.all.rp_filter', 0);
      this.#batch(name, ['link set tunl0 up', `address add ${VIP}/32 dev tunl0`]);
      this.set(name, 'net.ipv4.conf.tunl0.rp_filter', 0);
    }
  }

  #batch(machine: string | undefined, lines: readonly string[]): void {
    const where = machine === undefined ? [] : ['-n', machine];
    execFileSync('ip', [...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }
}
