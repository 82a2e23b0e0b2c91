/** Draws recordings of checkers: a pool of servers with random checkers and paces, and what befalls them. The same number draws the same plan. */

import { type Chance, chanceOf } from '../chance.ts';
import {
  answers,
  type CheckerEvent,
  type CheckerPlan,
  cable,
  closed,
  conf,
  http,
  open,
  script,
} from './plan.ts';

const END_S = 80;
const FIRST_EVENT_S = 8;
const SORRY = '10.10.0.14 80';

interface DrawnServer {
  readonly octet: number;
  readonly kind: 'tcp' | 'http' | 'misc';
  readonly text: string;
}

/** The plan of a number. */
export function drawCheckerPlan(number: number): CheckerPlan {
  const chance = chanceOf(number);
  const path = `/run/k${number}.sh`;
  const count = chance.pick([1, 2, 2, 3, 3]);
  const servers = Array.from({ length: count }, (_, index) => drawServer(chance, 11 + index, path));
  const service = drawService(chance, count);
  const text = (list: readonly DrawnServer[], words: string) =>
    withWeights(
      chance,
      conf(
        words,
        list.map(({ octet, text: inner }) => [octet, inner] as const),
      ),
    );
  const isReloaded = chance.happens(0.25);
  const events = drawEvents(chance, servers, { path, isReloaded });
  const dead = chance.happens(0.3) ? chance.pick(servers) : undefined;
  const names = servers.map(({ octet, kind }) => `rs${octet - 10} ${kind}`).join(', ');
  return {
    id: `k${number}-drawn`,
    title: `drawn, number ${number}: ${names}; ${service.replaceAll(/\s+/g, ' ')}`,
    configs: [text(servers, service)],
    ...(isReloaded
      ? { second: text(drawOthers(chance, servers, path), drawService(chance, count)) }
      : {}),
    files: { [path]: '#!/bin/sh\nexit 0\n' },
    ...(dead === undefined
      ? {}
      : { before: [{ serve: [[nameOf(dead), 80, { kind: 'closed' }] as const] }] }),
    events:
      dead === undefined
        ? events
        : [...events, open(chance.between(20, 30), nameOf(dead))].sort((a, b) => a.at - b.at),
    end: END_S,
  };
}

const nameOf = ({ octet }: DrawnServer) => `rs${octet - 10}`;

/** Words that are there or not. */
function maybe(chance: Chance, probability: number, words: string): string {
  return chance.happens(probability) ? `\n    ${words}` : '';
}

function pace(chance: Chance): string {
  const retry = maybe(chance, 0.7, `retry ${chance.pick([0, 1, 2, 3])}`);
  const delay = maybe(chance, 0.7, `delay_before_retry ${chance.pick([1, 2, 3])}`);
  const warmup = maybe(chance, 0.25, `warmup ${chance.pick([0, 1, 4, 6])}`);
  return `${retry}${delay}${warmup}`;
}

function drawServer(chance: Chance, octet: number, path: string): DrawnServer {
  const kind = chance.pick(['tcp', 'tcp', 'http', 'http', 'misc'] as const);
  const timeout = `connect_timeout ${chance.pick([1, 2, 3])}`;
  const alpha = maybe(chance, 0.1, 'alpha');
  const tcp = `TCP_CHECK {\n    ${timeout}${pace(chance)}${alpha}\n    }`;
  const url = chance.pick(['path /\n status_code 200', 'path /', 'path /a\n status_code 200-299']);
  const web = http(url, `${timeout}${pace(chance)}${maybe(chance, 0.3, 'fast_recovery')}`);
  const misc = `MISC_CHECK {\n    misc_path ${path}${pace(chance)}${maybe(chance, 0.3, 'misc_dynamic')}\n    }`;
  const checkers = { tcp, http: web, misc }[kind];
  const inhibit = maybe(chance, 0.25, 'inhibit_on_failure').trim();
  return { octet, kind, text: inhibit === '' ? checkers : `${inhibit}\n    ${checkers}` };
}

/** After a reload: some of the servers as they were, some with another checker. */
function drawOthers(chance: Chance, servers: readonly DrawnServer[], path: string): DrawnServer[] {
  return servers.map((one) => (chance.happens(0.6) ? one : drawServer(chance, one.octet, path)));
}

function drawService(chance: Chance, count: number): string {
  const quorum = chance.pick([1, 1, 2, count]);
  return [
    `delay_loop ${chance.pick([1, 2, 3, 4, 5])}`,
    maybe(chance, 0.25, 'alpha'),
    maybe(chance, 0.25, 'omega'),
    maybe(chance, 0.3, `retry ${chance.pick([1, 2])}`),
    maybe(chance, 0.3, `delay_before_retry ${chance.pick([1, 2])}`),
    maybe(chance, 0.5, `quorum ${quorum}`),
    quorum > 1 ? maybe(chance, 0.5, 'hysteresis 1') : '',
    maybe(chance, 0.4, `sorry_server ${SORRY}`),
    maybe(chance, 0.3, 'quorum_up "/bin/true up"\n quorum_down "/bin/true down"'),
    maybe(chance, 0.2, 'inhibit_on_failure'),
  ]
    .map((words) => words.trim())
    .filter((words) => words !== '')
    .join('\n  ');
}

function withWeights(chance: Chance, text: string): string {
  return text.replaceAll('weight 1\n', () => `weight ${chance.pick([1, 1, 1, 2, 3])}\n`);
}

function drawEvents(
  chance: Chance,
  servers: readonly DrawnServer[],
  { path, isReloaded }: { readonly path: string; readonly isReloaded: boolean },
): CheckerEvent[] {
  const events: CheckerEvent[] = [];
  const ill = new Map<string, (at: number) => CheckerEvent>();
  let exit = 0;
  const reloadAt = isReloaded ? chance.between(25, 45) : Number.POSITIVE_INFINITY;
  let hasReloaded = false;
  for (
    let at = FIRST_EVENT_S + chance.between(0, 4);
    at < END_S - 10;
    at += chance.between(6, 14)
  ) {
    const moment = Number(at.toFixed(2));
    if (moment > reloadAt && !hasReloaded) {
      hasReloaded = true;
      events.push({ at: moment, text: 'SIGHUP, second file' });
      continue;
    }
    const server = chance.pick(servers);
    const name = nameOf(server);
    const cure = ill.get(name);
    if (server.kind === 'misc') {
      exit = exit === 0 ? chance.pick([1, 2, 5]) : 0;
      events.push(script(moment, path, exit));
    } else if (cure !== undefined) {
      events.push(cure(moment));
      ill.delete(name);
    } else {
      const [befall, heal] = drawIllness(chance, server, name);
      events.push(befall(moment));
      ill.set(name, heal);
    }
  }
  return events;
}

type EventAt = (at: number) => CheckerEvent;

function drawIllness(chance: Chance, { kind }: DrawnServer, name: string): [EventAt, EventAt] {
  const what = chance.pick(
    kind === 'tcp' ? (['closed', 'cable'] as const) : (['closed', 'status', 'cable'] as const),
  );
  switch (what) {
    case 'closed':
      return [(at) => closed(at, name), (at) => open(at, name)];
    case 'status':
      return [(at) => answers(at, name, 500), (at) => answers(at, name, 200)];
    default:
      return [(at) => cable(at, name, false), (at) => cable(at, name, true)];
  }
}
