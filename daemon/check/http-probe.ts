/**
 * HTTP_GET and SSL_GET: one url fetched and judged by status code, digest, regex, in this order.
 *
 * SSL_GET differs by its stream only; the machine makes the handshake. Every wait (connect, answer, each
 * further read) has connect_timeout anew. Source: recordings k03 (hang: 2 s), k05.
 */

import { md5 } from '../wire/md5.ts';
import { decodeLatin1, formatHex } from '../wire/text.ts';
import type { HttpChecker, HttpUrl } from './checker-config.ts';
import { lookAt, newRegexSearch, type RegexSearch } from './http-regex.ts';
import { requestBytes } from './http-request.ts';
import {
  bodyOf,
  declaredLength,
  type HttpResponse,
  newResponse,
  takeBytes,
} from './http-response.ts';
import { failed, type ProbeAction, type ProbeInput, type ProbeResult, succeeded } from './probe.ts';

/** An attempt at one url. */
export interface HttpAttempt {
  readonly url: HttpUrl;
  connected: boolean;
  readonly response: HttpResponse;
  readonly search: RegexSearch | undefined;
}

/** A new attempt. */
export function newHttpAttempt(url: HttpUrl): HttpAttempt {
  const search = url.regex === undefined ? undefined : newRegexSearch(url.regex);
  return { url, connected: false, response: newResponse(), search };
}

/** One step of an attempt. */
export function stepHttp(
  config: HttpChecker,
  state: HttpAttempt,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  const timer = { kind: 'timer', after: config.connection.connectTimeout } as const;
  switch (input.kind) {
    case 'start':
      actions.push(openStream(config, state.url), timer);
      return undefined;
    case 'stream-connected':
      state.connected = true;
      actions.push({ kind: 'send', bytes: requestBytes(config, state.url) }, timer);
      return undefined;
    case 'stream-data':
      takeAnswer(state, input.bytes);
      actions.push(timer);
      return undefined;
    case 'stream-closed':
      return { ...judgeResponse(state), ...lengthOf(state) };
    case 'stream-failed':
      return failed(failureText(config, state.connected, input.failure));
    case 'timeout':
      return failed(timeoutText(state));
    default:
      return undefined;
  }
}

function takeAnswer({ response, search }: HttpAttempt, bytes: Uint8Array): void {
  const text = takeBytes(response, bytes);
  if (search !== undefined) lookAt(search, decodeLatin1(text));
}

function openStream(config: HttpChecker, url: HttpUrl): ProbeAction {
  if (config.kind === 'HTTP_GET') return { kind: 'open-stream' };
  const name = config.sniName ?? url.virtualHost ?? config.virtualHost;
  const named = config.enableSni && name !== undefined;
  return { kind: 'open-stream', tls: named ? { serverName: name } : {} };
}

function failureText(config: HttpChecker, connected: boolean, failure: string): string {
  if (connected) return 'Read error with';
  if (config.kind === 'SSL_GET' && failure === 'bad-certificate') {
    return 'SSL handshake/communication error connecting to';
  }
  if (failure === 'timed-out') return 'Timeout connecting';
  return failure === 'unreachable' ? 'HTTP_CHECK - network unreachable' : 'Error connecting';
}

function timeoutText(state: HttpAttempt): string {
  if (!state.connected) return 'Timeout connecting';
  return state.response.headerDone || state.response.head.length > 0
    ? 'Timeout HTTP read'
    : 'Timeout WEB read';
}

/** What a complete answer is worth. */
function judgeResponse({ url, response, search }: HttpAttempt): ProbeResult {
  if (!response.headerDone) return failed(`Read, no data received from `);
  if (!statusFits(url, response.statusCode)) return failed('HTTP status code error to');
  if (url.digest !== undefined) {
    if (formatHex(md5(bodyOf(response))) !== url.digest) return failed('MD5 digest error to');
    if (search === undefined) return succeeded('MD5 digest');
  }
  if (search === undefined) return succeeded('HTTP status code');
  return search.found === search.regex.noMatch
    ? failed('Regex match failed')
    : succeeded('Regex match');
}

/**
 * An answer that ended before or behind its Content-Length is told, and worth no less for it; nothing is said of one whose
 * status is refused. Source: recordings k209, k237.
 */
function lengthOf({ url, response }: HttpAttempt): Pick<ProbeResult, 'length'> {
  const isRefused = !response.headerDone || !statusFits(url, response.statusCode);
  const declared = isRefused ? undefined : declaredLength(response);
  return declared === undefined ? {} : { length: { declared, received: response.received } };
}

/** Without a list 200 to 299, with a digest or a regex too. Source: recording k54. */
function statusFits(url: HttpUrl, code: number): boolean {
  if (url.statusCodes.length > 0) {
    return url.statusCodes.some(({ first, last }) => code >= first && code <= last);
  }
  return code >= 200 && code <= 299;
}
