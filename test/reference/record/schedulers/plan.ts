/** Draws a plan of a scheduler recording: a service, and what is done to it step by step. The same number draws the same plan. */

import { type Chance, chanceOf } from '../chance.ts';

/** A real server as the plan knows it. */
export interface DrawnServer {
  readonly octet: number;
  readonly weight: number;
  readonly upper: number;
  readonly lower: number;
}

/** One step; `client` and `vip` are `address:port`. */
export type DrawnStep =
  | { readonly op: Exchange; readonly client: string; readonly vip: string }
  | ({ readonly op: 'setweight' | 'add' } & DrawnServer)
  | { readonly op: 'remove'; readonly octet: number }
  | { readonly op: 'setscheduler'; readonly scheduler: string; readonly flags: string }
  | { readonly op: 'wait'; readonly seconds: number };
type Exchange = 'connect' | 'syn' | 'close' | 'reset' | 'server_reset' | 'packet';

/** What is recorded. */
export interface SchedulerPlan {
  readonly number: number;
  readonly family: 'inet' | 'inet6';
  readonly scheduler: string;
  readonly flags: string;
  readonly method: '-m' | '-g' | '-i';
  readonly protocol: 'tcp' | 'udp';
  readonly service: { readonly vip: string } | { readonly fwmark: number };
  readonly serverPort: number;
  readonly sysctl: ReadonlyMap<string, number>;
  readonly timeouts: string | null;
  readonly onePacket: boolean;
  readonly persistent: { readonly timeout: number; readonly prefix: number } | undefined;
  readonly servers: readonly DrawnServer[];
  readonly steps: readonly DrawnStep[];
}

export const SCHEDULERS = 'rr wrr lc wlc sed nq dh sh mh fo ovf lblc lblcr'.split(' ');
const BY_DESTINATION = ['dh', 'lblc', 'lblcr'];
const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([
  ['sh', ['', 'sh-port', 'sh-fallback', 'sh-port sh-fallback']],
  ['mh', ['', 'mh-port', 'mh-fallback', 'mh-port mh-fallback']],
]);
const WEIGHTS: readonly (readonly number[])[] = [
  [1],
  [1, 1, 2, 3, 0],
  [10, 20, 30, 40],
  [0, 1, 2, 3, 4, 5, 6, 7],
  [1, 100, 65_535, 0, 7],
  [2, 4, 6, 9],
];
const STEPS_LEAST = 60;
const STEPS_MOST = 160;
const FIRST_OCTET = 11;

/** The virtual address of a family. */
export const VIRTUAL = { inet: '10.10.0.100', inet6: 'fd10::100' } as const;

/** Draws the plan of a number. */
export function drawPlan(number: number): SchedulerPlan {
  const chance = chanceOf(number);
  const scheduler = SCHEDULERS[number % SCHEDULERS.length] ?? 'rr';
  const family = chance.happens(0.2) ? 'inet6' : 'inet';
  const protocol = chance.happens(0.25) ? 'udp' : 'tcp';
  const method = chance.pick(['-m', '-m', '-g', '-i'] as const);
  const byMark = chance.happens(BY_DESTINATION.includes(scheduler) ? 0.8 : 0.15);
  const onePacket = protocol === 'udp' && chance.happens(0.4);
  const isPersistent = !onePacket && chance.happens(0.3);
  const port = isPersistent && !byMark && chance.happens(0.2) ? 0 : 80;
  const bits = family === 'inet' ? [32, 32, 24, 20, 16] : [128, 128, 64, 112];
  const persistent = isPersistent
    ? { timeout: chance.pick([2, 3, 5, 20, 50, 360]), prefix: chance.pick(bits) }
    : undefined;
  const sysctl = drawSettings(chance);
  const timeouts = chance.happens(0.7)
    ? chance.pick(['4 2 3', '2 5 4', '6 3 2', '900 3 300', '3 1 1'])
    : null;
  const isSame = byMark || port === 0 || method !== '-m';
  const serverPort = byMark || port === 0 ? 0 : isSame ? port : 8080;
  const drawer = new StepDrawer(chance, { family, protocol, byMark, port });
  const servers = drawer.first();
  const steps = drawer.steps(STEPS_LEAST + Math.floor(chance.between(0, STEPS_MOST - STEPS_LEAST)));
  return {
    number,
    family,
    scheduler,
    flags: chance.pick(FLAGS.get(scheduler) ?? ['']),
    method,
    protocol,
    service: byMark ? { fwmark: 1 } : { vip: endText(VIRTUAL[family], port) },
    serverPort,
    sysctl,
    timeouts,
    onePacket,
    persistent,
    servers,
    steps,
  };
}

/** `address:port`, an IPv6 address in brackets. */
export function endText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function drawSettings(chance: Chance): Map<string, number> {
  const settings = new Map<string, number>();
  const maybe = (name: string, values: readonly number[]) => {
    if (chance.happens(0.4)) settings.set(`net.ipv4.vs.${name}`, chance.pick(values));
  };
  maybe('conn_reuse_mode', [0, 1, 2, 3]);
  maybe('expire_nodest_conn', [0, 1]);
  maybe('expire_quiescent_template', [0, 1]);
  maybe('sloppy_tcp', [0, 1]);
  return settings;
}

interface About {
  readonly family: 'inet' | 'inet6';
  readonly protocol: 'tcp' | 'udp';
  readonly byMark: boolean;
  readonly port: number;
}

/** Draws steps, and knows which servers are there and who has talked. */
class StepDrawer {
  readonly #chance: Chance;
  readonly #about: About;
  readonly #weights: readonly number[];
  readonly #hasThresholds: boolean;
  readonly #hosts: number;
  readonly #there: number[] = [];
  readonly #away: number[] = [];
  readonly #talked: { readonly client: string; readonly vip: string }[] = [];

  constructor(chance: Chance, about: About) {
    this.#chance = chance;
    this.#about = about;
    this.#weights = chance.pick(WEIGHTS);
    this.#hasThresholds = chance.happens(0.35);
    this.#hosts = chance.pick([2, 4, 30]);
  }

  /** The servers at the start. */
  first(): DrawnServer[] {
    const count = this.#chance.pick([1, 2, 3, 4, 4, 5, 8]);
    const all = Array.from({ length: 9 }, (_, index) => FIRST_OCTET + index);
    this.#there.push(...all.slice(0, count));
    this.#away.push(...all.slice(count));
    return this.#there.map((octet) => this.#server(octet));
  }

  steps(count: number): DrawnStep[] {
    return Array.from({ length: count }, () => this.#step());
  }

  #step(): DrawnStep {
    const at = this.#chance.between(0, 100);
    if (at < 8) return this.#setWeight();
    if (at < 13) return this.#remove();
    if (at < 19) return this.#add();
    if (at < 21) return this.#setScheduler();
    if (at < 27) {
      return { op: 'wait', seconds: this.#chance.pick([0.3, 0.8, 1.5, 2.5, 4, 7, 11]) };
    }
    if (this.#about.protocol === 'udp') return { op: 'packet', ...this.#ends(0.5) };
    if (at < 38 && this.#talked.length > 0) return { op: 'close', ...this.#known() };
    if (at < 42 && this.#talked.length > 0) return { op: 'reset', ...this.#known() };
    if (at < 46 && this.#talked.length > 0) return { op: 'server_reset', ...this.#known() };
    return { op: at < 56 ? 'syn' : 'connect', ...this.#ends(0.25) };
  }

  #server(octet: number): DrawnServer {
    const upper = this.#hasThresholds ? this.#chance.pick([0, 1, 2, 3, 4, 8]) : 0;
    const lower = upper > 1 && this.#chance.happens(0.5) ? this.#chance.pick([1, upper - 1]) : 0;
    return { octet, weight: this.#chance.pick(this.#weights), upper, lower };
  }

  #setWeight(): DrawnStep {
    if (this.#there.length === 0) return this.#add();
    const server = this.#server(this.#chance.pick(this.#there));
    const weight = this.#chance.pick([server.weight, server.weight, 0, 1, 2, 3]);
    return { op: 'setweight', ...server, weight };
  }

  #add(): DrawnStep {
    if (this.#away.length === 0) return this.#remove();
    // The one that went last comes back more often than the others.
    const octet = this.#chance.happens(0.5)
      ? (this.#away.at(-1) ?? 0)
      : this.#chance.pick(this.#away);
    this.#away.splice(this.#away.indexOf(octet), 1);
    this.#there.push(octet);
    return { op: 'add', ...this.#server(octet) };
  }

  #remove(): DrawnStep {
    if (this.#there.length === 0) return this.#add();
    const octet = this.#chance.pick(this.#there);
    this.#there.splice(this.#there.indexOf(octet), 1);
    this.#away.push(octet);
    return { op: 'remove', octet };
  }

  #setScheduler(): DrawnStep {
    const scheduler = this.#chance.pick(SCHEDULERS);
    const flags = this.#chance.pick(FLAGS.get(scheduler) ?? ['']);
    return { op: 'setscheduler', scheduler, flags };
  }

  #known(): { readonly client: string; readonly vip: string } {
    return this.#chance.pick(this.#talked.slice(-12));
  }

  #ends(again: number): { readonly client: string; readonly vip: string } {
    if (this.#talked.length > 0 && this.#chance.happens(again)) return this.#known();
    const { family, byMark, port } = this.#about;
    const host = Math.floor(this.#chance.between(0, this.#hosts));
    const net = Math.floor(this.#chance.between(0, 3));
    const source = family === 'inet' ? `10.50.${net}.${host + 1}` : `fd50::${net + 1}:${host + 1}`;
    const number = Math.floor(this.#chance.between(0, 6));
    const other = family === 'inet' ? `10.60.0.${number + 1}` : `fd60::${number + 1}`;
    const to =
      port === 0 || (byMark && this.#chance.happens(0.2)) ? this.#chance.pick([80, 81, 443]) : 80;
    const ends = {
      client: endText(source, 1024 + Math.floor(this.#chance.between(0, 60_000))),
      vip: endText(byMark ? other : VIRTUAL[family], to),
    };
    this.#talked.push(ends);
    return ends;
  }
}
