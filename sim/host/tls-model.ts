/**
 * TLS as a byte exchange: the records of a TLS 1.3 handshake in their order and form, so that a reader of packets
 * sees Client Hello, Server Hello and application data, but nothing is encrypted and no key is made. What counts
 * is the outcome: the server's certificate is said to be good or bad in its first application record.
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
/** First octet of the server's first application record: what became of its certificate. */
const CERTIFICATE_GOOD = 1;
const CERTIFICATE_BAD = 2;

/** What a side of a TLS connection does with its transport and its user. */
export interface TlsUser {
  /** Bytes for the transport. */
  readonly send: (bytes: Uint8Array) => void;
  readonly onReady: () => void;
  readonly onData: (bytes: Uint8Array) => void;
  /** The peer speaks no TLS, or its certificate is bad. */
  readonly onFail: () => void;
}

/** One side. */
export class TlsSide {
  readonly #role: 'client' | 'server';
  readonly #user: TlsUser;
  readonly #random: RandomSource;
  readonly #certificateIsGood: boolean;
  #bytes = new Uint8Array(0);
  #state: 'hello' | 'finish' | 'open' | 'failed' = 'hello';

  constructor(
    role: 'client' | 'server',
    user: TlsUser,
    options: { readonly random: RandomSource; readonly certificateIsGood?: boolean },
  ) {
    this.#role = role;
    this.#user = user;
    this.#random = options.random;
    this.#certificateIsGood = options.certificateIsGood ?? true;
  }

  /** The client's first flight. */
  begin(serverName: string | undefined): void {
    this.#user.send(record(TYPE_HANDSHAKE, clientHello(this.#random, serverName)));
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
      if (!isRecord) return this.#fail();
      const end = RECORD_HEADER_LENGTH + readUint16(this.#bytes, 3);
      if (this.#bytes.length < end) return;
      const body = this.#bytes.slice(RECORD_HEADER_LENGTH, end);
      this.#bytes = this.#bytes.slice(end);
      this.#take(type, body);
    }
  }

  #take(type: number, body: Uint8Array) {
    if (type === TYPE_CHANGE_CIPHER) return;
    if (type === TYPE_ALERT) return this.#fail();
    if (this.#state === 'open') {
      if (type === TYPE_DATA) this.#user.onData(body);
      return;
    }
    if (this.#state === 'hello') {
      const wanted = this.#role === 'server' ? CLIENT_HELLO : SERVER_HELLO;
      if (type !== TYPE_HANDSHAKE || body[0] !== wanted) return this.#fail();
      this.#state = 'finish';
      if (this.#role === 'server') this.#answerHello();
      return;
    }
    if (type !== TYPE_DATA) return this.#fail();
    if (this.#role === 'client') {
      if (body[0] !== CERTIFICATE_GOOD) return this.#fail();
      this.#user.send(record(TYPE_CHANGE_CIPHER, Uint8Array.of(1)));
      this.#user.send(record(TYPE_DATA, opaque(this.#random, 53)));
    }
    this.#state = 'open';
    this.#user.onReady();
  }

  #answerHello(): void {
    this.#user.send(record(TYPE_HANDSHAKE, serverHello(this.#random)));
    this.#user.send(record(TYPE_CHANGE_CIPHER, Uint8Array.of(1)));
    const flight = opaque(this.#random, 1200);
    flight[0] = this.#certificateIsGood ? CERTIFICATE_GOOD : CERTIFICATE_BAD;
    this.#user.send(record(TYPE_DATA, flight));
  }

  #fail(): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#user.onFail();
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
