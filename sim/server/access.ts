/**
 * Who may talk to the server: names that a browser may call it by, pages that may open a connection, tokens. A page of
 * another site that the user happens to have open must not be able to do any of it, whatever names its DNS invents.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { type Role, SUBPROTOCOL } from '../session/protocol.ts';

/** The tokens of one process, 192 random bits each. */
export interface AccessTokens {
  readonly control: string;
  readonly view: string;
}

/** What the checks compare with. */
export interface AccessRules {
  readonly tokens: AccessTokens;
  /** Names besides localhost and literal addresses. */
  readonly allowedHosts: readonly string[];
}

/** Why somebody is turned away: an HTTP status and a sentence. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 503;
  readonly reason: string;
}

const TOKEN_BYTES = 24;
/** How the token travels: as one more subprotocol beside the real one. */
const TOKEN_PREFIX = 'token.';

/** Fresh tokens. */
export function newTokens(): AccessTokens {
  const token = () => randomBytes(TOKEN_BYTES).toString('base64url');
  return { control: token(), view: token() };
}

/** Whether a request's Host is one of ours; this is what stops DNS rebinding. */
export function checkHost(
  headers: IncomingHttpHeaders,
  rules: Pick<AccessRules, 'allowedHosts'>,
): Refusal | undefined {
  const name = hostName(headers.host);
  if (name === undefined) return { status: 400, reason: 'the Host header is missing or broken' };
  const isOurs =
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    isIP(name) !== 0 ||
    rules.allowedHosts.some((allowed) => allowed.toLowerCase() === name);
  if (isOurs) return undefined;
  return { status: 403, reason: `this server is not called '${name}' (--allowed-host adds names)` };
}

/** Whether the page that asks is the server's own; a script without Origin still needs its token. */
export function checkOrigin(headers: IncomingHttpHeaders): Refusal | undefined {
  const { origin, host } = headers;
  if (origin === undefined) return undefined;
  if (origin === `http://${host}` || origin === `https://${host}`) return undefined;
  return { status: 403, reason: 'the page comes from another site' };
}

/** The role that a connection's token gives; `undefined` without a right one. */
export function roleOfToken(headers: IncomingHttpHeaders, tokens: AccessTokens): Role | undefined {
  const offered = String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((one) => one.trim());
  if (!offered.includes(SUBPROTOCOL)) return undefined;
  const token = offered.find((one) => one.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length);
  if (token === undefined) return undefined;
  // Both are compared always, so that time does not tell which one was nearly right.
  const isControl = isSame(token, tokens.control);
  const isView = isSame(token, tokens.view);
  if (isControl) return 'control';
  return isView ? 'view' : undefined;
}

/** All headers that every answer has: the page may load nothing but itself and may not be framed. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The name in a Host header: without port, IPv6 without brackets, in lower case. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/@\s]+))(?::\d{1,5})?$/i.exec(host ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** Compares digests: equal lengths, whatever was offered. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
