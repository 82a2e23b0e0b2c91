/**
 * The request of HTTP_GET and SSL_GET, byte for byte.
 *
 * Source: recordings k03, k05: request line, User-Agent, `Connection: close` with 1.1 and 1.0C, Host;
 * a virtual host replaces address and port.
 */

import { formatIp, isIpv4 } from '../wire/ip-address.ts';
import { encodeUtf8 } from '../wire/text.ts';
import type { HttpChecker, HttpUrl } from './checker-config.ts';

/** The octets that keepalived sends for one url. */
export function requestBytes(config: HttpChecker, url: HttpUrl): Uint8Array {
  const { httpProtocol } = config;
  const version = httpProtocol === '1.1' ? '1.1' : '1.0';
  const close = httpProtocol === '1.0' ? '' : 'Connection: close\r\n';
  const head = `GET ${url.path} HTTP/${version}\r\nUser-Agent: KeepAliveClient\r\n${close}`;
  return encodeUtf8(`${head}Host: ${hostField(config, url)}\r\n\r\n`);
}

function hostField(config: HttpChecker, url: HttpUrl): string {
  const name = url.virtualHost ?? config.virtualHost;
  if (name !== undefined) return name;
  const { address, port } = config.connection;
  const text = formatIp(address);
  return isIpv4(address) ? `${text}:${port}` : `[${text}]:${port}`;
}
