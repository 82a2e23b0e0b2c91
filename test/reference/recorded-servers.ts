/**
 * What the servers of a checkers' recording did, read from its capture: when their ports were open, what they said in each
 * connection and to each datagram. The twin's servers do the same; what keepalived made of it is not looked at.
 */

import { readUint16, readUint32 } from '../../daemon/wire/integers.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readCapture } from '../../sim/report/pcap-read.ts';

/** What a server said behind so many octets of its client, and so long (s) after it had them. */
export interface RecordedAnswer {
  readonly after: number;
  readonly delay: number;
  readonly bytes: Uint8Array;
}

/** A connection, and how the server ended it if it did so first. */
export interface RecordedConnection {
  readonly at: number;
  readonly said: RecordedAnswer[];
  ended: 'fin' | 'rst' | undefined;
  /** When the server said something last, or ended it (s). */
  endAt: number;
  /** From the client's last segment to the server's end (s). */
  endDelay: number;
  clientClosed: boolean;
  /** The client waited for nothing more: it closed as soon as the server had spoken. */
  wasPrompt: boolean;
  /** The client began with a TLS record. */
  tls: boolean;
}

/** A datagram to a server, and what came back. */
export interface RecordedDatagram {
  readonly at: number;
  reply: Uint8Array | undefined;
  refused: boolean;
}

/** One port of one server. */
export interface RecordedPort {
  readonly server: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Moments at which the port was seen open or closed. */
  readonly seen: { readonly at: number; readonly isOpen: boolean }[];
  readonly connections: RecordedConnection[];
  readonly datagrams: RecordedDatagram[];
}

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
const [ICMP, TCP, UDP] = [1, 6, 17];
const ECHO_REQUEST = 8;
/** A client that runs into its time-out waits longer. */
const PROMPT_S = 0.9;
/** The content type of a TLS record with a handshake in it. */
const TLS_HANDSHAKE = 22;

interface Reader {
  readonly director: string;
  readonly ports: Map<string, RecordedPort>;
  /** By the director's port: the connection and how much its client has sent. */
  readonly open: Map<string, OpenConnection>;
}

interface OpenConnection {
  readonly connection: RecordedConnection;
  /** The client's first sequence number, and when it was heard last (s). */
  readonly sent: number;
  heard: number;
}

/** Reads a capture; `begin` is the capture's time (s) at which the timeline is 0. */
export function readServers(file: Uint8Array, director: string, begin: number): RecordedPort[] {
  const reader: Reader = { director, ports: new Map(), open: new Map() };
  for (const { timeUs, bytes } of readCapture(file).packets) {
    if (bytes.length < 34 || readUint16(bytes, 12) !== 0x0800) continue;
    const at = timeUs / 1e6 - begin;
    const from = formatIp(readIpv4(bytes, 26));
    const to = formatIp(readIpv4(bytes, 30));
    const body = bytes.subarray(14 + ((bytes[14] ?? 0) & 15) * 4, 14 + readUint16(bytes, 16));
    const server = from === director ? to : from;
    if ((from !== director && to !== director) || !server.startsWith('10.10.0.1')) continue;
    const isOut = from === director;
    if (bytes[23] === TCP) readSegment(reader, { at, server, body, isOut });
    else if (bytes[23] === UDP) readDatagram(reader, { at, server, body, isOut });
    else if (bytes[23] === ICMP && !isOut && body[0] === 3) readRefusal(reader, server, body);
  }
  return [...reader.ports.values()];
}

/** The time of the capture's first SYN from that port, in seconds. */
export function timeOfSyn(file: Uint8Array, port: number): number | undefined {
  const packet = readCapture(file).packets.find(
    ({ bytes }) =>
      bytes.length > 47 && bytes[23] === TCP && readUint16(bytes, 34) === port && bytes[47] === SYN,
  );
  return packet === undefined ? undefined : packet.timeUs / 1e6;
}

/** The time of the capture's first echo request to that address, in seconds. */
export function timeOfEcho(file: Uint8Array, to: string): number | undefined {
  const packet = readCapture(file).packets.find(
    ({ bytes }) =>
      bytes.length > 34 &&
      bytes[23] === ICMP &&
      bytes[34] === ECHO_REQUEST &&
      formatIp(readIpv4(bytes, 30)) === to,
  );
  return packet === undefined ? undefined : packet.timeUs / 1e6;
}

interface Packet {
  readonly at: number;
  readonly server: string;
  readonly body: Uint8Array;
  readonly isOut: boolean;
}

function readSegment(reader: Reader, { at, server, body, isOut }: Packet): void {
  const flags = body[13] ?? 0;
  const data = body.subarray(((body[12] ?? 0) >> 4) * 4);
  const [own, other] = [readUint16(body, isOut ? 0 : 2), readUint16(body, isOut ? 2 : 0)];
  if (other >= 32_768 && own < 32_768) return;
  const port = portOf(reader, server, 'tcp', other);
  const key = `${server}:${other} ${own}`;
  const known = reader.open.get(key);
  if (!isOut && (flags & RST) !== 0 && known === undefined) port.seen.push({ at, isOpen: false });
  if (!isOut && (flags & (SYN | ACK)) === (SYN | ACK)) {
    port.seen.push({ at, isOpen: true });
    const connection = {
      at,
      said: [],
      ended: undefined,
      endAt: at,
      endDelay: 0,
      clientClosed: false,
      wasPrompt: false,
      tls: false,
    };
    port.connections.push(connection);
    reader.open.set(key, { connection, sent: readUint32(body, 8), heard: at });
    return;
  }
  if (known !== undefined) readOpen(reader, { key, at, isOut, body, data }, known);
}

/** A segment of a connection that is open. */
function readOpen(
  reader: Reader,
  segment: {
    readonly key: string;
    readonly at: number;
    readonly isOut: boolean;
    readonly body: Uint8Array;
    readonly data: Uint8Array;
  },
  known: OpenConnection,
): void {
  const { key, at, isOut, body, data } = segment;
  const { connection } = known;
  const flags = body[13] ?? 0;
  if (isOut) {
    if (data.length > 0) {
      if (known.heard === connection.at) connection.tls = data[0] === TLS_HANDSHAKE;
      known.heard = at;
    }
    if ((flags & (FIN | RST)) !== 0 && !connection.clientClosed) {
      connection.clientClosed = true;
      connection.wasPrompt = at - connection.endAt < PROMPT_S;
    }
    if ((flags & RST) !== 0) reader.open.delete(key);
    return;
  }
  const delay = at - known.heard;
  if (data.length > 0) {
    const after = (readUint32(body, 8) - known.sent) >>> 0;
    connection.said.push({ after, delay, bytes: data.slice() });
    connection.endAt = at;
  }
  if ((flags & (FIN | RST)) === 0) return;
  if (!connection.clientClosed) connection.ended ??= (flags & RST) === 0 ? 'fin' : 'rst';
  connection.endAt = at;
  connection.endDelay = delay;
  reader.open.delete(key);
}

function readDatagram(reader: Reader, { at, server, body, isOut }: Packet): void {
  const port = portOf(reader, server, 'udp', readUint16(body, isOut ? 2 : 0));
  if (isOut) port.datagrams.push({ at, reply: undefined, refused: false });
  const last = port.datagrams.at(-1);
  if (!isOut && last !== undefined) last.reply ??= body.slice(8);
}

/** Port unreachable quotes the datagram that found nobody. */
function readRefusal(reader: Reader, server: string, body: Uint8Array): void {
  const quoted = body.subarray(8 + ((body[8] ?? 0) & 15) * 4);
  if (body[1] !== 3 || body[17] !== UDP) return;
  const last = portOf(reader, server, 'udp', readUint16(quoted, 2)).datagrams.at(-1);
  if (last !== undefined) last.refused = true;
}

function portOf(
  reader: Reader,
  server: string,
  protocol: 'tcp' | 'udp',
  port: number,
): RecordedPort {
  const key = `${server} ${protocol} ${port}`;
  const known = reader.ports.get(key);
  if (known !== undefined) return known;
  const made = { server, protocol, port, seen: [], connections: [], datagrams: [] };
  reader.ports.set(key, made);
  return made;
}
