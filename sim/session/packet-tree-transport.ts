/** TCP with HTTP's text lines, and UDP, for the packet tree. */

import {
  decodeTcp,
  readTcpFlags,
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  TCP_URG,
  tcpHeaderLength,
} from '../../daemon/wire/tcp.ts';
import { decodeLatin1 } from '../../daemon/wire/text.ts';
import { decodeUdp } from '../../daemon/wire/udp.ts';
import type { PacketBuilder } from './packet-builder.ts';
import type { IpFacts } from './packet-tree-ip.ts';

/** A stretch of the frame. */
interface Body {
  readonly at: number;
  readonly end: number;
}

const FLAG_NAMES: readonly (readonly [bit: number, name: string, field: string])[] = [
  [TCP_FIN, 'FIN', 'fin'],
  [TCP_SYN, 'SYN', 'syn'],
  [TCP_RST, 'RST', 'reset'],
  [TCP_PSH, 'PSH', 'push'],
  [TCP_ACK, 'ACK', 'ack'],
  [TCP_URG, 'URG', 'urg'],
];

/** How an HTTP message begins. */
const HTTP_REQUEST =
  /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT) (\S+) (HTTP\/1\.[01])$/;
const HTTP_RESPONSE = /^(HTTP\/1\.[01]) (\d{3}) ?(.*)$/;
/** Header lines that are shown. */
const HTTP_LINES_MAX = 64;

/** A TCP segment. */
export function dissectTcp(builder: PacketBuilder, body: Body, ip: IpFacts): void {
  const { bytes } = builder;
  const { at, end } = body;
  builder.protocol = 'TCP';
  if (builder.colour !== 'ttl') builder.colour = 'tcp';
  const segment = decodeTcp(bytes, at, end, ip.addresses);
  if (typeof segment === 'string') {
    const place = { start: at, length: end - at };
    const node = builder.layer('tcp', 'Transmission Control Protocol', place);
    builder.warn(node, place, `Malformed: ${segment}`);
    builder.info = segment;
    return;
  }
  const length = tcpHeaderLength(bytes, at);
  const { sourcePort, destinationPort, payload } = segment;
  const label = `Transmission Control Protocol, Src Port: ${sourcePort}, Dst Port: ${destinationPort}`;
  const node = builder.layer('tcp', label, { start: at, length });
  const field = builder.fieldsOf(node);
  ports(builder, 'tcp', sourcePort, destinationPort);
  field(0, 2, 'srcport', 'Source Port', sourcePort);
  field(2, 2, 'dstport', 'Destination Port', destinationPort);
  const stream = builder.fields.get('tcp.stream')?.[0];
  if (stream !== undefined) builder.text(node, { start: at, length: 0 }, `Stream index: ${stream}`);
  field(4, 4, 'seq', 'Sequence Number (raw)', segment.sequence);
  field(8, 4, 'ack', 'Acknowledgment Number (raw)', segment.acknowledgement);
  const flags = readTcpFlags(bytes, at);
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const shown = `0x${flags.toString(16).padStart(3, '0')} (${names.join(', ')})`;
  const flagsAt = { start: at + 12, length: 2 };
  builder.field(node, flagsAt, { field: 'tcp.flags', label: 'Flags', value: flags, shown });
  for (const [bit, , name] of FLAG_NAMES)
    builder.note(`tcp.flags.${name}`, (flags & bit) !== 0 ? 1 : 0);
  field(14, 2, 'window_size_value', 'Window', segment.window);
  field(0, 0, 'len', 'TCP Segment Len', payload.length);
  for (const option of segment.options) {
    if (option.kind === 'no-operation') continue;
    const value =
      'sizeBytes' in option ? ` ${option.sizeBytes}` : 'shift' in option ? ` ${option.shift}` : '';
    builder.text(node, { start: at + 20, length: length - 20 }, `Option: ${option.kind}${value}`);
  }
  builder.info = `${sourcePort} → ${destinationPort} [${names.join(', ')}] Seq=${segment.sequence}`;
  if ((flags & TCP_ACK) !== 0) builder.info += ` Ack=${segment.acknowledgement}`;
  builder.info += ` Win=${segment.window} Len=${payload.length}`;
  if ((flags & TCP_RST) !== 0) builder.colour = 'trouble';
  if (payload.length > 0) dissectHttp(builder, { at: at + length, end });
}

/** A UDP datagram. */
export function dissectUdp(builder: PacketBuilder, body: Body, ip: IpFacts): void {
  const { at, end } = body;
  builder.protocol = 'UDP';
  if (builder.colour !== 'ttl') builder.colour = 'udp';
  const datagram = decodeUdp(builder.bytes, at, end, ip.addresses);
  if (typeof datagram === 'string') {
    const place = { start: at, length: end - at };
    builder.warn(
      builder.layer('udp', 'User Datagram Protocol', place),
      place,
      `Malformed: ${datagram}`,
    );
    builder.info = datagram;
    return;
  }
  const { sourcePort, destinationPort, payload } = datagram;
  const label = `User Datagram Protocol, Src Port: ${sourcePort}, Dst Port: ${destinationPort}`;
  const node = builder.layer('udp', label, { start: at, length: 8 });
  const field = builder.fieldsOf(node);
  ports(builder, 'udp', sourcePort, destinationPort);
  field(0, 2, 'srcport', 'Source Port', sourcePort);
  field(2, 2, 'dstport', 'Destination Port', destinationPort);
  field(4, 2, 'length', 'Length', payload.length + 8);
  builder.info = `${sourcePort} → ${destinationPort} Len=${payload.length}`;
  if (payload.length === 0) return;
  const place = { start: at + 8, length: payload.length };
  builder.layer('data', `Data (${payload.length} bytes)`, place);
}

function ports(builder: PacketBuilder, name: 'tcp' | 'udp', from: number, to: number): void {
  builder.note(`${name}.port`, from);
  builder.note(`${name}.port`, to);
}

/** The text lines at the beginning of a segment, if they are HTTP's; else plain data. */
function dissectHttp(builder: PacketBuilder, body: Body): void {
  const { at, end } = body;
  const lines = headLines(builder.bytes, at, end);
  const first = lines[0]?.text ?? '';
  const request = HTTP_REQUEST.exec(first);
  const response = HTTP_RESPONSE.exec(first);
  if (request === null && response === null) {
    builder.layer('data', `Data (${end - at} bytes)`, { start: at, length: end - at });
    return;
  }
  builder.protocol = 'HTTP';
  builder.colour = 'http';
  builder.info = first;
  const node = builder.layer('http', 'Hypertext Transfer Protocol', {
    start: at,
    length: end - at,
  });
  const place = { start: at, length: first.length };
  if (request !== null) {
    builder.note('http.request', 1);
    const [, method = '', uri = ''] = request;
    builder.field(node, place, {
      field: 'http.request.method',
      label: 'Request Method',
      value: method,
    });
    builder.field(node, place, { field: 'http.request.uri', label: 'Request URI', value: uri });
  }
  if (response !== null) {
    builder.note('http.response', 1);
    const code = Number(response[2]);
    builder.field(node, place, { field: 'http.response.code', label: 'Status Code', value: code });
  }
  for (const { text, start } of lines.slice(1)) {
    const where = { start, length: text.length };
    const header = /^(host|user-agent): *(.*)$/i.exec(text);
    if (header === null) builder.text(node, where, text);
    else {
      const [, name = '', value = ''] = header;
      const isHost = name.toLowerCase() === 'host';
      const [field, label] = isHost ? ['http.host', 'Host'] : ['http.user_agent', 'User-Agent'];
      builder.field(node, where, { field, label, value });
    }
  }
}

/** Lines up to the empty one, at most so many; without it only what is there. */
function headLines(
  bytes: Uint8Array,
  at: number,
  end: number,
): readonly { readonly text: string; readonly start: number }[] {
  const lines: { text: string; start: number }[] = [];
  let start = at;
  for (let i = at; i < end && lines.length < HTTP_LINES_MAX; i++) {
    if (bytes[i] !== 0x0a) continue;
    const stop = i > start && bytes[i - 1] === 0x0d ? i - 1 : i;
    if (stop === start) return lines;
    lines.push({ text: decodeLatin1(bytes, start, stop), start });
    start = i + 1;
  }
  return lines;
}
