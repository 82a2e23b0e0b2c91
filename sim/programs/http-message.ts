/**
 * HTTP/1.0 and 1.1 messages taken out of a stream of bytes, and written: head, then a body by Content-Length, in
 * chunks, or up to the end of the connection. Servers, clients and the reverse proxy share it.
 * Source: RFC 9112 (message syntax), RFC 9110 (when a message has no body).
 */

import { decodeLatin1, encodeAscii } from '../../daemon/wire/text.ts';

/** Heads longer than this are refused, as nginx' large_client_header_buffers does. */
const HEAD_LENGTH_MAX = 32_768;
const CR = 13;
const LF = 10;
const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;

/** Header fields in order, names as written. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** A request or response. */
export interface HttpMessage {
  /** Method, target, version; or version, status, reason. */
  readonly startLine: readonly [string, string, string];
  readonly fields: HeaderFields;
  readonly body: Uint8Array;
}

/** Why a stream is not HTTP. */
export type HttpFault = 'bad-start-line' | 'bad-header' | 'head-too-long' | 'bad-chunk';

/** How the length of a body is known. */
type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-end' };

interface Head {
  readonly startLine: readonly [string, string, string];
  readonly fields: HeaderFields;
  readonly framing: Framing;
}

/** The value of a field, names compared without case; `undefined` when it is not there. */
export function fieldOf(fields: HeaderFields, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return fields.find(([each]) => each.toLowerCase() === wanted)?.[1];
}

/** Empty lines may stand in front of a request; its method is of capitals. */
function mayBeginMethod(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte !== CR && byte !== LF);
  return first === undefined || (first >= CAPITAL_A && first <= CAPITAL_Z);
}

/** Collects messages of one direction of a connection. */
export class HttpReader {
  readonly #kind: 'request' | 'response';
  #bytes = new Uint8Array(0);
  #head: Head | undefined;
  #fault: HttpFault | undefined;
  /** The next response answers a HEAD request and has no body. */
  #expectsNoBody = false;

  constructor(kind: 'request' | 'response') {
    this.#kind = kind;
  }

  /** Bytes that belong to no finished message. */
  get pendingBytes(): number {
    return this.#bytes.length;
  }

  /** Whether the head of the message under way is there. */
  get inBody(): boolean {
    return this.#head !== undefined;
  }

  /** What is missing of a body of known length. */
  get missingBytes(): number | undefined {
    const framing = this.#head?.framing;
    return framing?.kind === 'length' ? framing.length - this.#bytes.length : undefined;
  }

  get fault(): HttpFault | undefined {
    return this.#fault;
  }

  /** The answer to a HEAD request comes next. */
  expectNoBody(): void {
    this.#expectsNoBody = true;
  }

  /** Takes bytes in and returns the messages that they complete. */
  push(bytes: Uint8Array): readonly HttpMessage[] {
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
    const messages: HttpMessage[] = [];
    for (;;) {
      const message = this.#next();
      if (message === undefined) return messages;
      messages.push(message);
    }
  }

  /** The stream has ended: a body that lasts until then is complete. */
  end(): HttpMessage | undefined {
    if (this.#head?.framing.kind !== 'until-end') return undefined;
    return this.#finish(this.#bytes, this.#bytes.length);
  }

  #next(): HttpMessage | undefined {
    if (this.#fault !== undefined) return undefined;
    this.#head ??= this.#readHead();
    const framing = this.#head?.framing;
    switch (framing?.kind) {
      case 'length':
        if (this.#bytes.length < framing.length) return undefined;
        return this.#finish(this.#bytes.subarray(0, framing.length), framing.length);
      case 'chunked':
        return this.#readChunks();
      default:
        return undefined;
    }
  }

  #finish(body: Uint8Array, length: number): HttpMessage | undefined {
    const head = this.#head;
    if (head === undefined) return undefined;
    this.#head = undefined;
    this.#bytes = this.#bytes.slice(length);
    return { startLine: head.startLine, fields: head.fields, body };
  }

  #readHead(): Head | undefined {
    const end = endOfHead(this.#bytes);
    if (end === undefined) {
      if (this.#bytes.length > HEAD_LENGTH_MAX) this.#fault = 'head-too-long';
      // As nginx, servers do not wait for the end of what is no request: a TLS handshake, say.
      else if (this.#kind === 'request' && !mayBeginMethod(this.#bytes)) {
        this.#fault = 'bad-start-line';
      }
      return undefined;
    }
    const lines = decodeLatin1(this.#bytes, 0, end).split(/\r?\n/);
    this.#bytes = this.#bytes.slice(end);
    const [first = '', ...rest] = lines.filter((line) => line !== '');
    const startLine = this.#startLine(first);
    if (startLine === undefined) {
      this.#fault = 'bad-start-line';
      return undefined;
    }
    const fields: [string, string][] = [];
    for (const line of rest) {
      const colon = line.indexOf(':');
      if (colon <= 0) {
        this.#fault = 'bad-header';
        return undefined;
      }
      fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
    }
    return { startLine, fields, framing: this.#framingOf(startLine, fields) };
  }

  #startLine(line: string): readonly [string, string, string] | undefined {
    const form =
      this.#kind === 'request'
        ? /^([A-Z]+) (\S+)(?: (HTTP\/\d\.\d))?$/
        : /^(HTTP\/\d(?:\.\d)?) (\d{3})(?: (.*))?$/;
    const match = form.exec(line);
    if (match === null) return undefined;
    const absent = this.#kind === 'request' ? 'HTTP/0.9' : '';
    return [match[1] ?? '', match[2] ?? '', match[3] ?? absent];
  }

  #framingOf(startLine: readonly [string, string, string], fields: HeaderFields): Framing {
    const status = this.#kind === 'response' ? Number(startLine[1]) : 0;
    const isBodiless =
      this.#expectsNoBody || (status >= 100 && status < 200) || status === 204 || status === 304;
    if (this.#kind === 'response') this.#expectsNoBody = status === 100 && this.#expectsNoBody;
    if (isBodiless) return { kind: 'length', length: 0 };
    if (fieldOf(fields, 'Transfer-Encoding')?.toLowerCase() === 'chunked') {
      return { kind: 'chunked' };
    }
    const length = fieldOf(fields, 'Content-Length');
    if (length !== undefined && /^\d{1,12}$/.test(length)) {
      return { kind: 'length', length: Number(length) };
    }
    return this.#kind === 'request' ? { kind: 'length', length: 0 } : { kind: 'until-end' };
  }

  /** The whole chunked body, once its last chunk is there. */
  #readChunks(): HttpMessage | undefined {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const lineEnd = this.#bytes.indexOf(LF, at);
      if (lineEnd < 0) return undefined;
      const line = decodeLatin1(this.#bytes, at, lineEnd).trim();
      const match = /^([0-9a-fA-F]{1,8})(;.*)?$/.exec(line);
      if (match === null) {
        this.#fault = 'bad-chunk';
        return undefined;
      }
      const length = Number.parseInt(match[1] ?? '0', 16);
      const start = lineEnd + 1;
      if (length === 0) {
        const last = this.#bytes.indexOf(LF, start);
        return last < 0 ? undefined : this.#finish(concatenate(parts), last + 1);
      }
      const end = start + length;
      if (this.#bytes.length < end + 2) return undefined;
      parts.push(this.#bytes.slice(start, end));
      at = this.#bytes[end] === CR ? end + 2 : end + 1;
    }
  }
}

/** Head and body as they go onto the wire. */
export function formatMessage(
  startLine: string,
  fields: HeaderFields,
  body: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const lines = [startLine, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''];
  const head = encodeAscii(lines.join('\r\n'));
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** Offset behind the empty line. */
function endOfHead(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
