/**
 * TLS as a byte exchange: the records of a TLS 1.3 handshake in their order and form, so that a reader of packets
 * sees Client Hello, Server Hello and application data, but nothing is encrypted and no key is made. What counts
 * is the outcome: what is wrong with the server's certificate is said in its first application record, and a client
 * that verifies ends there. keepalived does not verify (2.2.7 never calls SSL_CTX_set_verify), curl does.
 * Source: RFC 8446 sections 4.1 and 5.1 (forms), figure 1 (order).
 */

import type { RandomSource } from '../../daemon/base/random.ts';
import { readUint16, writeUint16 } from '../../daemon/wire/integers.ts';
import { encodeAscii } from '../../daemon/wire/text.ts';

const RECORD_HEADER_LENGTH = 5;
const RECORD_LENGTH_MAX = 16_384;
const TYPE_CHANGE_CIPHER = 20;
const TYPE_ALERT = 21;
const TYPE_HANDSHAKE = 22;
const TYPE_DATA = 23;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** TLS_AES_128_GCM_SHA256. */
const CIPHER_SUITE = [0x13, 0x01];
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_VERSIONS = 43;
const EXTENSION_KEY_SHARE = 51;
const GROUP_X25519 = 29;
const ALERT_FATAL = 2;
const ALERT_HANDSHAKE_FAILURE = 40;
/** The first octet of the server's first application record is the place of its certificate here. */
const CERTIFICATES = ['trusted', 'self-signed', 'expired', 'other-name'] as const;

/** What a client finds out about a server's certificate; with `none` the handshake fails. */
export type Certificate = (typeof CERTIFICATES)[number] | 'none';

/** Why a TLS connection did not come about: no TLS at all, an alert, or the certificate. */
export type TlsFailure = 'no-tls' | 'alert' | Exclude<Certificate, 'trusted' | 'none'>;

/** What a side of a TLS connection does with its transport and its user. */
export interface TlsUser {
  /** Bytes for the transport. */
  readonly send: (bytes: Uint8Array) => void;
  readonly onReady: () => void;
  readonly onData: (bytes: Uint8Array) => void;
  readonly onFail: (why: TlsFailure) => void;
}

/** A client says whether it verifies certificates, a server which one it has. */
export interface TlsOptions {
  readonly random: RandomSource;
  readonly verify?: boolean;
  readonly certificate?: Certificate;
}

/** One side. */
export class TlsSide {
  readonly #role: 'client' | 'server';
  readonly #user: TlsUser;
  readonly #options: TlsOptions;
  #bytes = new Uint8Array(0);
  #state: 'hello' | 'finish' | 'open' | 'failed' = 'hello';

  constructor(role: 'client' | 'server', user: TlsUser, options: TlsOptions) {
    this.#role = role;
    this.#user = user;
    this.#options = options;
  }

  /** The client's first flight. */
  begin(serverName: string | undefined): void {
    this.#user.send(record(TYPE_HANDSHAKE, clientHello(this.#options.random, serverName)));
  }

  /** Sends bytes of the user; only when ready. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += RECORD_LENGTH_MAX) {
      this.#user.send(record(TYPE_DATA, bytes.subarray(at, at + RECORD_LENGTH_MAX)));
    }
  }

  /** Takes bytes of the transport. */
  receive(bytes: Uint8Array) {
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
    while (this.#bytes.length >= RECORD_HEADER_LENGTH && this.#state !== 'failed') {
      const type = this.#bytes[0] as number;
      const isRecord = type >= TYPE_CHANGE_CIPHER && type <= TYPE_DATA && this.#bytes[1] === 3;
      if (!isRecord) return this.#fail('no-tls');
      const end = RECORD_HEADER_LENGTH + readUint16(this.#bytes, 3);
      if (this.#bytes.length < end) return;
      const body = this.#bytes.slice(RECORD_HEADER_LENGTH, end);
      this.#bytes = this.#bytes.slice(end);
      this.#take(type, body);
    }
  }

  #take(type: number, body: Uint8Array) {
    if (type === TYPE_CHANGE_CIPHER) return;
    if (type === TYPE_ALERT) return this.#fail('alert');
    if (this.#state === 'open') {
      if (type === TYPE_DATA) this.#user.onData(body);
      return;
    }
    if (this.#state === 'hello') {
      const wanted = this.#role === 'server' ? CLIENT_HELLO : SERVER_HELLO;
      if (type !== TYPE_HANDSHAKE || body[0] !== wanted) return this.#fail('no-tls');
      this.#state = 'finish';
      if (this.#role === 'server') this.#answerHello();
      return;
    }
    if (type !== TYPE_DATA) return this.#fail('no-tls');
    if (this.#role === 'client') {
      const certificate = CERTIFICATES[(body[0] ?? 0) % CERTIFICATES.length] ?? 'trusted';
      if (this.#options.verify === true && certificate !== 'trusted')
        return this.#fail(certificate);
      this.#user.send(record(TYPE_CHANGE_CIPHER, Uint8Array.of(1)));
      this.#user.send(record(TYPE_DATA, opaque(this.#options.random, 53)));
    }
    this.#state = 'open';
    this.#user.onReady();
  }

  #answerHello(): void {
    const { random, certificate = 'trusted' } = this.#options;
    if (certificate === 'none') {
      this.#user.send(record(TYPE_ALERT, Uint8Array.of(ALERT_FATAL, ALERT_HANDSHAKE_FAILURE)));
      this.#fail('alert');
      return;
    }
    this.#user.send(record(TYPE_HANDSHAKE, serverHello(random)));
    this.#user.send(record(TYPE_CHANGE_CIPHER, Uint8Array.of(1)));
    const flight = opaque(random, 1200);
    flight[0] = CERTIFICATES.indexOf(certificate);
    this.#user.send(record(TYPE_DATA, flight));
  }

  #fail(why: TlsFailure): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#user.onFail(why);
  }
}

function record(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_LENGTH + body.length);
  bytes.set([type, 3, 3, body.length >> 8, body.length & 0xff]);
  bytes.set(body, RECORD_HEADER_LENGTH);
  return bytes;
}

function clientHello(random: RandomSource, serverName: string | undefined): Uint8Array {
  const extensions = [
    ...(serverName === undefined ? [] : [serverNameExtension(serverName)]),
    extension(EXTENSION_VERSIONS, [2, 3, 4]),
    extension(EXTENSION_KEY_SHARE, [0, 36, 0, GROUP_X25519, 0, 32, ...opaque(random, 32)]),
  ].flat();
  const session = [32, ...opaque(random, 32)];
  const body = [3, 3, ...opaque(random, 32), ...session, 0, 2, ...CIPHER_SUITE, 1, 0];
  return handshake(CLIENT_HELLO, [...body, ...length16(extensions), ...extensions]);
}

function serverHello(random: RandomSource): Uint8Array {
  const extensions = [
    ...extension(EXTENSION_VERSIONS, [3, 4]),
    ...extension(EXTENSION_KEY_SHARE, [0, GROUP_X25519, 0, 32, ...opaque(random, 32)]),
  ];
  const body = [3, 3, ...opaque(random, 32), 0, ...CIPHER_SUITE, 0];
  return handshake(SERVER_HELLO, [...body, ...length16(extensions), ...extensions]);
}

function serverNameExtension(name: string): readonly number[] {
  const text = [...encodeAscii(name)];
  const entry = [0, ...length16(text), ...text];
  return extension(EXTENSION_SERVER_NAME, [...length16(entry), ...entry]);
}

function extension(type: number, body: readonly number[]): readonly number[] {
  return [type >> 8, type & 0xff, ...length16(body), ...body];
}

function handshake(type: number, body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  bytes[0] = type;
  writeUint16(body.length, bytes, 2);
  bytes.set(body, 4);
  return bytes;
}

function length16(body: readonly number[]): readonly number[] {
  return [body.length >> 8, body.length & 0xff];
}

function opaque(random: RandomSource, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.uint32() >>> 24);
}
