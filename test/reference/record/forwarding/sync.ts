/**
 * Records two directors, one of which takes the virtual address over from the other, with connection synchronisation or without
 * it, as `../../ipvs/forwarding/sync-daemon` has it. The address is moved by hand, with one gratuitous ARP.
 */

import { writeFileSync } from 'node:fs';
import { Bench, pcap } from './bench.ts';
import { type ForwardingLab, VIP } from './lab.ts';
import { type CardEar, type PosixSocket, wallClockUs } from './sockets.ts';

const PORTS = ['client', 'rs1', 'rs2', 'director1', 'director2'];
const SYNC_ID = 7;
const DIRECTORS = [1, 2] as const;

interface Talk {
  readonly client: PosixSocket;
  readonly server: PosixSocket;
}

/** Records into `folder/name.txt` and `folder/name.pcap`. */
export async function recordFailover(
  lab: ForwardingLab,
  folder: string,
  isSynchronised: boolean,
): Promise<void> {
  lab.makePair();
  const failover = new Failover(lab, isSynchronised);
  await failover.play();
  failover.write(`${folder}/sync-${isSynchronised ? 'on' : 'off'}-own`);
}

class Failover {
  readonly #lab: ForwardingLab;
  readonly #bench: Bench;
  readonly #isSynchronised: boolean;
  readonly #ears: readonly CardEar[];
  readonly #heard: { timeUs: number; bytes: Buffer }[] = [];
  readonly #lines: string[] = [];
  readonly #begun = wallClockUs();
  readonly #servers: ReadonlyMap<string, PosixSocket>;

  constructor(lab: ForwardingLab, isSynchronised: boolean) {
    this.#lab = lab;
    this.#isSynchronised = isSynchronised;
    this.#bench = new Bench(lab, []);
    this.#ears = PORTS.map((name) => lab.hearPort(name));
    this.#servers = new Map(['rs1', 'rs2'].map((name) => [name, this.#bench.serve(name, 80)]));
  }

  async play(): Promise<void> {
    this.#begin();
    // Servers remember the connections of the recording before this one.
    const [one, two, three, four] = [1, 2, 3, 4].map(
      (port) => (this.#isSynchronised ? 50_000 : 51_000) + port,
    ) as [number, number, number, number];
    await this.#wait(1.2);
    const quiet = await this.#connect(one);
    await this.#wait(2.5);
    this.#say(`${one}: three packets of the handshake only`);
    this.#lists('-Lnc');
    const busy = await this.#connect(two);
    await this.#trips(two, busy, 5);
    await this.#wait(2.5);
    this.#lists('-Lnc');
    const closed = await this.#connect(three);
    await this.#trips(three, closed, 3);
    closed.client.finish();
    await this.#wait(0.1);
    closed.server.finish();
    await this.#wait(2.4);
    this.#say(`${three} closed by both`);
    this.#lists('-Lnc');
    await this.#move();
    quiet.client.send('ping');
    await this.#wait(1.5);
    this.#say(`${one} (quiet): client side ${told(quiet.client)}`);
    busy.client.send('ping');
    await this.#wait(1.5);
    this.#say(`${two} (busy): client side ${told(busy.client)}, server side ${told(busy.server)}`);
    const fresh = await this.#connect(four);
    await this.#trips(four, fresh, 1);
    this.#list(2, '-Lnc');
    this.#list(2, '-Ln');
  }

  write(path: string): void {
    this.#drain();
    for (const ear of this.#ears) ear.close();
    this.#bench.close();
    this.#heard.sort((one, other) => one.timeUs - other.timeUs);
    writeFileSync(`${path}.pcap`, pcap(this.#heard));
    writeFileSync(`${path}.txt`, `${this.#lines.join('\n')}\n`);
  }

  #begin(): void {
    for (const number of DIRECTORS) {
      const run = (line: string) => this.#lab.run(`director${number}`, `ipvsadm ${line}`);
      run(`-A -t ${VIP}:80 -s rr`);
      for (const octet of [11, 12]) run(`-a -t ${VIP}:80 -r 10.10.0.${octet}:80 -g`);
      const role = number === 1 ? 'master' : 'backup';
      if (this.#isSynchronised)
        run(`--start-daemon ${role} --mcast-interface eth0 --syncid ${SYNC_ID}`);
    }
    const daemons = this.#isSynchronised
      ? `sync daemon master on 1, backup on 2 (syncid ${SYNC_ID})`
      : 'no sync daemon';
    this.#say(`director 1 has the VIP; ${daemons}; sync_threshold 3\t50`);
  }

  async #connect(port: number): Promise<Talk> {
    const at = this.#stamp();
    const client = await this.#bench.connect(port, { quiet: true });
    await this.#wait(0.02);
    for (const [name, listener] of this.#servers) {
      const server = listener.accept();
      if (server === undefined) continue;
      this.#lines.push(`${at} client port ${port} -> ${name}`);
      return { client, server };
    }
    throw new Error(`${port}: nobody accepted`);
  }

  /** Questions and answers of four octets. */
  async #trips(port: number, { client, server }: Talk, count: number): Promise<void> {
    for (let trip = 0; trip < count; trip++) {
      client.send('ping');
      await this.#wait(0.05);
      server.receive();
      server.send('pong');
      await this.#wait(0.05);
      client.receive();
    }
    this.#say(`${port}: ${count} round trips fine`);
  }

  async #move(): Promise<void> {
    this.#lab.run('director1', `ip address del ${VIP}/32 dev eth0`);
    this.#lab.run('director2', `ip address add ${VIP}/32 dev eth0`);
    this.#lab.announce('director2', VIP);
    await this.#wait(0.05);
    this.#say('VIP moved from director 1 to director 2 (gratuitous ARP sent)');
    await this.#wait(0.5);
  }

  #lists(words: string): void {
    for (const number of DIRECTORS) this.#list(number, words);
  }

  #list(number: number, words: string): void {
    const text = this.#lab.run(`director${number}`, `ipvsadm ${words}`);
    this.#say(`director ${number} ipvsadm ${words}:\n${text.trimEnd()}`);
  }

  #stamp(): string {
    return ((wallClockUs() - this.#begun) / 1e6).toFixed(3).padStart(8);
  }

  #say(text: string): void {
    this.#lines.push(`${this.#stamp()} ${text}`);
  }

  async #wait(secondsCount: number): Promise<void> {
    await this.#bench.wait(secondsCount);
    this.#drain();
  }

  #drain(): void {
    for (const ear of this.#ears) this.#heard.push(...ear.drain());
  }
}

/** What a socket's end has got, or why not. */
function told(socket: PosixSocket): string {
  const got = socket.receive();
  return typeof got === 'string' ? got || 'end' : `got ${got.toString('latin1')}`;
}
