/**
 * `--resolve HOST:PORT:ADDRESS[,ADDRESS]` gives a name an address of its own, `--connect-to HOST1:PORT1:HOST2:PORT2` asks another host
 * than the URL says; the request says what the URL says. Source: curl 7.88.1, lib/hostip.c (Curl_loadhostpairs), lib/url.c.
 */

import { type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';

/** What both say. */
export interface CurlPlaces {
  /** By `host:port`; `*` as host is any. */
  readonly resolved: ReadonlyMap<string, readonly IpAddress[]>;
  /** The entries as written, for -v. */
  readonly entries: readonly string[];
  /** An entry that cannot be read: the transfer fails. */
  readonly unreadable: string | undefined;
  readonly instead: readonly Instead[];
}

/** Empty parts are any host and port before, and the URL's own behind. */
interface Instead {
  readonly host: string;
  readonly port: string;
  readonly toHost: string;
  readonly toPort: string;
}

/** Reads the values of both options. */
export function readPlaces(resolve: readonly string[], connectTo: readonly string[]): CurlPlaces {
  const resolved = new Map<string, readonly IpAddress[]>();
  let unreadable: string | undefined;
  for (const entry of resolve) {
    const [, host = '', port = '', list = ''] = /^\+?(\*|[^:]+):(\d{1,5}):(.+)$/.exec(entry) ?? [];
    const addresses = list.split(',').map((each) => parseIp(each.replace(/^\[|\]$/g, '')));
    const known = addresses.filter((each) => each !== undefined);
    if (host === '' || known.length < addresses.length) unreadable ??= entry;
    else resolved.set(`${host.toLowerCase()}:${port}`, known);
  }
  const instead = connectTo.flatMap((entry) => {
    const match = /^(\[[^\]]*\]|[^:]*):(\d*):(\[[^\]]*\]|[^:]*):(\d*)$/.exec(entry);
    if (match === null) return [];
    const [, host = '', port = '', toHost = '', toPort = ''] = match;
    return [{ host: bare(host), port, toHost: bare(toHost), toPort }];
  });
  return { resolved, entries: resolve, unreadable, instead };
}

/** The addresses that --resolve gives a name. */
export function resolvedBy(
  places: CurlPlaces,
  host: string,
  port: number,
): readonly IpAddress[] | undefined {
  const { resolved } = places;
  return resolved.get(`${host.toLowerCase()}:${port}`) ?? resolved.get(`*:${port}`);
}

/** Where --connect-to leads; absent parts are the URL's. */
export function insteadOf(
  places: CurlPlaces,
  host: string,
  port: number,
): { readonly host?: string; readonly port?: number } {
  const found = places.instead.find(
    (each) =>
      (each.host === '' || each.host.toLowerCase() === host.toLowerCase()) &&
      (each.port === '' || Number(each.port) === port),
  );
  if (found === undefined) return {};
  return {
    ...(found.toHost === '' ? {} : { host: found.toHost }),
    ...(found.toPort === '' ? {} : { port: Number(found.toPort) }),
  };
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
