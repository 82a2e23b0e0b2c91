/**
 * Draws recordings of forwarding: services with servers of every way, and what clients, servers and the administrator do to them
 * one behind the other. What is done to the director is told word by word, so that the twin does the same. The same number draws the same plan.
 */

import { type Chance, chanceOf } from '../chance.ts';
import type { Bench } from './bench.ts';
import { VIP } from './lab.ts';
import type { ForwardingPlan } from './plan.ts';
import type { PosixSocket } from './sockets.ts';

const POINTS = ['client', 'dir0', 'dir1', 'rs1', 'rs2', 'rs3', 'routerC', 'rs5'];
const TCP = `-t ${VIP}:80`;
const UDP = `-u ${VIP}:53`;
const STEPS = 14;
const ACK = 0x10;
/** Each plan has ports of its own: servers may still know connections of the one before. */
const PORT_FIRST = 20_000;
const PORTS = 40;
const PLANS = 1000;

/** A server as the plan knows it: where it stands, and its ends for TCP and UDP. */
interface Place {
  readonly machine: 'rs1' | 'rs2' | 'rs3' | 'rs5';
  readonly address: string;
  readonly method: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  /** What a datagram's receiver is bound to. */
  readonly bound: string;
}

const PLACES: readonly Place[] = [
  { machine: 'rs1', address: '10.10.0.11', method: '-g', tcpPort: 80, udpPort: 53, bound: VIP },
  { machine: 'rs2', address: '10.10.0.12', method: '-g', tcpPort: 80, udpPort: 53, bound: VIP },
  {
    machine: 'rs3',
    address: '10.20.0.13',
    method: '-m',
    tcpPort: 8080,
    udpPort: 5353,
    bound: '10.20.0.13',
  },
  { machine: 'rs5', address: '10.30.0.15', method: '-i', tcpPort: 80, udpPort: 53, bound: VIP },
];
const TUNNELS = ['-i', '-i', '-i --tun-type gre', '-i --tun-type gue --tun-port 5555'];
const SCHEDULERS = ['rr', 'rr', 'wrr', 'wlc', 'lc', 'sed', 'nq', 'sh', 'mh', 'fo', 'ovf'];
const SETTINGS = [
  ['expire_nodest_conn', [0, 1]],
  ['expire_quiescent_template', [0, 1]],
  ['sloppy_tcp', [0, 1]],
  ['conn_reuse_mode', [0, 1, 2, 3]],
  ['pmtu_disc', [0, 1]],
  ['nat_icmp_send', [0, 1]],
  ['schedule_icmp', [0, 1]],
  ['secure_tcp', [0, 3]],
] as const;

/** The plan of a number. */
export function drawForwardingPlan(number: number): ForwardingPlan {
  const chance = chanceOf(number);
  const count = chance.pick([1, 1, 2, 2, 3]);
  const places = drawSome(chance, PLACES, count).map((one) =>
    one.method === '-i' ? { ...one, method: chance.pick(TUNNELS) } : one,
  );
  const persistent = chance.happens(0.3) ? ` -p ${chance.pick([2, 50, 360])}` : '';
  const key = chance.happens(0.25) ? UDP : TCP;
  const more = key === UDP && persistent === '' && chance.happens(0.3) ? ' --ops' : persistent;
  const service = `-A ${key} -s ${chance.pick(SCHEDULERS)}${more}`;
  const weight = () => chance.pick([1, 1, 1, 2, 3]);
  const servers = places.map((one) => addLine(key, one, weight()));
  const settings = drawSettings(chance);
  return {
    name: `drawn/drawn-${number}`,
    points: POINTS,
    setup: [service, ...servers],
    act: (bench) => new DrawnRun(bench, chance, { number, key, service, places }).act(settings),
  };
}

function drawSome<T>(chance: Chance, all: readonly T[], count: number): T[] {
  const rest = [...all];
  return Array.from({ length: count }, () => {
    const one = chance.pick(rest);
    rest.splice(rest.indexOf(one), 1);
    return one;
  });
}

function drawSettings(chance: Chance): [string, number][] {
  return SETTINGS.flatMap(([name, values]) =>
    chance.happens(0.35) ? [[name, chance.pick<number>(values)] as [string, number]] : [],
  );
}

function endOf(key: string, { address, tcpPort, udpPort }: Place): string {
  return `${address}:${key === TCP ? tcpPort : udpPort}`;
}

function addLine(key: string, place: Place, weight: number): string {
  return `-a ${key} -r ${endOf(key, place)} ${place.method} -w ${weight}`;
}

interface Talk {
  readonly client: PosixSocket;
  peer: PosixSocket | undefined;
  isClientDone: boolean;
  isServerDone: boolean;
}

/** One recording while it is made. */
class DrawnRun {
  readonly #bench: Bench;
  readonly #chance: Chance;
  readonly #key: string;
  readonly #service: string;
  readonly #places: readonly Place[];
  readonly #there: Set<Place>;
  readonly #talks: Talk[] = [];
  readonly #listeners: PosixSocket[] = [];
  readonly #receivers: PosixSocket[] = [];
  #hasService = true;
  readonly #firstPort: number;
  #port: number;

  constructor(
    bench: Bench,
    chance: Chance,
    about: {
      readonly number: number;
      readonly key: string;
      readonly service: string;
      readonly places: readonly Place[];
    },
  ) {
    this.#firstPort = PORT_FIRST + (about.number % PLANS) * PORTS;
    this.#port = this.#firstPort;
    this.#bench = bench;
    this.#chance = chance;
    this.#key = about.key;
    this.#service = about.service;
    this.#places = about.places;
    this.#there = new Set(about.places);
  }

  async act(settings: readonly (readonly [string, number])[]): Promise<void> {
    for (const place of this.#places) {
      if (this.#key === TCP) this.#listeners.push(this.#bench.serve(place.machine, place.tcpPort));
      else {
        const { machine, bound, udpPort } = place;
        this.#receivers.push(this.#bench.socket(machine, 'udp', bound, udpPort));
      }
    }
    for (const [name, value] of settings) this.#set(name, value);
    await this.#bench.wait(0.2);
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      await this.#bench.wait(this.#chance.pick([0.2, 0.3, 0.5]));
      this.#bench.entries('table');
    }
    if (this.#hasService) this.#bench.list();
  }

  async #step(): Promise<void> {
    const at = this.#chance.between(0, 100);
    if (at < 6) return this.#remove();
    if (at < 12) return this.#add();
    if (at < 18) return this.#weigh();
    if (at < 21) return this.#toggleService();
    if (at < 26) {
      const [name, values] = this.#chance.pick(SETTINGS);
      return this.#set(name, this.#chance.pick<number>(values));
    }
    if (at < 30) return this.#loneSegment();
    if (this.#key === UDP) return this.#datagram();
    if (at < 52 || this.#talks.length === 0) return this.#open();
    return this.#goOn(this.#chance.pick(this.#talks.slice(-3)));
  }

  #command(line: string): void {
    this.#bench.ipvsadm(line);
    this.#bench.say(`ipvsadm ${line}`);
  }

  #set(name: string, value: number): void {
    this.#bench.lab.set('director', `net.ipv4.vs.${name}`, value);
    this.#bench.say(`net.ipv4.vs.${name}=${value}`);
  }

  #remove(): void {
    const [place] = this.#there;
    if (place === undefined || !this.#hasService) return;
    this.#there.delete(place);
    this.#command(`-d ${this.#key} -r ${endOf(this.#key, place)}`);
  }

  #add(): void {
    const place = this.#places.find((one) => !this.#there.has(one));
    if (place === undefined || !this.#hasService) return;
    this.#there.add(place);
    this.#command(addLine(this.#key, place, this.#chance.pick([1, 2])));
  }

  #weigh(): void {
    if (this.#there.size === 0 || !this.#hasService) return;
    const place = this.#chance.pick([...this.#there]);
    const line = addLine(this.#key, place, this.#chance.pick([0, 0, 1, 2]));
    this.#command(line.replace(/^-a/, '-e'));
  }

  #toggleService(): void {
    this.#hasService = !this.#hasService;
    if (this.#hasService) this.#command(this.#service);
    else {
      this.#there.clear();
      this.#command(`-D ${this.#key}`);
    }
  }

  #loneSegment(): void {
    const flags = this.#chance.pick([ACK, 0x11, 0x14, 0x12, 0x02, 0x18]);
    const to = this.#chance.pick([80, 80, 80, 81]);
    this.#bench.segment(`10.10.0.${this.#octet()}:${this.#port++}`, `${VIP}:${to}`, flags);
  }

  #octet(): number {
    return this.#chance.pick([1, 1, 2, 3]);
  }

  async #open(): Promise<void> {
    const from = `10.10.0.${this.#octet()}`;
    const client = await this.#bench.connect(this.#port++, { from, wait: 2.5 });
    if (client.connected() !== 'ok') return;
    await this.#bench.wait(0.05);
    const peer = this.#listeners
      .map((one) => this.#bench.acceptNow(one))
      .find((one) => one !== undefined);
    this.#talks.push({ client, peer, isClientDone: false, isServerDone: false });
  }

  #goOn(talk: Talk): void {
    const { client, peer } = talk;
    const what = this.#chance.pick([
      'ask',
      'ask-much',
      'answer',
      'answer-much',
      'client-fin',
      'server-fin',
      'client-rst',
    ] as const);
    const much = Buffer.alloc(3000, 'm');
    if (what === 'ask' && !talk.isClientDone) client.send('question');
    else if (what === 'ask-much' && !talk.isClientDone) client.send(much);
    else if (what === 'answer' && !talk.isServerDone) peer?.send('answer');
    else if (what === 'answer-much' && !talk.isServerDone) peer?.send(much);
    else if (what === 'client-fin' && !talk.isClientDone) {
      talk.isClientDone = true;
      client.finish();
    } else if (what === 'server-fin' && !talk.isServerDone) {
      talk.isServerDone = true;
      peer?.finish();
    } else if (what === 'client-rst') {
      this.#talks.splice(this.#talks.indexOf(talk), 1);
      this.#bench.abort(client);
    }
  }

  async #datagram(): Promise<void> {
    const from = this.#chance.pick([1, 2, 3]);
    const address = `10.10.0.${from}`;
    const port = this.#firstPort + from + this.#chance.pick([0, 10]);
    const client = this.#bench.socket('client', 'udp', address, port);
    client.send('question', [VIP, 53]);
    await this.#bench.wait(0.1);
    const isAnswered = this.#chance.happens(0.7);
    for (const receiver of this.#receivers) {
      if (typeof receiver.receive() === 'string') continue;
      if (isAnswered) receiver.send('answer', [address, port]);
    }
    await this.#bench.wait(0.1);
    this.#bench.closeOne(client);
  }
}
