/**
 * The answer to HTTP_GET, taken in as it comes: status line, end of the header, body.
 *
 * Content-Length is not used to find the end: keepalived reads until the server closes, so a server that
 * keeps its connection open fails with a time-out. Of a body at most `BODY_BYTES_MAX` are looked at.
 */

import { decodeLatin1 } from '../wire/text.ts';

/** What is kept of a body for its digest; far above any health page. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Longest header; what is longer never ends for us, as in keepalived's buffer of this size. */
const HEADER_BYTES_MAX = 64 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const NOTHING = new Uint8Array(0);

/** An answer so far. */
export interface HttpResponse {
  /** Octets up to the end of the header. */
  head: Uint8Array;
  headerDone: boolean;
  statusCode: number;
  readonly body: Uint8Array[];
  bodyBytes: number;
  /** Octets of the body that came, kept or not. */
  received: number;
}

/** An answer of which nothing came yet. */
export function newResponse(): HttpResponse {
  return {
    head: new Uint8Array(0),
    headerDone: false,
    statusCode: 0,
    body: [],
    bodyBytes: 0,
    received: 0,
  };
}

/** Takes in what arrived; returns what a regex looks at now: header and body once the header is whole, then the body. */
export function takeBytes(response: HttpResponse, bytes: Uint8Array): Uint8Array {
  if (response.headerDone) {
    takeBody(response, bytes);
    return bytes;
  }
  const all = joined([response.head, bytes]);
  const end = headerEnd(all);
  if (end < 0) {
    if (all.length <= HEADER_BYTES_MAX) response.head = all;
    return NOTHING;
  }
  response.headerDone = true;
  response.statusCode = statusCode(all);
  response.head = all.subarray(0, end);
  takeBody(response, all.subarray(end));
  return end < all.length ? all : NOTHING;
}

/** The body that was kept, in one piece. */
export function bodyOf(response: HttpResponse): Uint8Array {
  return joined(response.body);
}

/** What the header's Content-Length says; `undefined` without one. */
export function declaredLength(response: HttpResponse): number | undefined {
  const match = /\r\ncontent-length:[ \t]*(\d{1,15})/i.exec(decodeLatin1(response.head));
  return match === null ? undefined : Number(match[1]);
}

function takeBody(response: HttpResponse, bytes: Uint8Array): void {
  const room = BODY_BYTES_MAX - response.bodyBytes;
  response.received += bytes.length;
  const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
  if (kept.length === 0) return;
  response.body.push(kept);
  response.bodyBytes += kept.length;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Offset behind the empty line, or -1. */
function headerEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] !== CR || bytes[at + 1] !== LF) continue;
    if (bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return -1;
}

/** The three digits behind the first blank of the status line; 0 when there are none. */
function statusCode(bytes: Uint8Array): number {
  let at = bytes.indexOf(0x20);
  if (at < 0) return 0;
  let code = 0;
  for (let digits = 0; digits < 3; digits++) {
    at++;
    const byte = bytes[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) return 0;
    code = code * 10 + byte - 0x30;
  }
  return code;
}
