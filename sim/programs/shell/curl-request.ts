/** The request that curl makes. Source: curl 7.88.1. */

import type { HttpRequest } from '../http-client.ts';
import { fieldOf, type HeaderFields } from '../http-message.ts';
import type { HttpUrl } from '../http-url.ts';

/** What the options say of it. */
export interface CurlRequestParts {
  readonly method: string;
  readonly body: Uint8Array | undefined;
  readonly headers: HeaderFields;
  readonly isOld: boolean;
}

/** The request for a URL; HTTP/1.0 when `isOld`. */
export function curlRequest(url: HttpUrl, parts: CurlRequestParts): HttpRequest {
  const { method, body, headers } = parts;
  const version = parts.isOld ? 'HTTP/1.0' : 'HTTP/1.1';
  const fields = fieldsOf(url, headers, body);
  const head = { method, target: url.target, version, fields } as const;
  return body === undefined ? head : { ...head, body };
}

/** The fields in curl's order; those of -H replace or add. */
function fieldsOf(url: HttpUrl, headers: HeaderFields, body: Uint8Array | undefined): HeaderFields {
  const own: [string, string][] = [
    ['Host', url.authority],
    ['User-Agent', 'curl/7.88.1'],
    ['Accept', '*/*'],
  ];
  if (body !== undefined) {
    own.push(['Content-Length', String(body.length)]);
    own.push(['Content-Type', 'application/x-www-form-urlencoded']);
  }
  const fields = own.map(([name, value]) => [name, fieldOf(headers, name) ?? value] as const);
  const added = headers.filter(([name]) => fieldOf(own, name) === undefined);
  return [...fields, ...added].filter(([, value]) => value !== '');
}
