/**
 * Draws recordings of all kinds of checkers at a person's pace: a pool of servers, some seconds between what befalls them, and a
 * reload that changes one thing. Numbers from 400 on; `plans-drawn.ts` draws those before. The same number draws the same plan.
 */

import { type Chance, chanceOf } from '../chance.ts';
import {
  answers,
  type CheckerEvent,
  type CheckerPlan,
  cable,
  closed,
  conf,
  daemon,
  http,
  open,
  pair,
  port,
  script,
} from './plan.ts';
import type { Behaviour } from './servers.ts';

const END_S = 84;
const FIRST_EVENT_S = 9;
const KINDS = ['tcp', 'http', 'misc', 'smtp', 'dns', 'udp', 'ping', 'file'] as const;
type Kind = (typeof KINDS)[number];

/** A server with its checker, and how it is made ill and well. */
interface DrawnServer {
  readonly octet: number;
  readonly name: string;
  readonly kind: Kind;
  readonly text: string;
  readonly before: readonly (readonly [string, number, Behaviour])[];
}

/** Files and scripts are a plan's own: two are recorded at once. */
interface Files {
  readonly script: string;
  readonly file: string;
}

/** The plan of a number from 400 on. */
export function drawKindsPlan(number: number): CheckerPlan {
  const chance = chanceOf(number);
  return number % 5 === 4 ? drawPair(chance, number) : drawPool(chance, number);
}

function drawPool(chance: Chance, number: number): CheckerPlan {
  const files = { script: `/run/k${number}.sh`, file: `/run/k${number}.txt` };
  const servers = Array.from({ length: chance.pick([2, 3, 3]) }, (_, index) =>
    drawServer(chance, 11 + index, files),
  );
  const weights = servers.map(() => chance.pick([1, 1, 2, 3]));
  const first = pool(drawService(chance, servers.length), servers, { weights, files });
  const isReloaded = chance.happens(0.6);
  const events = drawEvents(chance, servers, { files, isReloaded });
  const kinds = servers.map(({ name, kind }) => `${name} ${kind}`).join(', ');
  return {
    id: `k${number}-drawn`,
    title: `drawn, number ${number}: ${kinds}`,
    configs: [first],
    ...(isReloaded ? { second: changeOne(chance, first) } : {}),
    files: { [files.script]: '#!/bin/sh\nexit 0\n', [files.file]: '0\n' },
    before: [{ serve: servers.flatMap(({ before }) => before) }],
    events,
    end: END_S,
  };
}

/** Two directors; the first goes, and comes again. */
function drawPair(chance: Chance, number: number): CheckerPlan {
  const service = `delay_loop ${chance.pick([2, 3])}${maybe(chance, 0.6, 'ha_suspend')}${maybe(chance, 0.4, 'sorry_server 10.10.0.14 80')}${maybe(chance, 0.3, 'alpha')}`;
  const timeout = `connect_timeout ${chance.pick([1, 2])}${pace(chance)}`;
  const isHttp = chance.happens(0.4);
  const checker = isHttp
    ? http('path /\n status_code 200', timeout)
    : `TCP_CHECK {\n    ${timeout}\n    }`;
  const [gone, back] = chance.pick([
    [cutOff(22, false), cutOff(42, true)],
    [daemon(22, 1, 'SIGTERM'), daemon(42, 1, 'start')],
    [daemon(22, 1, 'SIGKILL'), daemon(42, 1, 'start')],
  ] as const);
  const length = service.includes('ha_suspend') ? 32 : 24;
  return {
    id: `v${number}-drawn`,
    title: `drawn, number ${number}: two directors, ${service.replaceAll(/\s+/g, ' ')}`,
    configs: pair(service, checker, { length }),
    events: [closed(12, 'rs1'), gone, open(32, 'rs1'), back, closed(54, 'rs2')],
    end: 68,
  };
}

const cutOff = (at: number, isIn: boolean): CheckerEvent => ({
  at,
  text: `director 1 ${isIn ? '' : 'un'}plugged`,
  cable: ['d1', isIn],
});

/** Words that are there or not. */
function maybe(chance: Chance, probability: number, words: string): string {
  return chance.happens(probability) ? `\n    ${words}` : '';
}

function pace(chance: Chance): string {
  return [
    maybe(chance, 0.6, `retry ${chance.pick([0, 1, 2, 3])}`),
    maybe(chance, 0.6, `delay_before_retry ${chance.pick([1, 2, 3])}`),
    maybe(chance, 0.3, `warmup ${chance.pick([0, 1, 5])}`),
    maybe(chance, 0.15, 'log_all_failures'),
  ].join('');
}

function drawServer(chance: Chance, octet: number, files: Files): DrawnServer {
  const kind = chance.pick(KINDS);
  const name = `rs${octet - 10}`;
  const timing = `connect_timeout ${chance.pick([1, 2, 3])}${pace(chance)}`;
  const alone = pace(chance).trim();
  const texts: Readonly<Record<Kind, string>> = {
    tcp: `TCP_CHECK {\n    ${timing}\n    }`,
    http: http(chance.pick(['path /', 'path /a\n status_code 200']), timing),
    misc: `MISC_CHECK {\n    misc_path ${files.script}\n    misc_dynamic\n    ${alone}\n    }`,
    smtp: `SMTP_CHECK {\n    connect_port 25\n    ${timing}${maybe(chance, 0.4, 'helo_name twin.example.test')}\n    }`,
    dns: `DNS_CHECK {\n    type ${chance.pick(['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'])}\n    name ${chance.pick(['www.example.test', 'example.test', '.'])}\n    ${timing}\n    connect_port 53\n    }`,
    udp: `UDP_CHECK {\n    connect_port 5353\n    payload 70696e67\n    ${timing}${maybe(chance, 0.5, 'require_reply 706f6e67')}\n    }`,
    ping: `PING_CHECK {\n    ${timing}\n    }`,
    file: `FILE_CHECK {\n    track_file f1\n    weight ${chance.pick(['0', '1', '2', '2 reverse'])}\n    }`,
  };
  const inhibit = maybe(chance, 0.25, 'inhibit_on_failure').trim();
  const behaviours: Partial<Record<Kind, readonly [number, Behaviour]>> = {
    smtp: [25, { kind: 'smtp', banner: '220 hello' }],
    dns: [53, { kind: 'dns', rcode: 0, answers: 1 }],
    udp: [5353, { kind: 'udp', reply: 'pong' }],
  };
  const own = behaviours[kind];
  const text = texts[kind];
  return {
    octet,
    name,
    kind,
    text: inhibit === '' ? text : `${inhibit}\n    ${text}`,
    before: own === undefined ? [] : [[name, ...own] as const],
  };
}

function drawService(chance: Chance, count: number): string {
  const quorum = chance.pick([1, 2, count]);
  return [
    `delay_loop ${chance.pick([2, 3, 4])}`,
    maybe(chance, 0.3, 'alpha'),
    maybe(chance, 0.25, 'omega'),
    maybe(chance, 0.25, `retry ${chance.pick([1, 2])}`),
    `quorum ${quorum}`,
    quorum > 1 ? maybe(chance, 0.6, 'hysteresis 1') : '',
    maybe(chance, 0.5, 'sorry_server 10.10.0.14 80'),
    maybe(chance, 0.3, 'quorum_up "/bin/true up"\n quorum_down "/bin/true down"'),
    maybe(chance, 0.2, 'inhibit_on_failure'),
  ]
    .map((words) => words.trim())
    .filter((words) => words !== '')
    .join('\n  ');
}

function pool(
  service: string,
  servers: readonly DrawnServer[],
  { weights, files }: { readonly weights: readonly number[]; readonly files: Files },
): string {
  let place = 0;
  return conf(
    service,
    servers.map(({ octet, text }) => [octet, text] as const),
    `track_file f1 {\n  file ${files.file}\n  init_file 0\n}\n`,
  ).replaceAll('weight 1\n', () => `weight ${weights[place++] ?? 1}\n`);
}

/** The file with one thing changed. */
function changeOne(chance: Chance, text: string): string {
  const changes: readonly [RegExp, string][] = [
    [/delay_loop \d+/, 'delay_loop 5'],
    [/lb_algo rr/, 'lb_algo wlc'],
    [/quorum \d+\n/, 'quorum 1\n'],
    [/\n\s*sorry_server \S+ 80/, ''],
    [/protocol TCP/, 'protocol TCP\n  sorry_server 10.10.0.13 80'],
    [/protocol TCP/, 'protocol TCP\n  persistence_timeout 50'],
    [/\n\s*alpha\n/, '\n'],
    [/\n\s*inhibit_on_failure\n/, '\n'],
    [/connect_timeout \d+/, 'connect_timeout 4'],
    [/retry \d+/, 'retry 4'],
    [/(real_server 10\.10\.0\.11 80 \{\n\s*)weight \d+/, '$1weight 9'],
    [/(real_server 10\.10\.0\.)12( 80)/, '$114$2'],
  ];
  const possible = changes.filter(([from]) => from.test(text));
  const [from, to] = chance.pick(possible);
  return text.replace(from, to);
}

function drawEvents(
  chance: Chance,
  servers: readonly DrawnServer[],
  { files, isReloaded }: { readonly files: Files; readonly isReloaded: boolean },
): CheckerEvent[] {
  const events: CheckerEvent[] = [];
  const ill = new Map<string, EventAt>();
  const reloadAt = isReloaded ? chance.between(25, 50) : Number.POSITIVE_INFINITY;
  let hasReloaded = false;
  let at = FIRST_EVENT_S + chance.between(0, 4);
  for (; at < END_S - 12; at += chance.between(7, 14)) {
    const moment = Number(at.toFixed(2));
    if (moment > reloadAt && !hasReloaded) {
      hasReloaded = true;
      events.push({ at: moment, text: 'SIGHUP, second file' });
      continue;
    }
    const server = chance.pick(servers);
    const cure = ill.get(server.name);
    const [befall, heal] = cure === undefined ? drawIllness(chance, server, files) : [cure];
    events.push(befall(moment));
    if (heal === undefined) ill.delete(server.name);
    else ill.set(server.name, heal);
  }
  return events;
}

type EventAt = (at: number) => CheckerEvent;

function drawIllness(
  chance: Chance,
  { name, kind }: DrawnServer,
  files: Files,
): readonly [EventAt, EventAt] {
  const own = (number: number, text: string, behaviour: Behaviour): EventAt => {
    return (at) => port(at, `${name}: ${text}`, [name, number, behaviour]);
  };
  const filed = (value: number): EventAt => {
    return (at) => ({
      at,
      text: `file ${files.file} ${value}`,
      file: [files.file, `${value}\n`],
    });
  };
  const unplugged = [
    (at: number) => cable(at, name, false),
    (at: number) => cable(at, name, true),
  ] as const;
  const closedAndOpen = [(at: number) => closed(at, name), (at: number) => open(at, name)] as const;
  switch (kind) {
    case 'tcp':
      return chance.pick([closedAndOpen, unplugged]);
    case 'http':
      return chance.pick([
        closedAndOpen,
        unplugged,
        [(at: number) => answers(at, name, 503), (at: number) => answers(at, name, 200)] as const,
      ]);
    case 'misc': {
      const code = chance.pick([1, 2, 4, 12]);
      return [(at) => script(at, files.script, code), (at) => script(at, files.script, 0)];
    }
    case 'smtp': {
      const well = own(25, 'smtp 25 says 220 hello', { kind: 'smtp', banner: '220 hello' });
      const no = own(25, 'smtp 25 says 554 no', { kind: 'smtp', banner: '554 no' });
      return chance.pick([[no, well] as const, [own(25, 'smtp 25 closed', CLOSED), well] as const]);
    }
    case 'dns': {
      const well = own(53, 'dns 53 rcode 0 answers 1', { kind: 'dns', rcode: 0, answers: 1 });
      const bad = chance.pick([
        own(53, 'dns 53 rcode 2 answers 0', { kind: 'dns', rcode: 2, answers: 0 }),
        own(53, 'dns 53 rcode 0 answers 0', { kind: 'dns', rcode: 0, answers: 0 }),
        own(53, 'dns 53 is mute', { kind: 'dns', rcode: 0, answers: 0, mute: true }),
        own(53, 'dns 53 closed', CLOSED),
      ]);
      return [bad, well];
    }
    case 'udp': {
      const well = own(5353, 'udp 5353 answers pong', { kind: 'udp', reply: 'pong' });
      const bad = chance.pick([
        own(5353, 'udp 5353 answers gong', { kind: 'udp', reply: 'gong' }),
        own(5353, 'udp 5353 closed', CLOSED),
        own(5353, 'udp 5353 is mute', { kind: 'udp', reply: undefined }),
      ]);
      return [bad, well];
    }
    case 'ping':
      return unplugged;
    case 'file':
      return [filed(chance.pick([1, -1, 3, -254, 254])), filed(0)];
  }
}

const CLOSED = { kind: 'closed' } as const;
