/**
 * Records how long entries live under `ipvsadm --set`, as `../../ipvs/forwarding/timeouts` has it: a shell on the director, with
 * notes of what clients and servers did in between. Which connections there are, and what is set, is drawn.
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tcpFrame, udpFrame } from '../../made-frames.ts';
import { type Chance, chanceOf } from '../chance.ts';
import { type ForwardingLab, VIP } from './lab.ts';
import { PosixSocket } from './sockets.ts';

const NOBODY = '00:00:00:00:00:00';
const ROUNDS = 6;
const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10];
const SERVERS = { tcp: '10.20.0.99:8080', udp: '10.20.0.99:5353' } as const;
const CLIENT_MAC = '02:00:00:00:0a:66';

/** What a connection is brought to, and the words of its note. */
const ENDS = {
  established: 'established',
  'client FIN': 'client sent FIN (CLOSE_WAIT)',
  'server FIN': 'server sent FIN (FIN_WAIT)',
  both: 'closed both (TIME_WAIT)',
  reset: 'client RST (CLOSE)',
  syn: 'SYN only',
} as const;
type End = keyof typeof ENDS;

/** Records one drawn session into a file. */
export async function recordTimeouts(
  lab: ForwardingLab,
  file: string,
  number: number,
): Promise<void> {
  const session = new Session(lab, chanceOf(number), 46_000 + (number % 100) * 30);
  await session.play();
  writeFileSync(file, session.text());
}

class Session {
  readonly #lab: ForwardingLab;
  readonly #chance: Chance;
  readonly #text: string[] = [];
  readonly #client: PosixSocket;
  readonly #server: PosixSocket;
  readonly #open: number[] = [];
  #port: number;

  constructor(lab: ForwardingLab, chance: Chance, firstPort: number) {
    this.#lab = lab;
    this.#chance = chance;
    this.#port = firstPort;
    this.#client = lab.inside('client', () => PosixSocket.raw());
    this.#server = lab.inside('rs3', () => PosixSocket.raw());
    for (const [address, card] of [
      ['10.20.0.99', 'eth1'],
      ['10.10.0.66', 'eth0'],
    ])
      lab.run(
        'director',
        `ip neigh replace ${address} lladdr ${CLIENT_MAC} dev ${card} nud permanent`,
      );
  }

  text(): string {
    return this.#text.join('\n');
  }

  async play(): Promise<void> {
    this.#type('ipvsadm -L --timeout');
    for (const [letter, port, kind] of [
      ['t', 80, 'tcp'],
      ['u', 53, 'udp'],
    ] as const) {
      this.#type(`ipvsadm -A -${letter} ${VIP}:${port} -s rr`);
      this.#type(`ipvsadm -a -${letter} ${VIP}:${port} -r ${SERVERS[kind]} -m`);
    }
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) this.#set();
      await this.#refresh();
      await this.#begin();
      await this.#list();
    }
    this.#client.close();
    this.#server.close();
  }

  /** New ones, each to another end. */
  async #begin(): Promise<void> {
    const notes: string[] = [];
    for (const end of Object.keys(ENDS) as End[]) {
      if (!this.#chance.happens(0.6)) continue;
      const port = this.#port++;
      await this.#bring(port, end);
      if (end === 'established') this.#open.push(port);
      notes.push(`10.10.0.66:${port} ${ENDS[end]}`);
    }
    const port = this.#port++;
    await this.#send('client', udpFrame(NOBODY, NOBODY, `10.10.0.66:${port}`, `${VIP}:53`));
    notes.push(`10.10.0.66:${port} UDP`);
    this.#text.push(`# ${notes.join('; ')}`);
  }

  async #bring(port: number, end: End): Promise<void> {
    await this.#segment('in', port, SYN);
    if (end === 'syn') return;
    await this.#segment('out', port, SYN | ACK);
    await this.#segment('in', port, ACK);
    if (end === 'reset') await this.#segment('in', port, RST | ACK);
    if (end === 'client FIN' || end === 'both') await this.#segment('in', port, FIN | ACK);
    if (end === 'server FIN' || end === 'both') await this.#segment('out', port, FIN | ACK);
  }

  async #refresh(): Promise<void> {
    const ports = this.#open.filter(() => this.#chance.happens(0.5));
    if (ports.length === 0) return;
    for (const port of ports) await this.#segment('in', port, ACK);
    this.#text.push(`# one more packet on ${ports.join(' and on ')}`);
    await this.#list();
  }

  #set(): void {
    const values = [
      [0, 45, 900, 2000],
      [0, 25, 120, 300],
      [0, 20, 300, 700],
    ].map((list) => this.#chance.pick(list));
    this.#type(`ipvsadm --set ${values.join(' ')}`);
    this.#type('ipvsadm -L --timeout');
  }

  async #list(): Promise<void> {
    this.#type('ipvsadm -Lnc');
    this.#type('cat /proc/net/ip_vs_conn');
  }

  #type(command: string): void {
    const output = this.#lab.run('director', command).trimEnd();
    this.#text.push(`$ ${command}`, ...(output === '' ? [] : [output]), '');
  }

  async #segment(way: 'in' | 'out', port: number, flags: number): Promise<void> {
    const client = `10.10.0.66:${port}`;
    const frame =
      way === 'in'
        ? tcpFrame(NOBODY, NOBODY, client, `${VIP}:80`, flags)
        : tcpFrame(NOBODY, NOBODY, SERVERS.tcp, client, flags);
    await this.#send(way === 'in' ? 'client' : 'server', frame);
  }

  async #send(who: 'client' | 'server', frame: Uint8Array): Promise<void> {
    const socket = who === 'client' ? this.#client : this.#server;
    socket.send(frame.subarray(14), [who === 'client' ? VIP : '10.10.0.66', 0]);
    await sleep(3);
  }
}
