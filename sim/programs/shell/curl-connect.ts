/** Where curl connects to, and from where. Source: curl 7.88.1. */

import { textOfErrnoName } from '../../../daemon/base/errno.ts';
import { formatIp, type IpAddress, isIpv4, parseIp } from '../../../daemon/wire/ip-address.ts';
import { HttpConnection } from '../http-client.ts';
import type { HttpUrl } from '../http-url.ts';
import { type TlsClient, tlsRandom } from '../tls-socket.ts';
import type { CurlOptions } from './curl-options.ts';
import { insteadOf, resolvedBy } from './curl-places.ts';
import type { CurlTrace } from './curl-trace.ts';
import type { CommandIo } from './shell-command.ts';

/** What came of the wish to connect. */
export interface CurlOpening {
  /** Where the connection was to lead, and what is said of it. */
  readonly asked: HttpUrl;
  readonly shown: HttpUrl;
  readonly address?: IpAddress;
  readonly result:
    | HttpConnection
    | { readonly kind: 'unresolved' }
    | { readonly kind: 'unbound'; readonly text: string }
    | { readonly kind: 'unconnected'; readonly error: string };
}

/** Looks the host up and begins to connect. */
export function openConnection(
  url: HttpUrl,
  { io, options, trace }: { io: CommandIo; options: CurlOptions; trace: CurlTrace },
): CurlOpening {
  const { machine } = io;
  const { flags, places } = options;
  const instead = insteadOf(places, url.host, url.port);
  if (instead.host !== undefined) trace.note(`Connecting to hostname: ${instead.host}`);
  if (instead.port !== undefined) trace.note(`Connecting to port: ${instead.port}`);
  const { host, port } = { host: url.host, port: url.port, ...instead };
  const asked = { ...url, host, port };
  // curl 7.88.1 has lost the name then, as seen.
  const shown = { ...asked, host: instead.host === undefined ? url.host : '(nil)' };
  const given = resolvedBy(places, host, port);
  if (given !== undefined) trace.note(`Hostname ${host} was found in DNS cache`);
  const address = (given ?? machine.resolve(host)).find((each) =>
    isIpv4(each) ? !flags.has('ipv6') : !flags.has('ipv4'),
  );
  if (address === undefined) return { asked, shown, result: { kind: 'unresolved' } };
  const opening = { asked, shown, address };
  trace.trying(address, port);
  const source = sourceOf(io, options.from);
  if (typeof source === 'string') {
    trace.note(`Could not resolve host: ${options.from}`);
    return { ...opening, result: { kind: 'unbound', text: source } };
  }
  const connection = HttpConnection.open({
    kernel: machine.kernel,
    address,
    port,
    ...source,
    ...(url.scheme === 'https' ? { tls: tlsOf(io, options, url) } : {}),
    now: () => machine.now(),
  });
  if (connection === 'EADDRNOTAVAIL' && source.from !== undefined) {
    const own = formatIp(source.from.address);
    const family = isIpv4(source.from.address) ? 2 : 10;
    trace.note(`Name '${own}' family ${family} resolved to '${own}' family ${family}`);
    const text = `bind failed with errno 99: ${textOfErrnoName(connection)}`;
    return { ...opening, result: { kind: 'unbound', text } };
  }
  if (typeof connection !== 'string') return { ...opening, result: connection };
  trace.unconnected(asked, address, { error: connection, atOnce: true });
  return { ...opening, result: { kind: 'unconnected', error: connection } };
}

function tlsOf(io: CommandIo, options: CurlOptions, url: HttpUrl): TlsClient {
  const random = tlsRandom(io.machine, 'curl');
  const verify = !options.flags.has('insecure');
  return { random, verify, ...(parseIp(url.host) === undefined ? { serverName: url.host } : {}) };
}

/** --interface: an address or a card. */
function sourceOf(
  io: CommandIo,
  from: string | undefined,
): { from?: { address: IpAddress }; link?: string } | string {
  if (from === undefined) return {};
  const address = parseIp(from);
  if (address !== undefined) return { from: { address } };
  return io.machine.kernel.link(from) === undefined ? `Couldn't bind to '${from}'` : { link: from };
}
