/** `virtual_server`: the service, its defaults for servers, its quorum and sorry server. */

import { familyOf, formatIp, type IpFamily } from '../../wire/ip-address.ts';
import { parseIpv4 } from '../../wire/ipv4-address.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import type { VirtualServerDraft } from '../lvs-draft.ts';
import { readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { nearest } from '../suggest.ts';
import { readAddress, readPort, readScript } from './arguments.ts';
import { readMethod, takeTimer } from './lvs-arguments.ts';
import { newServer, realServerRow } from './real-server.ts';

type Words = readonly string[];

/** Schedulers that 2.2.7 takes. */
export const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'sh',
  'mh',
  'dh',
  'fo',
  'ovf',
  'lblcr',
  'sed',
  'nq',
  'twos',
] as const;

/** IPVS_SVC_PERSISTENT_TIMEOUT. */
export const PERSISTENCE_DEFAULT_S = 360;

/** LVS_MAX_TIMEOUT: 31 days. */
const PERSISTENCE_MAX_S = 2_678_400;

/** IPVS_WEIGHT_LIMIT of 2.2.7. */
export const WEIGHT_MAX = 2_147_483_647;

function part(
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, server: VirtualServerDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    if (context.virtualServer !== undefined) apply(context, context.virtualServer, words);
  });
}

const schedulerRows: readonly KeywordRow[] = [
  ...['lb_algo', 'lvs_sched'].map((keyword) =>
    part(`${keyword} SCHEDULER`, 'P1', (context, server, words) => {
      const word = context.word(words, 1);
      if ((SCHEDULERS as readonly string[]).includes(word)) server.scheduler = word;
      else {
        const text = `Invalid lvs_scheduler '${word}' - ignoring`;
        const near = nearest(word, SCHEDULERS);
        const hint =
          near === undefined ? `one of ${SCHEDULERS.join(' ')}` : `did you mean ${near}?`;
        context.complain('bad-scheduler', text, { word, hint });
      }
    }),
  ),
  ...['hashed', 'ops', 'flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port'].map(
    flagRow,
  ),
  flagRow('mh-fallback'),
  ...['lb_kind', 'lvs_method'].map((keyword) =>
    part(`${keyword} NAT|DR|TUN [type TYPE] …`, 'P1', (context, server, words) => {
      const method = readMethod(context, words, 'virtual');
      if (method !== undefined) server.method = method;
    }),
  ),
  part('protocol TCP|UDP|SCTP', 'P1', (context, server, words) => {
    const word = context.word(words, 1);
    const upper = word.toUpperCase();
    if (upper === 'TCP' || upper === 'UDP' || upper === 'SCTP') server.protocol = upper;
    else {
      const text = `Unknown protocol ${word} - ignoring`;
      context.complain('bad-protocol', text, { word, hint: 'write TCP, UDP or SCTP' });
    }
  }),
  part('persistence_timeout [SECONDS]', 'P1', (context, server, words) => {
    if (words[1] === undefined) {
      server.persistenceS = PERSISTENCE_DEFAULT_S;
      return;
    }
    const text = 'persistence_timeout invalid';
    const result = context.unsigned(words, { least: 1, most: PERSISTENCE_MAX_S, text });
    if (result.usable) server.persistenceS = result.value;
  }),
  part('persistence_granularity MASK', 'P2', takeGranularity),
  part('persistence_engine NAME', 'P2', (context, server, words) => {
    const name = context.word(words, 1);
    if (name.length > 16) {
      const text = `persistence_name too long, truncating - ${name}`;
      context.complain('too-long', text, { word: name });
    }
    server.persistenceEngine = name.slice(0, 16);
  }),
  part('ip_family inet|inet6', 'P2', (context, server, words) => {
    const word = context.word(words, 1);
    if (word !== 'inet' && word !== 'inet6') {
      context.complain('bad-family', `unknown address family ${word}`, { word });
    } else if (server.family !== undefined && server.family !== word) {
      const text = `Virtual server specified family ${word} conflicts with server family`;
      context.complain('bad-family', text, { word });
    } else server.family = word;
  }),
];

const timerRows: readonly KeywordRow[] = [
  part('retry COUNT', 'P1', (context, server, words) => {
    const text = `retry value invalid - ${words[1]}`;
    const result = context.unsigned(words, { least: 1, most: UNSIGNED_MAX, text });
    if (result.usable) server.retry = result.value;
  }),
  part('delay_before_retry SECONDS', 'P1', (context, target, words) => {
    const text = `virtual server delay before retry '${words[1]}' invalid - ignoring`;
    takeTimer(context, words, { target, field: 'delayBeforeRetryUs', text });
  }),
  part('warmup SECONDS', 'P2', (context, target, words) => {
    const text = `virtual server warmup '${words[1]}' invalid - ignoring`;
    takeTimer(context, words, { target, field: 'warmupUs', text });
  }),
  part('connect_timeout SECONDS', 'P1', (context, target, words) => {
    const text = `virtual server connect_timeout ${words[1]} invalid - ignoring`;
    takeTimer(context, words, { target, field: 'connectTimeoutUs', text });
  }),
  part('delay_loop SECONDS', 'P1', (context, target, words) => {
    const text = `virtual server delay loop '${words[1]}' invalid - ignoring`;
    takeTimer(context, words, { target, field: 'delayLoopUs', text });
  }),
];

const quorumRows: readonly KeywordRow[] = [
  part('alpha', 'P2', (_context, server) => {
    server.alpha = true;
  }),
  part('omega', 'P2', (_context, server) => {
    server.omega = true;
  }),
  scriptRow('quorum_up', 'quorumUp'),
  scriptRow('quorum_down', 'quorumDown'),
  part('quorum COUNT', 'P2', (context, server, words) => {
    const text = `Quorum ${words[1]} must be in [1, ${UNSIGNED_MAX}]. Setting to 1.`;
    const result = context.unsigned(words, { least: 1, most: UNSIGNED_MAX, lenient: true, text });
    server.quorum = result.usable ? result.value : 1;
    server.tested.quorum = result.complained ? 1 : result.value;
  }),
  part('hysteresis COUNT', 'P2', (context, server, words) => {
    const text = `Hysteresis ${words[1]} must be in [0, ${UNSIGNED_MAX}] - ignoring`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    if (result.usable) server.hysteresis = result.value;
    if (!result.complained) server.tested.hysteresis = result.value;
  }),
  part('weight COUNT', 'P2', (context, server, words) => {
    const text = `Virtual server weight ${words[1]} is outside range 1-${WEIGHT_MAX}`;
    const result = context.unsigned(words, { least: 1, most: WEIGHT_MAX, lenient: true, text });
    if (result.usable) server.weight = result.value;
  }),
  part('inhibit_on_failure', 'P2', (_context, server) => {
    server.inhibit = true;
  }),
  part('ha_suspend', 'P2', (_context, server) => {
    server.haSuspend = true;
  }),
  part('smtp_alert [BOOL]', 'P2', (context, server, words) => {
    const text = `Invalid virtual_server smtp_alert parameter ${words[1]}`;
    const value = context.boolean(words, text);
    if (value !== undefined) server.smtpAlert = value;
  }),
  part('virtualhost NAME', 'P2', (context, server, words) => {
    if (words[1] === undefined) {
      context.complain('missing-value', 'virtual server virtualhost missing');
    } else server.virtualHost = words[1];
  }),
  part('snmp_name NAME', 'P3', (context, server, words) => {
    if (words[1] === undefined || words.length !== 2) {
      const text = 'virtual server snmp_name missing or extra parameters';
      context.complain('missing-value', text);
    } else server.snmpName = words[1];
  }),
];

const sorryRows: readonly KeywordRow[] = [
  part('sorry_server ADDRESS [PORT]', 'P1', (context, server, words) => {
    const word = context.word(words, 1);
    const address = readAddress(word);
    const port = readPort(context, words[2]);
    if (address === undefined || port === undefined) {
      const text = `Invalid sorry server IP address ${word} - skipping`;
      context.complain('bad-address', text, { word });
      return;
    }
    server.sorry = newServer(context, server, { address, port });
  }),
  part('sorry_server_inhibit', 'P2', (context, server) => {
    if (server.sorry !== undefined) server.sorry.inhibit = true;
    else {
      const text = 'Ignoring sorry_server inhibit used before or without sorry_server';
      context.complain('order', text);
    }
  }),
  part('sorry_server_lvs_method NAT|DR|TUN', 'P2', (context, server, words) => {
    if (server.sorry === undefined) {
      context.complain('order', 'sorry_server forwarding used without sorry_server');
      return;
    }
    const method = readMethod(context, words, 'sorry');
    if (method !== undefined) server.sorry.method = method;
  }),
];

/** The block virtual_server. */
export const virtualServerRow: KeywordRow = row(
  'virtual_server ADDRESS PORT | fwmark N | group NAME { … }',
  'P1',
  openService,
  {
    processes: ['checkers'],
    block: [...schedulerRows, ...timerRows, ...quorumRows, ...sorryRows, realServerRow],
    end: closeService,
  },
);

function flagRow(keyword: string): KeywordRow {
  return part(keyword, 'P2', (context, server) => {
    const scheduler = server.scheduler ?? '';
    const free = keyword === 'ops' || keyword.startsWith('flag-');
    const fits = keyword.startsWith(`${scheduler}-`);
    if (free || (fits && scheduler !== '')) server.flags.add(keyword);
    else if (scheduler !== 'sh' && scheduler !== 'mh') {
      const text = `${keyword} only applies to sh scheduler - ignoring`;
      context.complain('bad-flag', text, { word: keyword });
    }
  });
}

function scriptRow(keyword: string, field: 'quorumUp' | 'quorumDown'): KeywordRow {
  return part(`${keyword} COMMAND [USER [GROUP]]`, 'P2', (context, server, words) => {
    if (server[field] !== undefined) {
      const word = context.word(words, 1);
      if (context.reporter.ended) return;
      const text = `(${server.group ?? '(null)'}) ${keyword} script already specified - ignoring ${word}`;
      context.complain('duplicate', text, { word });
      return;
    }
    const script = readScript(context);
    if (script !== undefined) server[field] = script;
  });
}

function openService(context: ParseContext, words: Words): void {
  context.virtualServer = undefined;
  const first = context.word(words, 1);
  if (context.reporter.ended) return;
  const key = first === 'group' ? { group: context.word(words, 2) } : serviceKey(context, words);
  if (key === undefined || context.reporter.ended) {
    context.skipBlock(true);
    return;
  }
  context.virtualServer = {
    at: context.reporter.location,
    port: 0,
    ...key,
    flags: new Set(),
    persistenceS: 0,
    haSuspend: false,
    alpha: false,
    omega: false,
    inhibit: false,
    quorum: 1,
    hysteresis: 0,
    tested: { quorum: 1, hysteresis: 0 },
    weight: 1,
    connectTimeoutUs: 5_000_000,
    delayLoopUs: 60_000_000,
    servers: [],
  };
  context.lvs.virtualServers.push(context.virtualServer);
  context.reporter.skippedByTest = context.virtualServer.onlyRunning === true;
}

function serviceKey(
  context: ParseContext,
  words: Words,
):
  | (Pick<VirtualServerDraft, 'address' | 'port' | 'fwmark' | 'onlyRunning'> & {
      family?: IpFamily;
    })
  | undefined {
  const first = words[1] as string;
  if (first === 'fwmark') {
    const word = context.word(words, 2);
    const range = { least: 0, most: UNSIGNED_MAX, lenient: true };
    const result = readUnsigned(word, range, context.reporter);
    if (result.complained) {
      const text = `virtual server fwmark '${word}' must be in [0, ${UNSIGNED_MAX}] - ignoring`;
      context.complain('bad-value', text, { word });
    }
    if (!result.usable) return undefined;
    return { fwmark: result.value, port: 0, onlyRunning: result.complained };
  }
  const port = readPort(context, words[2]);
  const address = readAddress(first);
  if (address === undefined || port === undefined) {
    const given = words[2] !== undefined && !/^0*$/.test(words[2]);
    const what = given ? `/port ${first}/${words[2]}` : ` ${first}`;
    const text = `Invalid virtual server IP address${what} - skipping`;
    context.complain('bad-address', text, { word: first });
    return undefined;
  }
  return { address, port, family: familyOf(address) };
}

function closeService(context: ParseContext): void {
  const server = context.virtualServer;
  context.virtualServer = undefined;
  if (server === undefined) return;
  context.reporter.skippedByTest = false;
  const { sorry } = server;
  if (sorry !== undefined && sorry.method?.kind !== 'TUN') {
    const family = familyOf(sorry.address);
    server.family ??= family;
    if (server.family !== family) {
      const text =
        `Address family of virtual server and sorry server ${formatIp(sorry.address)}` +
        " don't match - skipping sorry server.";
      context.complain('bad-family', text);
      delete server.sorry;
    }
  }
  if (server.family !== undefined || server.group !== undefined) return;
  const families = new Set(
    [server.sorry, ...server.servers].flatMap((one) => {
      return one === undefined ? [] : [familyOf(one.address)];
    }),
  );
  server.family = families.size === 1 && families.has('inet6') ? 'inet6' : 'inet';
}

function takeGranularity(context: ParseContext, server: VirtualServerDraft, words: Words): void {
  const word = context.word(words, 1);
  const family = server.family ?? (word.includes('.') ? 'inet' : 'inet6');
  if (family === 'inet6') {
    const text = `Invalid IPv6 persistence_granularity specified - ${word}`;
    const result = context.unsigned(words, { least: 1, most: 128, text });
    if (!result.usable) return;
    server.granularity = { family, value: result.value };
  } else {
    const mask = looseIpv4(word);
    if (mask === undefined) {
      const text = `Invalid IPv4 persistence_granularity specified - ${word}`;
      context.complain('bad-value', text, { word });
      return;
    }
    server.granularity = { family, value: mask };
  }
  server.family ??= family;
  if (server.persistenceS === 0) server.persistenceS = PERSISTENCE_DEFAULT_S;
}

/** An address in any form that getaddrinfo takes: `255.255.255` is 255.255.0.255. */
function looseIpv4(word: string): number | undefined {
  const strict = parseIpv4(word);
  if (strict !== undefined) return strict;
  const parts = word.split('.');
  if (parts.length > 4 || parts.some((one) => !/^\d+$/.test(one))) return undefined;
  const numbers = parts.map(Number);
  const last = numbers.pop() as number;
  if (numbers.some((one) => one > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
  return numbers.reduce((value, one, index) => value + one * 256 ** (3 - index), last);
}
