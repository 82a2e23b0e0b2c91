/** The key `traffic`: defaults filled in, the sending host checked. */

import { durationUs, later, seconds, TIME_ZERO, timeUs } from '../../daemon/base/time.ts';
import { type IpAddress, parseIp } from '../../daemon/wire/ip-address.ts';
import { ANY_IPV4 } from '../../daemon/wire/ipv4-address.ts';
import { parseHttpUrl } from '../programs/http-url.ts';
import type { Reading } from './reading.ts';
import type { HttpTrafficSpec, TrafficSpec } from './scenario.ts';
import { didYouMean } from './schema/did-you-mean.ts';
import type { RawScenario } from './schema/scenario-schema.ts';
import type { PathPart } from './yaml-source.ts';

/** ping(8): one request a second. */
const DEFAULT_EVERY = seconds(1);
/** A second is what users call "no answer"; ping's own -W is for the end only. */
const DEFAULT_TIMEOUT = seconds(1);
/** ping(8): 56 bytes of payload. */
const DEFAULT_SIZE = 56;
/** More than 100,000 requests a second are surely a slip of the pen. */
const SHORTEST_EVERY = durationUs(10);

const KINDS = ['ping', 'http', 'tcp', 'udp'] as const;

/** Stands for an address that could not be read; the problem was reported, so nothing runs. */
const NOWHERE: IpAddress = ANY_IPV4;

/** All traffic of a scenario, in file order. */
export function readTraffic(raw: RawScenario, reading: Reading): readonly TrafficSpec[] {
  return Object.entries(raw.traffic ?? {}).map(([name, from]): TrafficSpec => {
    const path = ['traffic', name];
    if (raw.lan.hosts[from.from] === undefined) {
      reading.report({
        code: 'scenario:unknown-host',
        path: [...path, 'from'],
        message: `there is no host '${from.from}'`,
        hint: didYouMean(from.from, Object.keys(raw.lan.hosts)),
      });
    }
    const every = from.every ?? DEFAULT_EVERY;
    if (every < SHORTEST_EVERY) {
      const message = 'every: expected at least 10us between two requests';
      reading.report({ code: 'scenario:bad-value', path: [...path, 'every'], message });
    }
    const common = {
      name,
      from: from.from,
      every,
      timeout: from.timeout ?? DEFAULT_TIMEOUT,
      start: from.start === undefined ? TIME_ZERO : timeUs(from.start),
      ...(from.stop === undefined ? {} : { stop: later(TIME_ZERO, from.stop) }),
      ...(from.concurrency === undefined ? {} : { concurrency: from.concurrency }),
    };
    const size = from.size ?? DEFAULT_SIZE;
    const kind = kindOf(from, path, reading);
    checkCompanions(from, kind, path, reading);
    if (kind === 'http') {
      return { ...common, kind, size: 0, ...readHttp(from.http ?? '', from, raw, path, reading) };
    }
    if (kind === 'ping') return { ...common, kind, to: from.ping ?? NOWHERE, size };
    const text = from[kind] ?? '';
    const { to, port } = readEndpoint(text, raw, [...path, kind], reading);
    const echo = { port, keepAlive: from['keep-alive'] ?? false };
    // An empty request has no answer that could be told from none.
    return { ...common, kind, to, echo, size: Math.max(1, size) };
  });
}

type RawTraffic = NonNullable<RawScenario['traffic']>[string];
type Kind = TrafficSpec['kind'];

/** Exactly one kind must be there. */
function kindOf(from: RawTraffic, path: readonly PathPart[], reading: Reading): Kind {
  const kinds = KINDS.filter((key) => from[key] !== undefined);
  if (kinds.length === 1 && kinds[0] !== undefined) return kinds[0];
  const message =
    kinds.length === 0
      ? 'expected what is sent: ping: ADDRESS, http: URL, tcp: or udp: ADDRESS:PORT'
      : `expected one of ping, http, tcp and udp, read ${kinds.join(' and ')}`;
  reading.report({ code: 'scenario:bad-value', path, message });
  return kinds[0] ?? 'ping';
}

/** Keys that only some kinds have. */
function checkCompanions(
  from: RawTraffic,
  kind: Kind,
  path: readonly PathPart[],
  reading: Reading,
): void {
  const report = (key: PathPart, message: string): void =>
    void reading.report({ code: 'scenario:bad-value', path: [...path, key], message });
  for (const key of ['keep-alive', 'concurrency'] as const) {
    if (kind !== 'ping' || from[key] === undefined) continue;
    report(key, `'${key}' goes with http, tcp and udp only`);
  }
  for (const key of ['expect-body', 'expect-status', 'insecure'] as const) {
    if (kind !== 'http' && from[key] !== undefined) report(key, `'${key}' goes with http only`);
  }
}

/** `ADDRESS:PORT`, `NAME:PORT`, `[IPV6]:PORT`. */
function readEndpoint(
  text: string,
  raw: RawScenario,
  path: readonly PathPart[],
  reading: Reading,
): { readonly to: IpAddress; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const to = parseIp(host) ?? raw.hosts?.[host];
  const port = Number(match?.[3] ?? 0);
  if (to !== undefined && port >= 1 && port <= 65_535) return { to, port };
  const message = `expected an address and a port such as '192.168.0.200:7', read '${text}'`;
  const isName = match !== null && to === undefined;
  const hint = isName ? { hint: `'${host}' is no address and not among the names of 'hosts'` } : {};
  reading.report({ code: 'scenario:bad-value', path, message, ...hint });
  return { to: NOWHERE, port: 1 };
}

/** The target of HTTP traffic; names are those of the scenario's `hosts`. */
function readHttp(
  text: string,
  from: RawTraffic,
  raw: RawScenario,
  path: readonly PathPart[],
  reading: Reading,
): { readonly to: IpAddress; readonly http: HttpTrafficSpec } {
  const url = parseHttpUrl(text);
  const isUrl = typeof url === 'object';
  const host = isUrl ? url.host : '';
  const to = parseIp(host) ?? raw.hosts?.[host];
  if (to === undefined) {
    reading.report({
      code: 'scenario:bad-value',
      path: [...path, 'http'],
      message: `expected a URL such as 'http://192.168.0.200/', read '${text}'`,
      ...(isUrl ? { hint: `'${host}' is no address and not among the names of 'hosts'` } : {}),
    });
  }
  return {
    to: to ?? NOWHERE,
    http: {
      url: text,
      port: isUrl ? url.port : 80,
      target: isUrl ? url.target : '/',
      authority: isUrl ? url.authority : '',
      keepAlive: from['keep-alive'] ?? false,
      ...(isUrl && url.scheme === 'https' ? { tls: tlsOf(url.host, from) } : {}),
      status: from['expect-status'] ?? 200,
      ...(from['expect-body'] === undefined ? {} : { body: from['expect-body'] }),
    },
  };
}

function tlsOf(host: string, from: RawTraffic) {
  const verify = from.insecure !== true;
  return parseIp(host) === undefined ? { verify, serverName: host } : { verify };
}
