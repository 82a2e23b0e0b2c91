/**
 * Draws what befalls a director: packets of clients, answers and complaints of servers, pieces, odd packets, commands. The same
 * number draws the same plan; what a server answers depends on what the director has sent to it.
 */

import { addressOf, VIPS } from '../../director/director-lan.ts';
import { type Chance, chanceOf } from '../chance.ts';
import type { DirectorBench } from './bench.ts';
import { type Drawn, DrawnTraffic, type Family, type Place } from './drawn-traffic.ts';

const STEPS = 60;
const SCHEDULERS = ['rr', 'rr', 'rr', 'wrr', 'wlc', 'lc', 'sh', 'mh', 'dh'];
const TUNNELS = ['-i', '-i', '-i --tun-type gre', '-i --tun-type gue --tun-port 5555'];
const SETTINGS = [
  ['expire_nodest_conn', [0, 1]],
  ['expire_quiescent_template', [0, 1]],
  ['sloppy_tcp', [0, 1]],
  ['conn_reuse_mode', [0, 1, 2, 3]],
  ['pmtu_disc', [0, 1]],
  ['nat_icmp_send', [0, 1]],
  ['schedule_icmp', [0, 1]],
  ['snat_reroute', [0, 1]],
  ['secure_tcp', [0, 3]],
] as const;

/** From this number on there are servers of the other family behind tunnels, the director as its own server, and damaged packets. */
const ODD_FROM = 1000;

/** The plan of a number: every fourth is of IPv4, the others of IPv6. */
export function drawDirectorPlan(number: number): (bench: DirectorBench) => Promise<void> {
  const chance = chanceOf(number);
  const family: Family = number % 4 === 0 ? 'inet' : 'inet6';
  return async (bench) => {
    const drawn = { bench, chance, family, vip: VIPS[family], isOdd: number >= ODD_FROM };
    const plan = new DrawnPlan(drawn);
    await plan.act();
  };
}

function drawPlaces(chance: Chance, family: Family, isOdd: boolean): Place[] {
  const far = family === 'inet' ? '10.2.0.15' : 'fd00:c::15';
  const nowhere = family === 'inet' ? '10.99.0.1' : 'fd00:99::1';
  const all: readonly (Place & { readonly share: number })[] = [
    { ...place('11', addressOf('eth1', family, '11'), '-m', [8080, 5353]), share: 0.7 },
    { ...place('12', addressOf('eth1', family, '12'), '-m', [80, 53]), share: 0.3 },
    { ...place('13', addressOf('eth1', family, '13'), '-g', [80, 53]), share: 0.4 },
    { ...place('14', addressOf('eth0', family, '14'), '-g', [80, 53]), share: 0.2 },
    { ...place('253', far, chance.pick(TUNNELS), [80, 53]), share: 0.4 },
    { ...place('253', far, '-m', [8080, 5353]), share: 0.15 },
    {
      ...place('77', addressOf('eth1', family, '77'), chance.pick(['-m', '-g']), [80, 53]),
      share: 0.12,
    },
    { ...place('', nowhere, chance.pick(['-m', '-g', '-i']), [80, 53]), share: 0.08 },
  ];
  const other = family === 'inet' ? 'fd00:c::15' : '10.2.0.15';
  const own = addressOf('eth1', family, '254');
  const odd = [
    { ...place('253', other, chance.pick(TUNNELS), [80, 53]), share: 0.35 },
    { ...place('254', own, chance.pick(['-m', '-g']), [80, 53]), share: 0.2 },
  ];
  const taken = new Set<string>();
  const found = [...all, ...(isOdd ? odd : [])].filter(({ address, share }) => {
    const isTaken = chance.happens(share) && !taken.has(address);
    if (isTaken) taken.add(address);
    return isTaken;
  });
  return found.length === 0 ? [all[0] as Place] : found;
}

function place(
  host: string,
  address: string,
  method: string,
  [tcpPort, udpPort]: readonly [number, number],
): Place {
  return { host, address, method, tcpPort, udpPort };
}

const bracketed = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** One plan while it is played. */
class DrawnPlan {
  readonly #drawn: Drawn;
  readonly #places: readonly Place[];
  readonly #keys: readonly string[];
  readonly #services: readonly string[];
  readonly #traffic: DrawnTraffic;

  constructor(drawn: Drawn) {
    this.#drawn = drawn;
    const { chance, family, vip } = drawn;
    this.#places = drawPlaces(chance, family, drawn.isOdd);
    const isWild = chance.happens(0.12);
    this.#keys = [`-t ${bracketed(vip, isWild ? 0 : 80)}`, `-u ${bracketed(vip, isWild ? 0 : 53)}`];
    this.#services = this.#keys.map((key) => {
      const mask = family === 'inet' ? '255.255.255.0' : '64';
      const persists = isWild || chance.happens(0.3);
      const persistent = persists
        ? ` -p ${chance.pick([2, 50])}${chance.happens(0.3) ? ` -M ${mask}` : ''}`
        : '';
      const once = key.startsWith('-u') && !persists && chance.happens(0.2) ? ' -o' : '';
      return `ipvsadm -A ${key} -s ${chance.pick(SCHEDULERS)}${persistent}${once}`;
    });
    this.#traffic = new DrawnTraffic(drawn, this.#places);
  }

  async act(): Promise<void> {
    const { bench, chance, family } = this.#drawn;
    if (chance.happens(0.8)) {
      if (family === 'inet') bench.set('net.ipv4.icmp_ratelimit', 0);
      else bench.set('net.ipv6.icmp.ratelimit', 0);
    }
    for (const line of this.#services) bench.shell(line);
    for (const one of this.#places) for (const key of this.#keys) this.#add(one, key);
    for (const [name, values] of SETTINGS) {
      if (chance.happens(0.3)) bench.set(`net.ipv4.vs.${name}`, chance.pick<number>(values));
    }
    await bench.settle(30);
    for (let step = 0; step < STEPS; step++) {
      if (chance.happens(0.13)) this.#command();
      else this.#traffic.step();
      const sent = await bench.settle(chance.pick([20, 30, 30, 40, 60]));
      this.#traffic.note(sent);
      if (step % 6 === 5) bench.look();
    }
    if (this.#places.some(({ host }) => host === '77')) {
      await bench.settle(3500);
      bench.look();
    }
  }

  #end(one: Place, key: string): string {
    const isWild = key.endsWith(':0');
    const port = key.startsWith('-t') ? one.tcpPort : one.udpPort;
    return bracketed(one.address, isWild ? 0 : port);
  }

  #add(one: Place, key: string, change = '-a'): void {
    const { bench, chance } = this.#drawn;
    const weight = change === '-a' ? chance.pick([1, 1, 1, 2, 3]) : chance.pick([0, 0, 1, 2]);
    const limits = chance.happens(0.1)
      ? ` -x ${chance.pick([2, 4])} -y ${chance.pick([0, 1])}`
      : '';
    bench.shell(
      `ipvsadm ${change} ${key} -r ${this.#end(one, key)} ${one.method} -w ${weight}${limits}`,
    );
  }

  #command(): void {
    const { bench, chance } = this.#drawn;
    const one = chance.pick(this.#places);
    const key = chance.pick(this.#keys);
    const at = chance.between(0, 100);
    if (at < 18) bench.shell(`ipvsadm -d ${key} -r ${this.#end(one, key)}`);
    else if (at < 40) this.#add(one, key);
    else if (at < 65) this.#add(one, key, '-e');
    else if (at < 70) bench.shell(`ipvsadm -D ${key}`);
    else if (at < 78) bench.shell(this.#services[this.#keys.indexOf(key)] ?? '');
    else if (at < 82)
      bench.shell(`ipvsadm --set ${chance.pick(['0 0 0', '20 10 5', '900 120 300'])}`);
    else {
      const [name, values] = chance.pick(SETTINGS);
      bench.set(`net.ipv4.vs.${name}`, chance.pick<number>(values));
    }
  }
}
