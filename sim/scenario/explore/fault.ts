/**
 * The faults that a search draws: one row per kind, how it is drawn, and what begins and ends it in
 * the words of a scenario file. A new kind is one new row.
 */

import { type RandomSource, randomBelow } from '../../../daemon/base/random.ts';
import type { LanSpec } from '../../topology/lan-spec.ts';
import type { FileAction } from '../matrix/faults.ts';

/** What can be hit. */
export interface Targets {
  /** Hosts that run keepalived. */
  readonly routers: readonly string[];
  /** `NODE:PORT` of routers' cards that have a cable. */
  readonly cards: readonly string[];
  /** `SWITCH:PORT` at the other end of the cards, in the same order. */
  readonly ports: readonly string[];
  readonly switches: readonly string[];
  /** vrrp_scripts that the scenario answers: host and name. */
  readonly scripts: readonly { readonly host: string; readonly script: string }[];
}

/** One fault of a schedule. Moments in ms since the start. */
export interface Fault {
  readonly kind: string;
  readonly at: number;
  /** When it is repaired, at the latest at the end of the disturbance. */
  readonly until: number;
  readonly strike: FileAction;
  /** Absent: it ends by itself. */
  readonly heal?: FileAction;
}

/** What a row draws besides the moments. */
type Drawn = Pick<Fault, 'strike' | 'heal'>;

interface FaultKind {
  readonly name: string;
  /** `undefined`: there is nothing of that kind to hit. */
  draw(random: RandomSource, targets: Targets): Drawn | undefined;
}

function pick<T>(random: RandomSource, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : list[randomBelow(random, list.length)];
}

/** A kind that hits one of a list. */
function hitting(
  name: string,
  list: (targets: Targets) => readonly string[],
  drawn: (target: string, random: RandomSource) => Drawn,
): FaultKind {
  return {
    name,
    draw: (random, targets) => {
      const target = pick(random, list(targets));
      return target === undefined ? undefined : drawn(target, random);
    },
  };
}

const cards = (targets: Targets) => targets.cards;
const routers = (targets: Targets) => targets.routers;

/** All kinds, in the order of the documentation. */
export const FAULT_KINDS: readonly FaultKind[] = [
  hitting('cut', cards, (port) => ({ strike: { unplug: port }, heal: { replug: port } })),
  hitting('mute', cards, (port) => ({ strike: { mute: port }, heal: { unmute: port } })),
  hitting('one-way', cards, (cable, random) => ({
    strike: { 'one-way': { cable, dead: randomBelow(random, 2) === 0 ? 'out' : 'in' } },
    heal: { unmute: cable },
  })),
  hitting('loss', cards, (cable, random) => ({
    strike: { loss: { cable, rate: `${10 * (1 + randomBelow(random, 9))}%` } },
    heal: { loss: { cable, rate: '0%' } },
  })),
  hitting('delay', cards, (cable, random) => ({
    strike: { delay: { cable, by: `${50 * (1 + randomBelow(random, 60))}ms` } },
    heal: { delay: { cable, by: '0s' } },
  })),
  hitting('flap', cards, (cable, random) => ({
    strike: { flap: { cable, times: 1 + randomBelow(random, 4), down: '300ms', up: '500ms' } },
  })),
  hitting('power', routers, (host) => ({
    strike: { 'power-off': host },
    heal: { 'power-on': host },
  })),
  hitting('freeze', routers, (host) => ({ strike: { freeze: host }, heal: { resume: host } })),
  hitting('crash', routers, (host) => ({ strike: { kill: host }, heal: { restart: host } })),
  hitting('restart', routers, (host) => ({ strike: { restart: host } })),
  hitting('reload', routers, (host) => ({ strike: { reload: host } })),
  {
    name: 'script',
    draw: (random, targets) => {
      const found = pick(random, targets.scripts);
      if (found === undefined) return undefined;
      return { strike: { script: { ...found, exit: 1 } }, heal: { script: { ...found, exit: 0 } } };
    },
  },
  hitting('clock-jump', routers, (host, random) => ({
    strike: { 'clock-jump': { host, by: randomBelow(random, 2) === 0 ? '1h' : '-1h' } },
  })),
  hitting(
    'switch-reboot',
    (targets) => targets.switches,
    (name) => ({
      strike: { 'switch-off': name },
      heal: { 'switch-on': name },
    }),
  ),
  hitting(
    'mcast-filter',
    (targets) => targets.ports,
    (port) => ({
      strike: { 'mcast-filter': { port, on: true } },
      heal: { 'mcast-filter': { port, on: false } },
    }),
  ),
  hitting(
    'partition',
    (targets) => targets.ports,
    (port) => ({
      strike: { 'port-block': port },
      heal: { 'port-forward': port },
    }),
  ),
];

/** What of a LAN can be hit. */
export function targetsOf(lan: LanSpec): Targets {
  const isSwitch = new Set(lan.switches.map((one) => one.name));
  const runs = lan.hosts.filter((host) => host.enabledUnits.includes('keepalived'));
  const names = new Set(runs.map((host) => host.name));
  const found = lan.cables.flatMap(({ a, b }) => {
    const [near, far] = names.has(a.node) ? [a, b] : [b, a];
    if (!names.has(near.node) || !isSwitch.has(far.node)) return [];
    return [{ card: `${near.node}:${near.port}`, port: `${far.node}:${far.port}` }];
  });
  return {
    routers: [...names],
    cards: found.map((one) => one.card),
    ports: found.map((one) => one.port),
    switches: [...isSwitch],
    scripts: runs.flatMap((host) => host.scripts.map(([script]) => ({ host: host.name, script }))),
  };
}
