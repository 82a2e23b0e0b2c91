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
    };
    if (from.http === undefined) {
      for (const key of ['keep-alive', 'expect-body', 'expect-status'] as const) {
        if (from[key] === undefined) continue;
        const message = `'${key}' goes with http only`;
        reading.report({ code: 'scenario:bad-value', path: [...path, key], message });
      }
      if (from.ping === undefined) {
        const message = 'expected what is sent: ping: ADDRESS or http: URL';
        reading.report({ code: 'scenario:bad-value', path, message });
      }
      const size = from.size ?? DEFAULT_SIZE;
      return { ...common, kind: 'ping', to: from.ping ?? NOWHERE, size };
    }
    if (from.ping !== undefined) {
      const message = 'expected one of ping and http, read both';
      reading.report({ code: 'scenario:bad-value', path, message });
    }
    return { ...common, kind: 'http', size: 0, ...readHttp(from.http, from, raw, path, reading) };
  });
}

/** The target of HTTP traffic; names are those of the scenario's `hosts`. */
function readHttp(
  text: string,
  from: NonNullable<RawScenario['traffic']>[string],
  raw: RawScenario,
  path: readonly PathPart[],
  reading: Reading,
): { readonly to: IpAddress; readonly http: HttpTrafficSpec } {
  const url = parseHttpUrl(text);
  const isUrl = typeof url === 'object' && url.scheme === 'http';
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
      status: from['expect-status'] ?? 200,
      ...(from['expect-body'] === undefined ? {} : { body: from['expect-body'] }),
    },
  };
}
