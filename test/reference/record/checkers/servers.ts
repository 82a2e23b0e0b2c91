/** The servers of a laboratory: what listens at a port, and how it answers. */

import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { CheckerLab } from './lab.ts';

/** How a port behaves: as a web server, a mail server, a name server or an echo, or with nothing there. */
export type Behaviour =
  | WebServer
  | { readonly kind: 'smtp'; readonly banner: string }
  | { readonly kind: 'dns'; readonly rcode: number; readonly answers: number; readonly mute?: true }
  | { readonly kind: 'udp'; readonly reply: string | undefined }
  | { readonly kind: 'closed' };

/** A page of one status and body; or what goes wrong with it. */
export interface WebServer {
  readonly kind: 'http' | 'https';
  readonly status: number;
  readonly body?: string;
  /** Statuses of single paths, where they have one of their own. */
  readonly paths?: Readonly<Record<string, number>>;
  /** It answers so much later. */
  readonly delayMs?: number;
  /** It takes the request and says nothing, resets the connection, or stops in the middle of the body (and closes or not). */
  readonly fault?: 'hang' | 'reset' | 'half-closed' | 'half-open';
}

/** What a web server saw: who came, and what was asked, if anything was. */
export type Seen = (server: string, from: string, request: string | undefined) => void;

/** All servers of one laboratory. */
export class Servers {
  readonly #lab: CheckerLab;
  readonly #seen: Seen;
  readonly #open = new Map<string, Server | Datagrams>();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #sockets = new Map<string, Set<Socket>>();

  constructor(lab: CheckerLab, seen: Seen) {
    this.#lab = lab;
    this.#seen = seen;
  }

  set(server: string, port: number, behaviour: Behaviour): void {
    const key = `${server}:${port}`;
    this.#behaviours.set(key, behaviour);
    if (behaviour.kind === 'https') certificate();
    if (behaviour.kind === 'closed') {
      this.#open.get(key)?.close();
      this.#open.delete(key);
      for (const socket of this.#sockets.get(key) ?? []) socket.resetAndDestroy();
    } else if (!this.#open.has(key)) {
      const isTcp = ['http', 'https', 'smtp'].includes(behaviour.kind);
      const open = () => (isTcp ? this.#listen(server, port) : this.#bind(server, port));
      this.#open.set(key, this.#lab.inside(server, open));
    }
  }

  closeAll(): void {
    for (const key of [...this.#open.keys()]) {
      const [server = '', port = ''] = key.split(':');
      this.set(server, Number(port), { kind: 'closed' });
    }
  }

  #listen(server: string, port: number): Server {
    const key = `${server}:${port}`;
    const sockets = new Set<Socket>();
    this.#sockets.set(key, sockets);
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      const from = `${socket.remoteAddress?.replace('::ffff:', '')}:${socket.remotePort}`;
      const behaviour = this.#behaviours.get(key);
      if (behaviour?.kind === 'smtp') this.#talkSmtp(socket, behaviour.banner, server, from);
      else if (behaviour?.kind === 'https') {
        const secured = new TLSSocket(socket, { isServer: true, ...certificate() });
        secured.on('error', () => socket.destroy());
        this.#talkHttp(secured, key, server, from);
      } else this.#talkHttp(socket, key, server, from);
    });
    // Without an address the socket is made at once, in the namespace where we stand.
    return listener.listen(port);
  }

  #talkHttp(socket: Socket, key: string, server: string, from: string): void {
    let request = '';
    socket.on('data', (data) => {
      request += data.toString('latin1');
      if (!request.includes('\r\n\r\n')) return;
      this.#seen(server, from, request);
      const behaviour = this.#behaviours.get(key);
      if (behaviour?.kind !== 'http' && behaviour?.kind !== 'https') return;
      setTimeout(() => answer(socket, behaviour, request.split(' ')[1] ?? ''), behaviour.delayMs);
    });
    socket.on('end', () => {
      if (request === '') this.#seen(server, from, undefined);
      socket.end();
    });
  }

  #talkSmtp(socket: Socket, banner: string, server: string, from: string): void {
    socket.write(`${banner}\r\n`);
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end + 2);
        text = text.slice(end + 2);
        this.#seen(server, from, line);
        if (line.startsWith('QUIT')) socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
    socket.on('end', () => socket.end());
  }

  #bind(server: string, port: number): Datagrams {
    const key = `${server}:${port}`;
    // An answer at once: the socket must be made while we stand in the namespace.
    const lookup = (host: string, _: unknown, done: (e: null, a: string, f: number) => void) =>
      done(null, host, host.includes(':') ? 6 : 4);
    const type = this.#lab.hasIpv6 ? 'udp6' : 'udp4';
    const socket = createSocket({ type, lookup: lookup as never });
    socket.on('error', () => undefined);
    socket.on('message', (message, from) => {
      const behaviour = this.#behaviours.get(key);
      if (behaviour?.kind === 'udp') {
        this.#seen(server, `${from.address}:${from.port}`, message.toString('latin1'));
        if (behaviour.reply !== undefined) socket.send(behaviour.reply, from.port, from.address);
      } else if (behaviour?.kind === 'dns' && behaviour.mute !== true) {
        socket.send(dnsAnswer(message, behaviour), from.port, from.address);
      }
    });
    return socket.bind(port, type === 'udp6' ? '::' : '0.0.0.0');
  }
}

function answer(socket: Socket, behaviour: WebServer, path: string): void {
  const { body = 'hello', fault } = behaviour;
  const status = behaviour.paths?.[path] ?? behaviour.status;
  const head = `HTTP/1.0 ${status} Text\r\nContent-Length: ${body.length}\r\n\r\n`;
  if (fault === 'reset') socket.resetAndDestroy();
  else if (fault === 'half-open') socket.write(head + body.slice(0, 2));
  else if (fault === 'half-closed') socket.end(head + body.slice(0, 2));
  else if (fault === undefined) socket.end(head + body);
}

let made: { readonly key: Buffer; readonly cert: Buffer } | undefined;

/** One of our own signing, for all servers; keepalived does not look who signed it. */
function certificate(): { readonly key: Buffer; readonly cert: Buffer } {
  if (made !== undefined) return made;
  const files = ['-keyout', '/run/key.pem', '-out', '/run/cert.pem'];
  const words = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.test'.split(' ');
  execFileSync('openssl', [...words, ...files], { stdio: 'ignore' });
  made = { key: readFileSync('/run/key.pem'), cert: readFileSync('/run/cert.pem') };
  return made;
}

/** The question back, with so many A records of 192.0.2.1. */
function dnsAnswer(
  question: Buffer,
  { rcode, answers }: { readonly rcode: number; readonly answers: number },
): Buffer {
  const head = Buffer.from(question);
  head[2] = 0x81;
  head[3] = 0x80 | rcode;
  head.writeUInt16BE(answers, 6);
  const record = Buffer.from('c00c000100010000003c0004c0000201', 'hex');
  return Buffer.concat([head, ...Array<Buffer>(answers).fill(record)]);
}
