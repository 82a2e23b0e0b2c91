/** What a web server of the twin answers: its options, and the response in nginx' form. */

import { encodeUtf8 } from '../../daemon/wire/text.ts';
import { formatDate } from '../host/time-stamps.ts';
import { formatMessage, type HeaderFields } from './http-message.ts';

/** One page. */
export interface Page {
  readonly body: Uint8Array;
  readonly status: number;
  readonly type: string;
  /** Where a redirect leads. */
  readonly location?: string;
}

/** How the server behaves. */
export interface HttpOptions {
  /** By path; others get `fallback`, or 404 without one. */
  readonly pages: ReadonlyMap<string, Page>;
  readonly fallback: Page | undefined;
  /** From request to answer, µs. */
  readonly delayUs: number;
  /** Requests are read and never answered. */
  readonly hang: boolean;
  /** Requests are answered with a TCP reset. */
  readonly reset: boolean;
}

/** What Debian 12's nginx calls itself. */
export const SERVER_NAME = 'nginx/1.22.1';

const REASONS = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [204, 'No Content'],
  [301, 'Moved Permanently'],
  [302, 'Moved Temporarily'],
  [304, 'Not Modified'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Not Allowed'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Temporarily Unavailable'],
  [504, 'Gateway Time-out'],
]);

/** Reads the options of a program; the scenario's reader has checked their types. */
export function readHttpOptions(options: Readonly<Record<string, unknown>>): HttpOptions {
  const pages = new Map<string, Page>();
  const given = options['pages'];
  if (typeof given === 'object' && given !== null) {
    for (const [path, page] of Object.entries(given)) pages.set(path, readPage(page));
  }
  const { body, status, delay, hang, reset } = options;
  const hasFallback = body !== undefined || status !== undefined || pages.size === 0;
  return {
    pages,
    fallback: hasFallback ? readPage({ body, status }) : undefined,
    delayUs: typeof delay === 'number' ? delay : 0,
    hang: hang === true,
    reset: reset === true,
  };
}

function readPage(given: unknown): Page {
  if (typeof given === 'string') return pageOf(given, 200);
  const { body, status, location } = (given ?? {}) as Readonly<Record<string, unknown>>;
  const code = typeof status === 'number' ? status : location === undefined ? 200 : 302;
  const page = typeof body === 'string' ? pageOf(body, code) : ownPage(code);
  return typeof location === 'string' ? { ...page, location } : page;
}

function ownPage(code: number): Page {
  return code === 200 ? pageOf(WELCOME, 200) : errorPage(code);
}

function pageOf(body: string, status: number): Page {
  return { body: encodeUtf8(body), status, type: 'text/html' };
}

const WELCOME =
  '<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n</html>\n';

/** nginx' own page for a status. */
export function errorPage(status: number): Page {
  const title = `${status} ${REASONS.get(status) ?? 'Error'}`;
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    `<hr><center>${SERVER_NAME}</center>`,
    '</body>',
    '</html>',
    '',
  ];
  return pageOf(lines.join('\r\n'), status);
}

/** The text of a status line. */
export function reasonOf(status: number): string {
  return REASONS.get(status) ?? 'Unknown';
}

/** A whole response. */
export function formatResponse(
  page: Page,
  how: { readonly keepAlive: boolean; readonly headOnly: boolean; readonly clockUs: number },
): Uint8Array {
  const fields: HeaderFields = [
    ['Server', SERVER_NAME],
    ['Date', formatDate(how.clockUs, '%a, %d %b %Y %H:%M:%S GMT')],
    ['Content-Type', page.type],
    ['Content-Length', String(page.body.length)],
    ...(page.location === undefined ? [] : [['Location', page.location] as const]),
    ['Connection', how.keepAlive ? 'keep-alive' : 'close'],
  ];
  const startLine = `HTTP/1.1 ${page.status} ${reasonOf(page.status)}`;
  return formatMessage(startLine, fields, how.headOnly ? new Uint8Array(0) : page.body);
}

/** Whether the connection stays open after the answer. Source: RFC 9112 section 9.3. */
export function wantsKeepAlive(version: string, connection: string | undefined): boolean {
  const word = connection?.toLowerCase();
  return version === 'HTTP/1.1' ? word !== 'close' : word === 'keep-alive';
}
